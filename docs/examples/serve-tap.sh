#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Serves HTTP from Pollux to this machine's Linux over a TAP device, in a network namespace that is
# made here and removed at the end: sudo docs/examples/serve-tap.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/../.."

program=${1:-build/apps/pollux}
if [ ! -x "$program" ]; then
	echo "serve-tap.sh: $program is missing; run make first" >&2
	exit 1
fi

namespace=pollux-example-$$
server=

clean_up() {
	if [ -n "$server" ] && kill -INT "$server" 2>/dev/null; then
		wait "$server" || true
	fi
	ip netns del "$namespace"
}

inside() {
	ip netns exec "$namespace" "$@"
}

ip netns add "$namespace"
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
inside ip link set lo up

# The device appears in the namespace of the program that opens it.
ip netns exec "$namespace" "$program" serve --port net_tap0,iface=pollux0 \
	--address 198.18.0.2/24 --address fd00::2/64 \
	--listen http:198.18.0.2:80 --listen 'http:[fd00::2]:80' --body-size 100 --duration 60s &
server=$!
until inside ip link show pollux0 >/dev/null 2>&1; do
	kill -0 "$server" # or it has ended, saying why
	sleep 0.1
done

# Linux is the other end of the device.
inside ip address add 198.18.0.1/24 dev pollux0
inside ip address add fd00::1/64 dev pollux0 nodad
inside ip link set pollux0 up

inside ping -c 1 -W 5 198.18.0.2
inside ping -c 1 -W 5 fd00::2
inside curl --silent --show-error --fail --max-time 10 --include http://198.18.0.2/
inside curl --silent --show-error --fail --max-time 10 --include 'http://[fd00::2]/'

# SIGINT ends the server in order; its report says what was served.
kill -INT "$server"
wait "$server"
server=
