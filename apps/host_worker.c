// SPDX-License-Identifier: BSD-3-Clause
//
// One worker's applications behind the callbacks of its loop. Every `user` that the engine hands
// back points to an object whose first member says which application it belongs to: no look-up, no
// table.
// Called by the worker's own thread (drivers/worker.h).
#include "apps/host_worker.h"

#include <errno.h>
#include <stdlib.h>

int host_add(struct host *host, struct application *application, enum host_role role,
	     unsigned index)
{
	unsigned n = host->n_slots + 1;
	struct host_slot *slots = realloc(host->slots, n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	slots[host->n_slots] = (struct host_slot){application, role, index};
	host->slots = slots;
	host->n_slots = n;
	host->has_loads |= role == HOST_LOAD;
	return 0;
}

void host_fini(struct host *host)
{
	for (unsigned i = 0; i < host->n_slots; i++)
		host->slots[i].application->ops->destroy(host->slots[i].application);
	free(host->slots);
}

static int start(void *context, struct plx_stack *stack, plx_time now)
{
	struct host *host = context;

	for (unsigned i = 0; i < host->n_slots; i++) {
		struct application *application = host->slots[i].application;
		int code = application->ops->start(application, stack, now);

		if (code) {
			host->start_code = code;
			host->not_started = i;
			return code;
		}
	}
	return 0;
}

static void on_events(void *context, struct plx_stack *stack, const struct plx_event *events,
		      unsigned n, plx_time now)
{
	(void)context;
	(void)stack;
	for (unsigned i = 0; i < n; i++) {
		struct application *application = *(struct application **)events[i].user;

		application->ops->on_event(application, &events[i], now);
	}
}

static plx_time run(void *context, plx_time now)
{
	struct host *host = context;
	plx_time next = PLX_TIME_NEVER;

	for (unsigned i = 0; i < host->n_slots; i++) {
		struct application *application = host->slots[i].application;
		plx_time wanted = application->ops->run(application, now);

		next = wanted < next ? wanted : next;
	}
	return next;
}

static void stop(void *context, plx_time now)
{
	struct host *host = context;

	host->is_stopping = true;
	for (unsigned i = 0; i < host->n_slots; i++)
		host->slots[i].application->ops->stop(host->slots[i].application, now);
}

// Before stop() the loads alone decide: servers have work for as long as somebody asks.
static bool is_finished(void *context)
{
	const struct host *host = context;

	for (unsigned i = 0; i < host->n_slots; i++) {
		const struct host_slot *slot = &host->slots[i];

		if ((host->is_stopping || slot->role == HOST_LOAD)
		    && !slot->application->ops->is_finished(slot->application))
			return false;
	}
	return true;
}

struct worker_application host_callbacks(struct host *host)
{
	return (struct worker_application){
		.context = host,
		.start = start,
		.on_events = on_events,
		.run = run,
		.stop = stop,
		.is_finished = is_finished,
		.ends_run = host->has_loads,
	};
}
