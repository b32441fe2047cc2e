// SPDX-License-Identifier: BSD-3-Clause
//
// What a worker runs on a stack: servers and load generators, several to a stack.
// An application sees <pollux/...> only; the worker's loop calls it in phase 3 and never elsewhere.
// Implemented by apps/http_server, echo, discard, load; called by apps/host.
#ifndef APPS_APPLICATION_H
#define APPS_APPLICATION_H

#include <pollux/pollux.h>

struct application;

struct application_ops {
	const char *name;
	// Opens listeners or connections. 0, or a negative errno; the stack stays valid until destroy.
	int (*start)(struct application *, struct plx_stack *, plx_time now);
	// One event of a connection or listener that belongs to this application.
	void (*on_event)(struct application *, const struct plx_event *, plx_time now);
	// Once an iteration after the events. Returns when it wants to run next at the latest.
	plx_time (*run)(struct application *, plx_time now);
	// The time is over: begin no more, end what is open in order.
	void (*stop)(struct application *, plx_time now);
	// True when everything it opened has ended.
	bool (*is_finished)(const struct application *);
	void (*destroy)(struct application *);
};

// First member of every application. Every `user` given to the engine points to an object
// whose first member is a `struct application *`: so the host finds whose event it is.
struct application {
	const struct application_ops *ops;
};

#endif
