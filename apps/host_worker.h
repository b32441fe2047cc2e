// SPDX-License-Identifier: BSD-3-Clause
//
// The applications of one worker, and the callbacks through which its loop reaches them.
// Filled by host_set.c, which knows the description; run by the worker.
#ifndef APPS_HOST_WORKER_H
#define APPS_HOST_WORKER_H

#include "apps/application.h"
#include "drivers/worker.h"

enum host_role {
	HOST_SERVER,
	HOST_LOAD,
};

struct host_slot {
	struct application *application;
	enum host_role role;
	unsigned index; // among the servers or loads of the description
};

// Zero before the first host_add().
struct host {
	struct host_slot *slots;
	unsigned n_slots;
	bool has_loads;
	bool is_stopping;     // by the worker's thread
	int start_code;	      // what start() of an application has answered
	unsigned not_started; // the slot that did
};

// Takes the application over. Returns 0; -ENOMEM, then it is still the caller's.
int host_add(struct host *host, struct application *application, enum host_role role,
	     unsigned index);

// Destroys the applications.
void host_fini(struct host *host);

// For worker.application, once all are added.
struct worker_application host_callbacks(struct host *host);

#endif
