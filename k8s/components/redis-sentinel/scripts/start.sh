#!/bin/sh
# Starts a Redis: as the master if the Sentinels say so, else as a replica of the one that they name.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
. "$here/sentinel-lib.sh"
umask 077

me=$POD_NAME.$REDIS_DOMAIN
master=$(master_name)
say "the master is $master"

config() {
  echo "include $here/redis.conf"
  own_config
  # Names outlive addresses.
  echo "replica-announce-ip $me"
  echo "replica-announce-port $REDIS_PORT"
  if [ "$master" != "$me" ]; then echo "replicaof $master $REDIS_PORT"; fi
}

users >"$REDIS_RUN/users.acl"
config >"$REDIS_RUN/node.conf"
exec redis-server "$REDIS_RUN/node.conf"
