// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers with units, both ways.
// Called by value.c.
#include "config/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FRACTION_DIGITS_MAX = 9 };

const struct unit units_none[] = {{"", 1}, {NULL, 0}};
const struct unit units_count[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {NULL, 0}};
const struct unit units_bits[] = {
	{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};
const struct unit units_size[] = {{"", 1}, {"k", KIB}, {"M", MIB}, {"G", GIB}, {NULL, 0}};
const struct unit units_time[] = {
	{"ns", 1},	   {"us", 1000},      {"ms", MILLISECONDS(1)},
	{"s", SECONDS(1)}, {"m", MINUTES(1)}, {"h", MINUTES(60)},
	{NULL, 0},
};
const struct unit units_share[] = {{"ppm", 1}, {"%", 10000}, {NULL, 0}};

static const struct unit *find(const struct unit *units, const char *name)
{
	while (units->name && strcmp(units->name, name) != 0)
		units++;
	return units->name ? units : NULL;
}

// Adds what n digits behind the point stand for. -ERANGE when that is no whole number of base
// units.
static int add_fraction(const char *digits, size_t n, uint64_t scale, uint64_t *value)
{
	uint64_t numerator = 0, denominator = 1;

	for (size_t i = 0; i < n; i++) {
		numerator = numerator * 10 + (uint64_t)(digits[i] - '0');
		denominator *= 10;
	}
	if (__builtin_mul_overflow(numerator, scale, &numerator) || numerator % denominator != 0)
		return -EINVAL;
	return __builtin_add_overflow(*value, numerator / denominator, value) ? -ERANGE : 0;
}

int units_parse(const struct unit *units, const char *text, uint64_t *value)
{
	size_t whole = strspn(text, "0123456789");
	size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	const char *suffix = text + whole + (fraction ? fraction + 1 : 0);
	const struct unit *unit = find(units, suffix);
	uint64_t result = 0;
	int error;

	if (whole == 0 || fraction > FRACTION_DIGITS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < whole; i++)
		if (__builtin_mul_overflow(result, UINT64_C(10), &result)
		    || __builtin_add_overflow(result, (uint64_t)(text[i] - '0'), &result))
			return -ERANGE;
	if (!unit && result == 0 && suffix[0] == '\0' && strspn(text, "0.") == strlen(text))
		unit = units;
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(result, unit->scale, &result))
		return -ERANGE;
	error = add_fraction(text + whole + 1, fraction, unit->scale, &result);
	if (!error)
		*value = result;
	return error;
}

const char *units_format(const struct unit *units, uint64_t value, char text[32])
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name; unit++)
		if (value != 0 && value % unit->scale == 0)
			best = unit;
	snprintf(text, 32, "%" PRIu64 "%s", value / best->scale, value ? best->name : "");
	return text;
}
