// SPDX-License-Identifier: BSD-3-Clause
//
// `pollux run`: whatever a file describes.
#include "apps/command_describe.h"
#include "apps/command_execute.h"

static void describe(struct describing *d)
{
	const char *file = d->options->argument;

	if (!file) {
		config_errors_add(d->errors, 0, "run",
				  "names no file; `pollux help config` prints one to begin with");
		return;
	}
	d->errors->file = file;
	if (config_load_file(d->config, file, d->errors) == 0)
		describe_duration(d);
}

enum command_status command_run(int argc, char **argv)
{
	return command_execute(COMMAND_run, argc, argv, describe);
}
