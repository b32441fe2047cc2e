// SPDX-License-Identifier: BSD-3-Clause
//
// The three parts of a message to the operator, each cut to its room.
// Called by every room of drivers/ that can fail at bring-up.
#include <stdarg.h>
#include <stdio.h>

#include "drivers/error.h"

void system_error_where(struct system_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->where, sizeof(error->where), format, arguments);
	va_end(arguments);
}

void system_error_what(struct system_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->what, sizeof(error->what), format, arguments);
	va_end(arguments);
}

void system_error_remedy(struct system_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->remedy, sizeof(error->remedy), format, arguments);
	va_end(arguments);
}
