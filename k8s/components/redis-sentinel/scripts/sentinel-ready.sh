#!/bin/sh
# Readiness of a Sentinel: it answers, and knows a master.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
. "$here/sentinel-lib.sh"

[ -n "$(sentinel_at "$POD_IP" sentinel get-master-addr-by-name "$MASTER_NAME")" ]
