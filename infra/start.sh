#!/bin/sh
# Starts the sync node, and tells it at which address the other nodes reach it, where nobody has: its machine's own in the
# private network. (A task on ECS has another one beside it, link-local, at which it reaches its metadata.)
set -eu
if [ -z "${WIRESOCKET_RELAY_ADDRESS:-}" ]; then
    address=$(/bin/busybox ip -4 -o addr show |
        /bin/busybox sed -n 's/.* inet \([0-9.]*\).*/\1/p' |
        /bin/busybox grep -v -e '^127\.' -e '^169\.254\.' |
        /bin/busybox head -n 1)
    if [ -z "$address" ]; then
        echo "error: this machine has no IPv4 address that other nodes could reach; set WIRESOCKET_RELAY_ADDRESS" >&2
        exit 2
    fi
    export WIRESOCKET_RELAY_ADDRESS="$address:4401"
fi
exec "${SYNCD:-/usr/local/bin/syncd}" "$@"
