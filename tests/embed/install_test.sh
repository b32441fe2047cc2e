#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs a build folder into a folder of its own and uses what lies there as an embedder would.
# Usage: install_test.sh BUILD_FOLDER. Registered by tests/embed/meson.build.
set -u
build=${1:?usage: install_test.sh BUILD_FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# check NAME COMMAND...: one result line; the command's output is shown when it fails.
check() {
	local name=$1 status
	shift
	"$@" >"$scratch/output" 2>&1
	status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok - $name"
	else
		cat "$scratch/output"
		echo "not ok - $name: status $status, see its output above"
		failures=$((failures + 1))
	fi
}

installs() {
	meson install -C "$build" --no-rebuild --quiet --destdir "$scratch/root" || return
	library=$(dirname "$(find "$scratch/root" -name libpollux.a)")
	prefix=$(dirname "$(dirname "$(find "$scratch/root" -path '*/include/pollux')")")
	[ -f "$library/libpollux.so" ] && [ -f "$library/pkgconfig/pollux.pc" ] &&
		[ -f "$prefix/include/pollux/drop.def" ] && [ -x "$prefix/bin/pollux" ]
}

pollux_flags() {
	PKG_CONFIG_PATH=$library/pkgconfig pkg-config "$@" pollux
}

# runs PROGRAM: it must print the version that pollux.pc states.
runs() {
	[ "$(LD_LIBRARY_PATH=$library "$1")" = "$(pollux_flags --modversion)" ]
}

# shellcheck disable=SC2046 # flags are words
shared() {
	"$1" -x "$2" "$here/embedder.c" -x none -o "$scratch/shared" $(pollux_flags --cflags --libs) &&
		readelf -d "$scratch/shared" | grep -q 'NEEDED.*libpollux\.so\.0' && runs "$scratch/shared"
}

# shellcheck disable=SC2046
static() {
	gcc "$here/embedder.c" -o "$scratch/static" $(pollux_flags --cflags) -L "$library" \
		-l:libpollux.a $(pkg-config --libs libdpdk) || return
	! readelf -d "$scratch/static" | grep -q libpollux && runs "$scratch/static"
}

exports_only_plx() {
	nm -D --defined-only "$library/libpollux.so" | awk '$3 !~ /^plx_/ { print; found = 1 } END { exit found }'
}

shares_dpdk() {
	readelf -d "$library/libpollux.so" | grep -q 'NEEDED.*librte_'
}

# Tables that only the dynamic linker writes (.data.rel.ro) are constants.
has_no_global_state() {
	size -A "$library/libpollux.a" |
		awk '$1 ~ /^\.(t?data|t?bss|data\.rel|data\.rel\.local)$/ && $2 > 0 { print; found = 1 } END { exit found }'
}

check "meson install puts libraries, headers, pollux.pc and the program in place" installs
[ "$failures" -eq 0 ] || exit 1
check "an embedder in C links with libpollux.so and runs" shared gcc c
check "an embedder in C++ links with libpollux.so and runs" shared g++ c++
check "an embedder in C links with libpollux.a and runs" static
check "libpollux.so exports plx_ names only" exports_only_plx
check "libpollux.so links DPDK and does not embed it" shares_dpdk
check "libpollux.a has no global state" has_no_global_state
[ "$failures" -eq 0 ]
