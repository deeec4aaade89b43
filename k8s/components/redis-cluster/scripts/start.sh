#!/bin/sh
# Starts a node of the cluster: writes what is this node's own (address, users), corrects the addresses of its peers, and becomes Redis.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
umask 077

config() {
  echo "include $here/redis.conf"
  echo "include $here/cluster.conf"
  own_config
  echo "cluster-announce-ip $POD_IP"
  echo "cluster-announce-hostname $POD_NAME.$REDIS_DOMAIN"
  if [ -f "$REDIS_TLS/tls.crt" ]; then echo "tls-cluster yes"; fi
}

# A node looks for its peers where they were when it last wrote nodes.conf. When all pods restart, nobody is there any more and nobody
# can tell the others, so every address is looked up anew by the name that stands beside it: «ID IP:PORT@BUS,NAME… FLAGS…».
correct_addresses() {
  while IFS= read -r line; do
    id=${line%% *}
    rest=${line#* }
    address=${rest%% *}
    case $address in
    *@*,?*)
      name=${address#*,}
      name=${name%%,*}
      old=${address%%@*}
      ip=$(address_of "$name")
      if [ -n "$ip" ] && [ "$ip" != "${old%:*}" ]; then
        say "$name is at $ip now, no more at ${old%:*}"
        line="$id $ip:${old##*:}@${address#*@} ${rest#* }"
      fi
      ;;
    esac
    printf '%s\n' "$line"
  done
}

users >"$REDIS_RUN/users.acl"
config >"$REDIS_RUN/node.conf"
if [ -s "$REDIS_DATA/nodes.conf" ]; then
  correct_addresses <"$REDIS_DATA/nodes.conf" >"$REDIS_DATA/nodes.conf.new"
  mv "$REDIS_DATA/nodes.conf.new" "$REDIS_DATA/nodes.conf"
fi
exec redis-server "$REDIS_RUN/node.conf"
