# shellcheck shell=sh
# What the scripts of the simple form share beside lib.sh.
: "${SENTINEL_PORT:=26379}"
: "${MASTER_NAME:=velocitygate}"

name_of() { echo "redis-$1.$REDIS_DOMAIN"; }

# sentinel_at HOST COMMAND...: Sentinels have no users; a NetworkPolicy says who reaches them.
sentinel_at() {
  host=$1
  shift
  timeout 3 redis-cli -h "$host" -p "$SENTINEL_PORT" "$@" 2>/dev/null | tr -d '\r'
}

# The name of the master: as a Sentinel says, or as our own last knew, or the first of all.
master_name() {
  for ordinal in 0 1 2; do
    host=$(address_of "$(name_of "$ordinal")")
    [ -n "$host" ] || continue
    master=$(sentinel_at "$host" sentinel get-master-addr-by-name "$MASTER_NAME" | sed -n 1p)
    case $master in
    *."$REDIS_DOMAIN")
      echo "$master"
      return
      ;;
    esac
  done
  if [ -s "$REDIS_DATA/sentinel.conf" ]; then
    sed -n "s/^sentinel monitor $MASTER_NAME \([^ ]*\) .*/\1/p" "$REDIS_DATA/sentinel.conf"
  else
    name_of 0
  fi
}
