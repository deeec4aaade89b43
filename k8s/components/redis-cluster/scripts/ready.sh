#!/bin/sh
# Readiness: a member of a cluster that works, and its master's data are here. No traffic depends on it, but disruption budgets and
# roll-redis.sh do: while one node is not ready, no other may go.
set -eu
. "$(dirname "$0")/lib.sh"

state=$(redis_as probe "$POD_IP" cluster info | sed -n 's/^cluster_state://p')
if [ "$state" != ok ]; then
  say "cluster_state is $state"
  exit 1
fi
replication=$(redis_as probe "$POD_IP" info replication)
case $replication in
*role:master* | *master_link_status:up*) ;;
*)
  say "the master's data are not here yet"
  exit 1
  ;;
esac
