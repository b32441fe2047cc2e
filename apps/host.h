// SPDX-License-Identifier: BSD-3-Clause
//
// Puts the servers and loads of a description onto the workers of a running system. A worker has
// one host, which hands each event of its stack to the application whose connection it is
// (application.h).
// Called by run.c: created before bring-up, since what servers hold in memory is part of the plan.
#ifndef APPS_HOST_H
#define APPS_HOST_H

#include "apps/http_server.h"
#include "apps/load.h"
#include "config/config.h"
#include "drivers/error.h"
#include "drivers/system.h"

struct hosts;

// Walks the folders that are to be served. The description must outlive the hosts.
// NULL with what is wrong in `errors`.
struct hosts *hosts_create(const struct config *config, struct config_errors *errors);

// NULL is ignored. Before system_stop(), and after the last result was read.
void hosts_destroy(struct hosts *hosts);

// EAL memory that hosts_attach() will ask for.
uint64_t hosts_reserve_bytes(const struct hosts *hosts);

// Reads files, creates the applications and gives every worker of the system its host.
// Returns 0; a negative errno with `error` filled in.
int hosts_attach(struct hosts *hosts, struct system *system, struct system_error *error);

// Names the application that did not start, when one did not; else leaves `error` as it is.
void hosts_explain_start(const struct hosts *hosts, struct system_error *error);

// What a load of the description has come to, all workers together; any thread.
void hosts_get_load(const struct hosts *hosts, unsigned index, struct load_results *total);

// What a server has come to; requests, responses and refusals stay 0 but for http.
void hosts_get_server(const struct hosts *hosts, unsigned index, struct http_server_results *total);

// The few figures of a line of progress.
struct hosts_progress {
	plx_duration elapsed; // since the start; the caller's
	uint64_t requests;    // answered to loads; without loads by servers
	uint64_t bytes;	      // received by loads; without loads sent and received by servers
	uint64_t connections; // open
	uint64_t failed;      // requests of loads; without loads connections of servers
};
void hosts_get_progress(const struct hosts *hosts, struct hosts_progress *progress);

#endif
