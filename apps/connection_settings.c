// SPDX-License-Identifier: BSD-3-Clause
//
// All options and the info of a connection, taken once: the next ones of the same server or load
// are opened with the same.
// Called on the worker's thread, and by apps/host for the sum of all workers.
#include "apps/connection_settings.h"

void connection_settings_read(struct connection_settings *settings, struct plx_stack *stack,
			      plx_conn conn)
{
	if (settings->is_known)
		return;
	settings->info.size = sizeof(settings->info);
	if (plx_get_info(stack, conn, &settings->info) != 0)
		return;
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++)
		if (plx_get_option(stack, conn, (enum plx_option)i, &settings->options[i]) != 0)
			return;
	settings->is_known = true;
}

void connection_settings_merge(struct connection_settings *total,
			       const struct connection_settings *from)
{
	if (!total->is_known)
		*total = *from;
}
