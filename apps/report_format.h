// SPDX-License-Identifier: BSD-3-Clause
//
// Figures for a reader's eye: grouped digits, units that fit, three digits that count.
// Nothing here knows what the figures are of.
// Called by report_table and report_stack_table.
#ifndef APPS_REPORT_FORMAT_H
#define APPS_REPORT_FORMAT_H

#include <pollux/types.h>

enum { NUMBER_BYTES = 32 };

// "1,234,567"
const char *format_count(uint64_t value, char text[NUMBER_BYTES]);

// "201 us"
const char *format_duration(plx_duration duration, char text[NUMBER_BYTES]);

const char *format_bit_rate(double bytes_per_s, char text[NUMBER_BYTES]);

#endif
