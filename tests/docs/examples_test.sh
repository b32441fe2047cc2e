#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs what docs/examples/ gives to paste. Usage: examples_test.sh PROGRAM. One result line per script.
set -u
program=$(realpath "${1:?usage: examples_test.sh PROGRAM}")
examples=$(cd "$(dirname "$0")/../../docs/examples" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failures=0

for script in "$examples"/*.sh; do
	name="docs/examples/${script##*/}"
	if [ "$(id -u)" -ne 0 ]; then
		echo "skip - $name: needs root for a network namespace"
	elif [ ! -c /dev/net/tun ]; then
		echo "skip - $name: no /dev/net/tun here"
	elif timeout 60 "$script" "$program" >"$log" 2>&1 && grep -q '^books: closed' "$log"; then
		echo "ok - $name"
	else
		cat "$log"
		echo "not ok - $name: see its output above"
		failures=$((failures + 1))
	fi
done
[ "$failures" -eq 0 ]
