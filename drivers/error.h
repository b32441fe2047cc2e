// SPDX-License-Identifier: BSD-3-Clause
//
// What is said to the operator when something cannot be brought up: where, what, and the line that
// would mend it. The program prints it as `pollux: WHERE: WHAT; REMEDY`.
// Filled in once, by the room of drivers/ that knows the context, and passed up unchanged.
#ifndef DRIVERS_ERROR_H
#define DRIVERS_ERROR_H

struct system_error {
	char where[64];	  // "port left", "stack server", "memory", "EAL"
	char what[320];	  // what is wrong, with the figures
	char remedy[320]; // what to do about it
};

void system_error_where(struct system_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void system_error_what(struct system_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void system_error_remedy(struct system_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
