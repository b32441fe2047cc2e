// SPDX-License-Identifier: BSD-3-Clause
//
// From a command line to an exit status, one way for all commands that run something.
// Called by command_serve.c, command_load.c, command_relay.c and command_run.c.
#include "apps/command_execute.h"

#include <stdlib.h>

#include "apps/run.h"

static enum command_status execute(const struct options *options, struct config *config,
				   struct config_errors *errors, command_describer describe)
{
	struct describing d = {options, config, errors};

	config_errors_init(errors, NULL);
	describe(&d);
	if (errors->n == 0)
		config_check(config, errors);
	if (errors->n)
		return command_print_errors(errors);
	return run_description(config, &options->run, errors);
}

enum command_status command_execute(enum command_id id, int argc, char **argv,
				    command_describer describe)
{
	struct config *config = config_create();
	struct config_errors *errors = malloc(sizeof(*errors));
	struct options options;
	enum command_status status = COMMAND_REFUSED;

	options_parse(&options, command_get(id), argc, argv);
	if (options.is_answered && !options.is_wrong)
		status = COMMAND_OK;
	else if (!config || !errors)
		command_refuse("memory", "none is left; free some");
	else if (!options.is_wrong)
		status = execute(&options, config, errors, describe);
	options_fini(&options);
	free(errors);
	config_destroy(config);
	return status;
}
