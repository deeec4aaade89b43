#!/bin/sh
# Makes the cluster what it should be, from whatever it is: six new nodes become a cluster, nodes that lost each other find each other
# again, a node that came back with an empty disk takes its old place, and masters go home to ordinal 0. It ends with 0 once all six
# nodes are in a cluster that works. Each step changes nothing where there is nothing to do.
set -eu
. "$(dirname "$0")/lib.sh"
: "${WAIT_SECONDS:=0}"
: "${MASTERS_GO_HOME:=no}"

# Shard, first slot, last slot.
shards='a 0 5460
b 5461 10922
c 10923 16383'
node_count=6

name_of() { echo "redis-$1-$2.$REDIS_DOMAIN"; }
ask() { redis_as admin "$@"; }
nodes_seen_by() { ask "$1" cluster nodes; }

# until_true SECONDS COMMAND...: tries at least once.
until_true() {
  end=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 0.3
  done
}

# Looks who is there: a line «SHARD ORDINAL ADDRESS ID» each, in `present`.
look() {
  present=$(echo "$shards" | while read -r shard _; do
    for ordinal in 0 1; do
      address=$(address_of "$(name_of "$shard" "$ordinal")")
      [ -n "$address" ] || continue
      id=$(ask "$address" cluster myid 2>/dev/null) || continue
      case $id in *[!0-9a-f]* | '') continue ;; esac
      echo "$shard $ordinal $address $id"
    done
  done)
}

present_count() { echo "$present" | grep -c . || true; }
all_present() { look && [ "$(present_count)" -eq "$node_count" ]; }
id_at() { echo "$present" | sed -n "s/^$1 $2 [^ ]* //p"; }
address_at() { echo "$present" | sed -n "s/^$1 $2 \([^ ]*\) .*/\1/p"; }

is_alone() { [ "$(nodes_seen_by "$1" | grep -c .)" -eq 1 ]; }

# Epochs of their own keep new masters from having to settle whose word counts. A new node in an old cluster gets none: its word must
# not count for more than that of a node with slots.
number_new_nodes() {
  echo "$present" | while read -r _ _ address _; do
    is_alone "$address" || exit 1
  done || return 0
  epoch=0
  echo "$present" | while read -r _ _ address _; do
    epoch=$((epoch + 1))
    ask "$address" cluster set-config-epoch "$epoch" >/dev/null
  done
}

# The nodes' table as one node sees it has each of the others, connected.
knows_all() {
  seen=$(nodes_seen_by "$1")
  echo "$present" | while read -r _ _ _ id; do
    echo "$seen" | grep "^$id " | grep -Evq 'disconnected|handshake|noaddr| [^ ]*fail[^ ]* ' || exit 1
  done
}

all_know_all() {
  echo "$present" | while read -r _ _ address _; do
    knows_all "$address" || exit 1
  done
}

introduce() {
  all_know_all && return
  echo "$present" | while read -r _ _ address _; do
    knows_all "$address" && continue
    say "introducing $address to all"
    echo "$present" | while read -r _ _ other _; do
      [ "$other" = "$address" ] || ask "$address" cluster meet "$other" "$REDIS_PORT" >/dev/null
    done
  done
  until_true 20 all_know_all || say "not all nodes know each other yet"
}

