// SPDX-License-Identifier: BSD-3-Clause
//
// Counters of one core that others may read while it counts. Which there are stands in lists, the .def
// files of the public interface, which make enum, names (base/lower_name.h) and texts.
// Used by stack/ and net/ for their counters, by drivers/ and apps/ to print them.
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdint.h>

// The owner's side. Two plain instructions: nobody else writes, so no lock prefix is needed.
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

// Any core's side: never a torn value; two counters read one after the other may be moments apart.
static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
