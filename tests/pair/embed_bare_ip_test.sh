#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/examples/embed_bare_ip.c does what it says: embed_bare_ip_test.sh PROGRAM
# Registered by tests/pair/meson.build, which builds it with public headers only.
set -u
program=${1:?usage: embed_bare_ip_test.sh PROGRAM}

if ! output=$("$program" 2>&1); then
	echo "not ok - embed_bare_ip: $output"
	exit 1
fi
for line in 'answer: is anybody there?' 'TIME_WAIT: 60 s' 'server: .* books closed' 'client: .* books closed'; do
	if ! grep -qx "$line" <<<"$output"; then
		echo "not ok - embed_bare_ip: no line '$line' in: $output"
		exit 1
	fi
done
echo "ok - embed_bare_ip"
