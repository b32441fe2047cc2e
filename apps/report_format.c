// SPDX-License-Identifier: BSD-3-Clause
//
// Figures for a reader's eye. Each is written into room of the caller's, and given back, so that a
// call can stand among the arguments of a line.
// Called by report_table and report_stack_table.
#include "apps/report_format.h"

#include <inttypes.h>
#include <stdio.h>

const char *format_count(uint64_t value, char text[NUMBER_BYTES])
{
	char digits[NUMBER_BYTES];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *to = text;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *format_duration(plx_duration duration, char text[NUMBER_BYTES])
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
	unsigned i = 0;

	while (i < 3 && (double)duration < units[i].ns)
		i++;
	snprintf(text, NUMBER_BYTES, "%.3g %s", (double)duration / units[i].ns, units[i].name);
	return text;
}

const char *format_bit_rate(double bytes_per_s, char text[NUMBER_BYTES])
{
	double bits_per_s = bytes_per_s * 8;

	if (bits_per_s >= 1e9)
		snprintf(text, NUMBER_BYTES, "%.2f Gbit/s", bits_per_s / 1e9);
	else
		snprintf(text, NUMBER_BYTES, "%.2f Mbit/s", bits_per_s / 1e6);
	return text;
}
