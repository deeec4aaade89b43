# shellcheck shell=sh
# What the other scripts share. All that they need to know comes from the environment, so that they also run outside a cluster.
: "${REDIS_PORT:=6379}"
: "${REDIS_USERS:=/etc/redis-users}"
: "${REDIS_TLS:=/etc/redis-tls}"
: "${REDIS_RUN:=/run/redis}"
: "${REDIS_DATA:=/data}"
: "${POD_NAMESPACE:=velocitygate}"
: "${REDIS_DOMAIN:=redis.$POD_NAMESPACE.svc}"

say() { echo "$(date -u +%H:%M:%S) $*" >&2; }

# redis_as USER HOST COMMAND...: one command, given up after 3 seconds. The password is never an argument: others could read it.
redis_as() {
  user=$1 host=$2
  shift 2
  if [ -f "$REDIS_TLS/tls.crt" ]; then
    set -- --tls --cacert "$REDIS_TLS/ca.crt" --cert "$REDIS_TLS/tls.crt" --key "$REDIS_TLS/tls.key" "$@"
  fi
  REDISCLI_AUTH=$(cat "$REDIS_USERS/$user") \
    timeout 3 redis-cli --no-auth-warning --user "$user" -h "$host" -p "$REDIS_PORT" "$@" | tr -d '\r'
}

# address_of NAME: its first address now; nothing when the name is not known.
address_of() { getent ahosts "$1" | sed -n '1s/[[:space:]].*//p'; }

# user_line USER RULES...: a line of Redis's list of users, with the password's hash.
user_line() {
  user=$1
  shift
  password_hash=$(printf %s "$(cat "$REDIS_USERS/$user")" | sha256sum | cut -d ' ' -f 1)
  echo "user $user on #$password_hash $*"
}

users() {
  echo "user default off"
  user_line admin '~* &* +@all'
  # What docs/redis.md says that the service needs, and no more.
  user_line velocitygate '~* resetchannels -@all +incrby +expire +get +eval +evalsha +ping +select +client|setname +role' \
    '+cluster|slots +asking'
  user_line replication 'resetchannels -@all +psync +replconf +ping'
  user_line probe 'resetchannels -@all +ping +info +role +dbsize +select +cluster|info +cluster|nodes +cluster|myid +config|get' \
    '+slowlog|len +slowlog|get +latency|latest +latency|histogram +client|setname +client|list'
}

# What a node has of its own in its configuration: address, users, certificates.
own_config() {
  # Redis reads \ and " in a quoted value as C does.
  secret=$(sed 's/[\\"]/\\&/g' "$REDIS_USERS/replication")
  cat <<EOF
bind $POD_IP
dir $REDIS_DATA
aclfile $REDIS_RUN/users.acl
masteruser replication
masterauth "$secret"
EOF
  if [ -f "$REDIS_TLS/tls.crt" ]; then
    cat <<EOF
port 0
tls-port $REDIS_PORT
tls-replication yes
tls-auth-clients yes
tls-cert-file $REDIS_TLS/tls.crt
tls-key-file $REDIS_TLS/tls.key
tls-ca-cert-file $REDIS_TLS/ca.crt
EOF
  else
    echo "port $REDIS_PORT"
  fi
}
