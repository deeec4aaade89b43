#!/bin/sh
# Before this node ends (preStop): if it is a master, its replica takes over first, which loses no count and costs clients nothing but a
# redirection. Redis does not do so by itself: ended by SIGTERM, a master is missed until the others have noticed.
set -eu
. "$(dirname "$0")/lib.sh"

is_replica() { [ "$(redis_as admin "$1" role | sed -n 1p)" = slave ]; }

has_masters_data() { redis_as admin "$1" info replication | grep -q master_link_status:up; }

# The address of a replica of this node that has its data; nothing when there is none.
replica_in_sync() {
  me=$(redis_as admin "$POD_IP" cluster myid)
  redis_as admin "$POD_IP" cluster nodes | while read -r _ address flags master _; do
    case $flags in *slave*) ;; *) continue ;; esac
    case $flags in *fail*) continue ;; esac
    address=${address%%@*}
    address=${address%:*}
    if [ "$master" = "$me" ] && has_masters_data "$address"; then
      echo "$address"
      break
    fi
  done
}

if is_replica "$POD_IP"; then
  exit 0
fi
attempt=0
while [ "$attempt" -lt 3 ]; do
  attempt=$((attempt + 1))
  replica=$(replica_in_sync)
  if [ -z "$replica" ]; then
    say "no replica has the data"
    sleep 1
    continue
  fi
  say "handing over to $replica: $(redis_as admin "$replica" cluster failover)"
  polls=0
  while [ "$polls" -lt 30 ]; do
    polls=$((polls + 1))
    if is_replica "$POD_IP"; then
      say "handed over"
      # Clients learn it from this node, which sends them to the other.
      sleep 2
      exit 0
    fi
    sleep 0.2
  done
done
say "ending as a master: nobody took over"
