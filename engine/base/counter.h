// SPDX-License-Identifier: BSD-3-Clause
//
// Counters from one list. A .def file of X(name, "sentence") lines makes the struct, the enum and the
// descriptions, so that a counter, its name and its text cannot part. One core writes, others may read.
// Used by stack/ and net/ for their counters, by drivers/ and apps/ to print them.
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdint.h>

// What becomes of a list's line. Define X as one of these, include the list, undefine X:
//	#define X(name, text) COUNTER_AS_FIELD(name, text)
#define COUNTER_AS_FIELD(name, text) uint64_t name;
#define COUNTER_AS_DESCRIPTION(name, text) {#name, text},

struct counter_description {
	const char *name; // as in the list
	const char *text; // one sentence for an operator
};

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
