#!/bin/sh
# Liveness: Redis answers, be it that it is loading or that its master is away.
set -eu
. "$(dirname "$0")/lib.sh"

answer=$(redis_as probe "$POD_IP" ping)
case $answer in
PONG | LOADING* | MASTERDOWN* | BUSY*) ;;
*)
  say "no answer to PING: $answer"
  exit 1
  ;;
esac
