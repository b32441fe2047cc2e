// SPDX-License-Identifier: BSD-3-Clause
//
// What a run came to: what loads and servers have counted, what every stack and port has, and
// whether the books close. Read while everything is still up, told afterwards: as a table, as JSON,
// as the exit status.
// Called by run.c.
#ifndef APPS_REPORT_H
#define APPS_REPORT_H

#include <stdio.h>

#include "apps/host.h"
#include "drivers/port.h"
#include "drivers/relay.h"
#include "drivers/worker.h"

#define REPORT_REASON_BYTES 256
#define REPORT_LISTEN_BYTES 96

struct report_worker {
	const struct config_stack *stack;
	unsigned index;
	struct plx_stats stats;
	struct plx_books books;
	struct worker_counters counters;
	struct worker_account account;
	struct plx_settings settings; // of the running stack
	uint16_t n_unsent;
};

struct report_port {
	const struct config_port *port;
	char driver[32];
	bool cuts_segments;
	struct port_stats stats;
};

// Of each direction: left to right, right to left.
struct report_relay {
	const struct config_relay *relay;
	struct relay_counters lanes[2];
	uint64_t waiting[2];
	struct worker_account account;
};

struct report {
	const struct config *config;
	struct worker_run_result result;
	plx_duration duration;	    // what rates are over: of the loads, or of the run
	struct load_results *loads; // of each load, and behind them of all
	struct http_server_results servers[CONFIG_SERVERS_MAX];
	struct http_server_results all_servers;
	struct report_worker workers[CONFIG_WORKERS_MAX];
	unsigned n_workers;
	struct report_port ports[CONFIG_PORTS_MAX];
	struct report_relay relays[CONFIG_RELAYS_MAX];
	struct system_books mbufs; // filled in by system_stop()
	char hint[512];		   // about checksums; empty without
};

// NULL without memory. The description must outlive the report.
struct report *report_create(const struct config *config);
void report_destroy(struct report *report);

// Reads everything, after the last turn of the workers and before anything is taken down.
void report_collect(struct report *report, const struct hosts *hosts, struct system *system);

// What all loads have come to together.
const struct load_results *report_all_loads(const struct report *report);

// The first thing that does not add up; NULL when the books close.
const char *report_check_books(const struct report *report, char reason[REPORT_REASON_BYTES]);

// True when no load failed in anything, and the books close.
bool report_is_good(const struct report *report);

// "http://198.18.0.2:80/", "http 198.18.0.2:80-89": what a load asks, what a server listens on.
const char *report_target(const struct config_load *load, char text[REPORT_REASON_BYTES]);
const char *report_listen(const struct config_server *server, char text[REPORT_LISTEN_BYTES]);

// "auto", "always", "never"
const char *report_syn_cookies(const struct plx_settings *settings);

// Frames that a shim has lost, for whatever reason.
uint64_t report_lost_on_purpose(const struct impairment_counters *counters);

enum report_loss {
#define X(name, key, is_lossy, text) REPORT_LOSS_##name,
#include "apps/report_losses.def"
#undef X
	REPORT_LOSS_COUNT
};

struct report_losses {
	uint64_t n[REPORT_LOSS_COUNT];
	bool is_lossy; // rates of this stack are those of a lossy run
};
struct report_losses report_losses_of(const struct report *report,
				      const struct report_worker *worker);

// "rx_missed", and what it is.
const char *report_loss_name(enum report_loss loss);
const char *report_loss_text(enum report_loss loss);

// The port that the worker's stack lives on.
const struct report_port *report_port_of(const struct report *report,
					 const struct report_worker *worker);

// Seconds that the figures of a load are over.
double report_seconds(const struct report *report, const struct load_results *results);

// The final table; of it the part about settings, cycles and losses of each stack.
void report_print_stacks(const struct report *report, FILE *out);
void report_print(const struct report *report, FILE *out);

// One line of progress; `before` is that of a second ago.
void report_print_progress(const struct hosts_progress *now, const struct hosts_progress *before,
			   FILE *out);

// What all relays have passed on; any thread.
struct relay_progress {
	plx_duration elapsed; // since the start; the caller's
	uint64_t bytes[2];    // left to right, right to left
	uint64_t frames;
	uint64_t lost; // by the ways between, on purpose
};
struct relay_progress report_relay_progress(struct system *system);
void report_print_relay_progress(const struct relay_progress *now,
				 const struct relay_progress *before, FILE *out);

// Returns 0; a negative errno when it could not be written.
int report_write_json(const struct report *report, FILE *out);

#endif
