#!/bin/sh
# Starts a Sentinel. It writes what it learns into its configuration, which therefore lies beside the data and is made once.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
. "$here/sentinel-lib.sh"
umask 077
config=$REDIS_DATA/sentinel.conf

new_config() {
  cat <<EOF
port $SENTINEL_PORT
dir $REDIS_DATA
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $POD_NAME.$REDIS_DOMAIN
sentinel monitor $MASTER_NAME $(master_name) $REDIS_PORT 2
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
[ -s "$config" ] || new_config >"$config"
# The password anew each time: it may have changed, and a Sentinel writes one that needs quotes back without them.
secret=$(sed 's/[\\"]/\\&/g' "$REDIS_USERS/admin")
{
  sed '/^sentinel auth-/d' "$config"
  echo "sentinel auth-user $MASTER_NAME admin"
  printf 'sentinel auth-pass %s "%s"\n' "$MASTER_NAME" "$secret"
} >"$config.new"
mv "$config.new" "$config"
exec redis-server "$config" --sentinel --bind "$POD_IP"
