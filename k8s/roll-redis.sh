#!/bin/sh
# roll-redis.sh [NAMESPACE]: brings a change of components/redis-cluster to the pods, one after another. A pod goes only while all six are
# ready, which means that each replica has its master's data; its preStop hook hands a master over first.
set -eu
namespace=${1:-velocitygate}

in_namespace() { kubectl --namespace "$namespace" "$@"; }

ready_count() {
  in_namespace get pods -l app.kubernetes.io/name=redis \
    -o 'jsonpath={range .items[*]}{.metadata.deletionTimestamp}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | grep -cx True || true
}

wait_until_ready() {
  polls=0
  until [ "$(ready_count)" -eq 6 ]; do
    polls=$((polls + 1))
    if [ "$polls" -gt 600 ]; then
      echo "not all six pods are ready after ten minutes: nothing more is changed" >&2
      exit 1
    fi
    sleep 1
  done
}

for shard in a b c; do
  # The replica of most days first.
  for ordinal in 1 0; do
    pod=redis-$shard-$ordinal
    wanted=$(in_namespace get statefulset "redis-$shard" -o 'jsonpath={.status.updateRevision}')
    has=$(in_namespace get pod "$pod" -o 'jsonpath={.metadata.labels.controller-revision-hash}')
    if [ "$has" = "$wanted" ]; then
      echo "$pod is as it should be"
      continue
    fi
    wait_until_ready
    echo "$pod goes"
    in_namespace delete pod "$pod"
    wait_until_ready
  done
done
