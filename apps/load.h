// SPDX-License-Identifier: BSD-3-Clause
//
// The load generator, of HTTP requests or of bytes for an echo: one worker's share of it. In closed
// loop (rate 0) every connection sends its next request when the last one is answered. In open loop
// requests have times of their own, known beforehand (load_schedule.h): when no connection is free
// at its time a request waits, and its latency counts from that time, so a stalling target cannot
// hide its stalls (coordinated omission). Created and read by apps/host; load_connection.h follows
// one connection through its life.
#ifndef APPS_LOAD_H
#define APPS_LOAD_H

#include "apps/application.h"
#include "apps/connection_settings.h"
#include "apps/histogram.h"

#define LOAD_OPTIONS_MAX 16
#define LOAD_TIMEOUT_DEFAULT (10 * PLX_SECOND)
#define LOAD_DRAIN_DEFAULT (2 * PLX_SECOND)

enum load_error {
#define X(name, label, text) LOAD_ERROR_##name,
#include "apps/load_errors.def"
#undef X
	LOAD_ERROR_COUNT
};

// "bad-response", and what it means.
const char *load_error_name(enum load_error error);
const char *load_error_text(enum load_error error);

struct load_config {
	struct plx_addr target;
	uint16_t port_first; // connections take the ports in turn
	uint16_t port_last;
	const char *host;    // of the Host field, without port: "198.18.0.2", "[fd00::2]"
	const char *path;    // begins with a slash; query allowed
	uint32_t echo_bytes; // 0 = HTTP; else requests are so many bytes, which come back
	struct plx_addr
		source_first; // connections take the sources in turn; any = the stack chooses
	uint32_t n_sources;   // 0 = the stack chooses

	// Totals of the whole load. This worker takes its share of connections and requests, so
	// that the workers together hold and send exactly these.
	uint32_t connections;
	uint32_t requests_per_connection; // 0 = for ever
	uint64_t rate_per_s;		  // 0 = closed loop
	// Of this worker: handshakes under way at a time, and idle connections closed at a time;
	// 0 = no bound.
	uint32_t opening;
	bool open_first; // no request before all connections are open; not with one of its own each
	uint32_t share_index; // this worker, 0..share_count - 1
	uint32_t share_count; // 0 counts as 1

	plx_duration duration; // how long requests are begun; 0 = until application stop
	plx_duration timeout;  // of connecting, and between the bytes of a response; 0 = default
	plx_duration drain;    // how long responses are awaited at the end; 0 = default
	// Of the connections, in addition to NAGLE 0, which comes first. Copied.
	const struct plx_option_value *options;
	unsigned n_options; // at most LOAD_OPTIONS_MAX - 1
};

// Written by the worker's thread. Any thread may read the numbers while it runs, for a line of
// progress; they agree with each other once is_finished().
//   opened = closed + failed + open,  sent = answered + failed + outstanding,
//   scheduled = sent + unsent in open loop. When finished nothing is open or outstanding.
struct load_results {
	plx_time started;	     // when requests could begin, once they can
	plx_duration opening;	     // how long before that connections were opened
	plx_time ended;		     // when the last request could have begun; 0 while it runs
	uint64_t connections_opened; // plx_connect() calls that gave a handle
	uint64_t connections_closed;
	uint64_t connections_failed;
	uint64_t connections_established;
	uint64_t connections_waiting;  // open when requests began, if they were opened first
	uint64_t connections_answered; // whose first request was answered
	uint64_t requests_sent;	       // given to a connection, each counted once
	uint64_t requests_answered;
	uint64_t requests_failed;
	uint64_t requests_retried; // sent again because the target closed in order before it came
	uint64_t requests_unsent;  // whose time had come by the end without a free connection
	uint64_t tx_bytes;	   // of requests, taken by the stack
	uint64_t rx_bytes;
	uint64_t errors[LOAD_ERROR_COUNT];
	uint16_t bad_status;	  // the first status of 400 or above; 0 = none
	struct histogram latency; // nanoseconds, of the requests answered
	struct connection_settings settings;
};

// Returns 0 and the application; -EINVAL the configuration contradicts itself; -ENOMEM.
int load_create(const struct load_config *config, struct application **application);

const struct load_results *load_results(const struct application *application);

// All zero, ready for merging. `total` is large: it wants memory of its own.
void load_results_init(struct load_results *total);
void load_results_merge(struct load_results *total, const struct load_results *from);

// How many of `connections` the worker share_index holds, for sizing its stack.
uint32_t load_share(uint32_t connections, uint32_t share_index, uint32_t share_count);

#endif
