#!/bin/sh
# Readiness: the master, or a replica that has the master's data. While one is not ready, no other may be drained.
set -eu
. "$(dirname "$0")/lib.sh"

replication=$(redis_as probe "$POD_IP" info replication)
case $replication in
*role:master* | *master_link_status:up*) ;;
*)
  say "the master's data are not here yet"
  exit 1
  ;;
esac
