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

# until_true SECONDS COMMAND...
until_true() {
  left=$(($1 * 2))
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.5
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

# A name whose node has another identity now: the old one is gone with its disk, and must go from every table.
forget_the_dead() {
  echo "$present" | while read -r shard ordinal _ id; do
    name=$(name_of "$shard" "$ordinal")
    echo "$present" | while read -r _ _ address _; do
      nodes_seen_by "$address" | grep -F ",$name" | grep -v "^$id " | while read -r old _; do
        say "$address forgets $old, which was $name"
        ask "$address" cluster forget "$old" >/dev/null
      done
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

is_whole() {
  echo "$present" | while read -r _ _ address _; do
    ask "$address" cluster info | grep -q cluster_state:ok || exit 1
    ask "$address" cluster info | grep -q cluster_slots_assigned:16384 || exit 1
    ask "$address" info replication | grep -Eq 'role:master|master_link_status:up' || exit 1
  done
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
  exit 1
fi
[ "$MASTERS_GO_HOME" != yes ] || go_home
say "the cluster is whole"
