#!/bin/sh
# Before this node ends (preStop): if it is the master, the Sentinels let a replica take over first.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
. "$here/sentinel-lib.sh"

is_replica() { [ "$(redis_as admin "$POD_IP" role | sed -n 1p)" = slave ]; }

if is_replica; then
  exit 0
fi
me=$POD_NAME.$REDIS_DOMAIN
say "handing over: $(sentinel_at "$POD_IP" sentinel failover "$MASTER_NAME")"
polls=0
while [ "$polls" -lt 75 ]; do
  polls=$((polls + 1))
  master=$(master_name)
  if [ "$master" != "$me" ]; then
    # The Sentinels leave this node a master for ten seconds more, and what is counted here meanwhile is lost.
    say "handed over to $master: $(redis_as admin "$POD_IP" replicaof "$master" "$REDIS_PORT")"
    sleep 2
    exit 0
  fi
  sleep 0.2
done
say "ending as the master: nobody took over"
