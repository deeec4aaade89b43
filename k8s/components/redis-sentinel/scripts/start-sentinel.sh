#!/bin/sh
# Starts a Sentinel. It writes what it learns into its configuration, which therefore lies beside the data and is made once.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
. "$here/sentinel-lib.sh"
umask 077

config() {
  master=$(master_name)
  secret=$(sed 's/[\\"]/\\&/g' "$REDIS_USERS/admin")
  cat <<EOF
port $SENTINEL_PORT
dir $REDIS_DATA
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $POD_NAME.$REDIS_DOMAIN
sentinel monitor $MASTER_NAME $master $REDIS_PORT 2
sentinel auth-user $MASTER_NAME admin
sentinel auth-pass $MASTER_NAME "$secret"
sentinel down-after-milliseconds $MASTER_NAME 3000
sentinel failover-timeout $MASTER_NAME 10000
sentinel parallel-syncs $MASTER_NAME 1
EOF
}

# A name that nobody knows yet makes it refuse to start.
until [ -n "$(address_of "$(master_name)")" ]; do
  say "the master's name has no address yet"
  sleep 1
done
[ -s "$REDIS_DATA/sentinel.conf" ] || config >"$REDIS_DATA/sentinel.conf"
exec redis-server "$REDIS_DATA/sentinel.conf" --sentinel --bind "$POD_IP"
