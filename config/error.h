// SPDX-License-Identifier: BSD-3-Clause
//
// What is wrong with a description, as sentences for the operator: `FILE:LINE: KEY: WHAT; REMEDY`
// for a file, `--OPTION: WHAT; REMEDY` for a command line. Several are gathered, in the order of
// their lines.
// Written by the loader and the checks of config/, printed by apps/.
#ifndef CONFIG_ERROR_H
#define CONFIG_ERROR_H

#include <stdint.h>

#include "config/keys.h"

#define CONFIG_ERRORS_MAX 16
#define CONFIG_ERROR_BYTES 1024

struct config_errors {
	const char *file; // NULL: the command line
	// What a key is called where the operator wrote it, "--body-size"; NULL = its name in the
	// file.
	const char *(*key_name)(const void *context, enum config_key key);
	const void *context;
	unsigned n;	 // in the list
	unsigned n_more; // that found no room in it
	uint32_t lines[CONFIG_ERRORS_MAX];
	char texts[CONFIG_ERRORS_MAX][CONFIG_ERROR_BYTES];
};

void config_errors_init(struct config_errors *errors, const char *file);

// What a key is called where the operator wrote it. Static text.
const char *config_errors_key(const struct config_errors *errors, enum config_key key);

// Adds a sentence, "WHAT; REMEDY", about the word `key` in a line; line 0 is the file as a whole.
void config_errors_add(struct config_errors *errors, uint32_t line, const char *key,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
