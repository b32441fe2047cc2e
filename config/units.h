// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers as people write them: 10k, 64k, 1.5s, 0.1%. What a unit stands for depends on the table
// it is looked up in. No floating point: what is written is what is meant, or an error.
// Called by value.c.
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)
#define MILLISECONDS(n) (UINT64_C(1000000) * (n))
#define SECONDS(n) (MILLISECONDS(1000) * (n))
#define MINUTES(n) (SECONDS(60) * (n))
#define DAYS(n) (MINUTES(60) * 24 * (n))

// A unit and what one of it is in the base unit; a table ends with a name of NULL, smallest first.
struct unit {
	const char *name;
	uint64_t scale;
};

extern const struct unit units_none[];	// 1
extern const struct unit units_count[]; // 1, k, M
extern const struct unit units_bits[];	// 1, k, M, G of 1000
extern const struct unit units_size[];	// 1, k, M, G of 1024
extern const struct unit units_time[];	// ns, us, ms, s, m, h
extern const struct unit units_share[]; // ppm, %

// Reads "12", "12k" or "1.5s". A bare 0 needs no unit. Returns 0; -EINVAL no number, finer than the
// base unit, or a unit outside the table; -ERANGE more than 64 bits.
int units_parse(const struct unit *units, const char *text, uint64_t *value);

// Writes it with the largest unit that leaves a whole number.
const char *units_format(const struct unit *units, uint64_t value, char text[32]);

#endif
