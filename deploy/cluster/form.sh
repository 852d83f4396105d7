#!/bin/sh
# form.sh PORT…: makes one cluster of the nodes at these ports, the first half primaries with a replica each, and waits
# until every node says so. Leaves alone what is a cluster already.
set -eu

client=/state/client
REDISCLI_AUTH=$(cat /state/operator/password)
export REDISCLI_AUTH

# cli ARG…: one command as the operator
cli() {
  valkey-cli --tls --cacert "$client/ca.crt" --cert "$client/client.crt" --key "$client/client.key" \
    --user operator -h 127.0.0.1 "$@"
}

# await PORT LINE: until CLUSTER INFO of that node has the line
await() {
  until cli -p "$1" cluster info | tr -d '\r' | grep -qx "$2"; do sleep 0.2; done
}

first=$1
nodes=
for port in "$@"; do
  await "$port" 'cluster_state:.*'
  nodes="$nodes 127.0.0.1:$port"
done
if cli -p "$first" cluster info | tr -d '\r' | grep -qx 'cluster_known_nodes:1'; then
  # shellcheck disable=SC2086 # one word a node
  cli --cluster create $nodes --cluster-replicas 1 --cluster-yes
fi
for port in "$@"; do
  await "$port" 'cluster_state:ok'
done
echo 'form: the cluster is whole'
