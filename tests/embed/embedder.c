// SPDX-License-Identifier: BSD-3-Clause
//
// The least that a program of somebody else's does with libpollux: include, link, call.
// Built by install_test.sh against an installed tree, with the shared and the static library.
#include <pollux/pollux.h>
#include <stdio.h>

int main(void)
{
	return puts(plx_version()) < 0;
}
