// SPDX-License-Identifier: BSD-3-Clause
//
// Sentences about a description that is wrong, kept in the order of the lines they speak of.
// An operator mends a file from top to bottom, whatever order the checks run in.
// Called by every room of config/.
#include "config/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_errors_init(struct config_errors *errors, const char *file)
{
	memset(errors, 0, sizeof(*errors));
	errors->file = file;
}

const char *config_errors_key(const struct config_errors *errors, enum config_key key)
{
	if (errors->key_name)
		return errors->key_name(errors->context, key);
	return config_key_info(key)->name;
}

// Makes room for an error in `line`, behind those of the same line. NULL when the list is full.
static char *insert(struct config_errors *errors, uint32_t line)
{
	unsigned at = errors->n;

	if (errors->n == CONFIG_ERRORS_MAX) {
		errors->n_more++;
		return NULL;
	}
	while (at > 0 && errors->lines[at - 1] > line) {
		errors->lines[at] = errors->lines[at - 1];
		memcpy(errors->texts[at], errors->texts[at - 1], sizeof(errors->texts[at]));
		at--;
	}
	errors->lines[at] = line;
	errors->n++;
	return errors->texts[at];
}

// What one option says of two ports is said once.
static void drop_repeated(struct config_errors *errors, const char *text)
{
	unsigned at = 1;

	while (at < errors->n && errors->texts[at] != text)
		at++;
	if (at >= errors->n || errors->lines[at] != errors->lines[at - 1]
	    || strcmp(text, errors->texts[at - 1]) != 0)
		return;
	errors->n--;
	memmove(&errors->lines[at], &errors->lines[at + 1],
		(errors->n - at) * sizeof(errors->lines[0]));
	memmove(&errors->texts[at], &errors->texts[at + 1],
		(errors->n - at) * sizeof(errors->texts[0]));
}

void config_errors_add(struct config_errors *errors, uint32_t line, const char *key,
		       const char *format, ...)
{
	char *text = insert(errors, line);
	int used = 0;
	va_list args;

	if (!text)
		return;
	if (errors->file && line)
		used = snprintf(text, CONFIG_ERROR_BYTES, "%s:%u: ", errors->file, line);
	else if (errors->file)
		used = snprintf(text, CONFIG_ERROR_BYTES, "%s: ", errors->file);
	if (used < CONFIG_ERROR_BYTES && key)
		used += snprintf(text + used, CONFIG_ERROR_BYTES - (size_t)used, "%s: ", key);
	if (used >= CONFIG_ERROR_BYTES)
		return;
	va_start(args, format);
	vsnprintf(text + used, CONFIG_ERROR_BYTES - (size_t)used, format, args);
	va_end(args);
	drop_repeated(errors, text);
}
