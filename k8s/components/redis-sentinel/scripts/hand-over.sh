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
say "handing over: $(sentinel_at "$POD_IP" sentinel failover "$MASTER_NAME")"
polls=0
while [ "$polls" -lt 75 ]; do
  polls=$((polls + 1))
  if is_replica; then
    say "handed over"
    exit 0
  fi
  sleep 0.2
done
say "ending as a master: nobody took over"
