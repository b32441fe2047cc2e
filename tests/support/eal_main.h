// SPDX-License-Identifier: BSD-3-Clause
//
// Brings up DPDK's EAL for a test program: once per process, no huge pages, no devices, no root, nothing
// shared with other processes and nothing left behind. EAL cannot be started twice in a process.
// Called first in the main of every test and benchmark that allocates by rte_malloc or uses mbufs.
#ifndef SUPPORT_EAL_MAIN_H
#define SUPPORT_EAL_MAIN_H

// Memory of an ordinary test; pages count only once touched.
enum { TEST_EAL_MEGABYTES = 512 };

// Ends the program with a sentence on stderr when EAL refuses. Later calls do nothing. With TEST_FILTER in the
// environment, only tests whose names match it (with * and ?) are run afterwards.
void test_eal_init(void);

// The same with another amount of memory, for benchmarks.
void test_eal_init_megabytes(unsigned megabytes);

#endif