# The identities that a node knows and that are gone with their disks: their names belong to others now.
dead_seen_by() {
  nodes_seen_by "$1" | while read -r id address _; do
    name=${address#*,}
    echo "$present" | while read -r shard ordinal _ present_id; do
      if [ "${name%%,*}" = "$(name_of "$shard" "$ordinal")" ] && [ "$id" != "$present_id" ]; then echo "$id"; fi
    done
  done
}

# The addresses of replicas whose master is gone with its disk.
orphans() {
  echo "$present" | while read -r _ _ address _; do
    master=$(nodes_seen_by "$address" | sed -n 's/^[^ ]* [^ ]* myself,slave \([^ ]*\) .*/\1/p')
    if [ -n "$master" ] && dead_seen_by "$address" | grep -q "$master"; then echo "$address"; fi
  done
}

no_orphans() { [ -z "$(orphans)" ]; }

# A replica inherits the slots of a master that is gone, by the vote of the others or, where there is no majority left, by force. Only
# then may the dead be forgotten: nobody votes about a master whom nobody knows.
forget_the_dead() {
  if ! until_true 10 no_orphans; then
    for address in $(orphans); do
      say "$address takes over from its dead master: $(ask "$address" cluster failover takeover)"
    done
    until_true 5 no_orphans || say "there are orphans still"
  fi
  echo "$present" | while read -r _ _ address _; do
    for id in $(dead_seen_by "$address"); do
      say "$address forgets $id: $(ask "$address" cluster forget "$id")"
    done
  done
}

# The identity of the node that owns a slot, as one node sees it.
owner_of() {
  nodes_seen_by "$1" | while read -r id _ _ _ _ _ _ _ slots; do
    for range in $slots; do
      case $range in \[*) continue ;; esac
      if [ "${range%-*}" -le "$2" ] && [ "${range#*-}" -ge "$2" ]; then
        echo "$id"
        exit
      fi
    done
  done
}

is_owned() {
  echo "$present" | while read -r _ _ address _; do
    [ -z "$(owner_of "$address" "$1")" ] || exit 1
  done && return 1
  return 0
}

# Slots that nobody owns, as everybody sees it, go to the home of their shard's master.
assign_slots() {
  echo "$shards" | while read -r shard first last; do
    if ! is_owned "$first"; then
      address=$(address_at "$shard" 0)
      say "redis-$shard-0 takes slots $first to $last: $(ask "$address" cluster addslotsrange "$first" "$last")"
    fi
  done
}

# A node without slots follows the one of its shard that has them.
is_idle_master() { nodes_seen_by "$1" | grep myself | grep -Eq '^[^ ]+ [^ ]+ myself,master( [^ ]+){5}$'; }

knows_owner() { owner=$(owner_of "$1" "$2") && [ -n "$owner" ]; }

follow() {
  echo "$shards" | while read -r shard first _; do
    for ordinal in 0 1; do
      address=$(address_at "$shard" "$ordinal")
      if [ -n "$address" ] && is_idle_master "$address"; then
        if ! until_true 10 knows_owner "$address" "$first"; then continue; fi
        owner=$(owner_of "$address" "$first")
        [ "$owner" != "$(id_at "$shard" "$ordinal")" ] || continue
        say "redis-$shard-$ordinal follows $owner: $(ask "$address" cluster replicate "$owner")"
      fi
    done
  done
}

# A replica that learned of its master's new address from others goes on asking at the old one: it is told to follow once more.
follow_where_it_is() {
  echo "$present" | while read -r _ _ address _; do
    replication=$(ask "$address" info replication)
    case $replication in *master_link_status:down*) ;; *) continue ;; esac
    asked=$(echo "$replication" | sed -n 's/^master_host://p')
    seen=$(nodes_seen_by "$address")
    master=$(echo "$seen" | sed -n 's/^[^ ]* [^ ]* myself,slave \([^ ]*\) .*/\1/p')
    [ -n "$master" ] || continue
    if ! echo "$seen" | grep -q "^$master $asked:"; then
      say "$address follows its master to where it is now, no more at $asked: $(ask "$address" cluster replicate "$master")"
    fi
  done
}

# What keeps the cluster from being whole, a line each.
flaws() {
  echo "$present" | while read -r shard ordinal address _; do
    node=redis-$shard-$ordinal
    info=$(ask "$address" cluster info)
    echo "$info" | grep -q cluster_state:ok || echo "$node says that the cluster does not work"
    echo "$info" | grep -q cluster_slots_assigned:16384 || echo "$node does not know an owner of every slot"
    ask "$address" info replication | grep -Eq 'role:master|master_link_status:up' || echo "$node does not have its master's data"
  done
}

is_whole() {
  follow_where_it_is
  [ -z "$(flaws)" ]
}

# After failovers all masters may lie in one zone, and its loss would take the majority with it.
go_home() {
  echo "$shards" | while read -r shard _; do
    address=$(address_at "$shard" 0)
    if ask "$address" info replication | grep -q master_link_status:up; then
      say "redis-$shard-0 is master again: $(ask "$address" cluster failover)"
    fi
  done
}

until_true "$WAIT_SECONDS" all_present || say "not all nodes are there"
say "$(present_count) of $node_count nodes can be reached"
[ "$(present_count)" -gt 0 ]
number_new_nodes
introduce
forget_the_dead
# Until all are there, nobody can say that slots have no owner.
if [ "$(present_count)" -eq "$node_count" ]; then
  assign_slots
  follow
fi
if ! until_true 20 is_whole || [ "$(present_count)" -ne "$node_count" ]; then
  say "the cluster is not whole"
  flaws >&2
  exit 1
fi
[ "$MASTERS_GO_HOME" != yes ] || go_home
say "the cluster is whole"
