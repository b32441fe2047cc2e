// SPDX-License-Identifier: BSD-3-Clause
//
// EAL for a test program. The one lcore floats over all CPUs this process may use, since programs of a
// test run go side by side and must not be pinned onto one.
// Called by every test program, see eal_main.h.
#include "support/eal_main.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "support/cmocka_headers.h"

// Benchmarks are linked without it.
#pragma weak cmocka_set_test_filter

enum { LCORES_TEXT_BYTES = 4096 };

static void clean_up(void)
{
	rte_eal_cleanup();
}

// "0@(3,5,7)": lcore 0 on any of them.
static void describe_lcores(char *text)
{
	size_t used = (size_t)snprintf(text, LCORES_TEXT_BYTES, "0@(");
	const char *separator = "";
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && used < LCORES_TEXT_BYTES - 8; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		used += (size_t)snprintf(text + used, LCORES_TEXT_BYTES - used, "%s%d", separator,
					 cpu);
		separator = ",";
	}
	snprintf(text + used, LCORES_TEXT_BYTES - used, ")");
}

void test_eal_init_megabytes(unsigned megabytes)
{
	static bool is_up;
	char lcores[LCORES_TEXT_BYTES], memory[16], prefix[48];
	char *argv[] = {
		"test",		 "--no-huge", "--no-shconf",	   "--no-pci", "--no-telemetry",
		"--lcores",	 lcores,      "--log-level=error", "-m",       memory,
		"--file-prefix", prefix,
	};

	if (is_up)
		return;
	if (cmocka_set_test_filter != NULL && getenv("TEST_FILTER") != NULL)
		cmocka_set_test_filter(getenv("TEST_FILTER"));
	describe_lcores(lcores);
	snprintf(memory, sizeof(memory), "%u", megabytes);
	snprintf(prefix, sizeof(prefix), "pollux-test-%d", getpid());
	if (rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])), argv) < 0) {
		fprintf(stderr, "test: EAL: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	is_up = true;
	rmdir(rte_eal_get_runtime_dir()); // nothing is kept in it, and a test that crashes leaves none
	atexit(clean_up);
}

void test_eal_init(void)
{
	test_eal_init_megabytes(TEST_EAL_MEGABYTES);
}
