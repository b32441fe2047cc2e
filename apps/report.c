// SPDX-License-Identifier: BSD-3-Clause
//
// Collects the figures of a run and judges them. The books are those of every stack (stats.h), of
// the loop around it, of the applications on top, and of the buffers below: each added up from both
// sides.
// Called by run.c; report_table.c and report_json.c tell what is found here.
#include "apps/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct report *report_create(const struct config *config)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->config = config;
	report->loads = calloc(config->n_loads + 1, sizeof(report->loads[0]));
	if (!report->loads) {
		free(report);
		return NULL;
	}
	return report;
}

void report_destroy(struct report *report)
{
	if (!report)
		return;
	free(report->loads);
	free(report);
}

const struct load_results *report_all_loads(const struct report *report)
{
	return &report->loads[report->config->n_loads];
}

static void collect_worker(struct report *report, const struct worker *worker)
{
	struct report_worker *to = &report->workers[report->n_workers++];

	to->stack = &report->config->stacks[worker->plan];
	to->index = worker->index;
	to->stats.size = sizeof(to->stats);
	plx_get_stats(worker->stack, &to->stats);
	to->books = plx_books_of(&to->stats);
	to->counters = worker->counters;
	to->account = worker->account;
	to->settings.size = sizeof(to->settings);
	plx_get_settings(worker->stack, &to->settings);
	to->n_unsent = worker->n_unsent;
}

static void collect_servers(struct report *report, const struct hosts *hosts)
{
	struct http_server_results *all = &report->all_servers;

	for (unsigned i = 0; i < report->config->n_servers; i++) {
		struct http_server_results *one = &report->servers[i];

		hosts_get_server(hosts, i, one);
		all->server.accepted += one->server.accepted;
		all->server.closed += one->server.closed;
		all->server.failed += one->server.failed;
		all->server.rx_bytes += one->server.rx_bytes;
		all->server.tx_bytes += one->server.tx_bytes;
		all->requests += one->requests;
		all->responses += one->responses;
		all->refusals += one->refusals;
	}
}

static void collect_relay(struct report_relay *to, const struct config_relay *config,
			  const struct relay *relay, const struct worker_account *account)
{
	to->relay = config;
	to->account = *account;
	for (unsigned i = 0; i < 2; i++) {
		to->lanes[i] = relay->lanes[i].counters;
		to->waiting[i] = relay->lanes[i].n_unsent;
	}
}

void report_collect(struct report *report, const struct hosts *hosts, struct system *system)
{
	struct load_results *all = &report->loads[report->config->n_loads];

	load_results_init(all);
	for (unsigned i = 0; i < report->config->n_loads; i++) {
		hosts_get_load(hosts, i, &report->loads[i]);
		load_results_merge(all, &report->loads[i]);
	}
	collect_servers(report, hosts);
	for (unsigned i = 0; i < system_workers(system); i++)
		collect_worker(report, system_worker(system, i));
	for (unsigned i = 0; i < system_ports(system); i++) {
		const struct port *port = system_port(system, i);
		struct report_port *to = &report->ports[i];

		to->port = &report->config->ports[i];
		snprintf(to->driver, sizeof(to->driver), "%s", port_driver(port));
		to->cuts_segments = port_cuts_segments(port);
		port_get_stats(port, &to->stats);
	}
	for (unsigned i = 0; i < system_relays(system); i++)
		collect_relay(&report->relays[i], &report->config->relays[i],
			      system_relay(system, i), system_relay_account(system, i));
	report->duration = report->result.elapsed;
	if (all->ended > all->started)
		report->duration = all->ended - all->started;
	if (!system_explain_checksum_failures(system, report->hint, sizeof(report->hint)))
		report->hint[0] = '\0';
}

double report_seconds(const struct report *report, const struct load_results *results)
{
	plx_duration duration = report->duration;

	if (results && results->ended > results->started)
		duration = results->ended - results->started;
	return (double)duration / (double)PLX_SECOND;
}

// What the loop handed on, and what the stack says it was given.
static const char *check_loop(const struct report_worker *worker, char *reason)
{
	const uint64_t *counters = worker->stats.counters;
	uint64_t sent = worker->counters.tx_frames + worker->n_unsent;

	if (worker->counters.rx_frames != counters[PLX_COUNTER_RX_FRAMES])
		snprintf(reason, REPORT_REASON_BYTES,
			 "stack %s worker %u: %" PRIu64
			 " frames were received, it was given %" PRIu64,
			 worker->stack->name, worker->index, worker->counters.rx_frames,
			 counters[PLX_COUNTER_RX_FRAMES]);
	else if (sent != counters[PLX_COUNTER_TX_FRAMES])
		snprintf(reason, REPORT_REASON_BYTES,
			 "stack %s worker %u: it gave out %" PRIu64 " frames, %" PRIu64
			 " were sent",
			 worker->stack->name, worker->index, counters[PLX_COUNTER_TX_FRAMES], sent);
	else
		return NULL;
	return reason;
}

static const char *check_stack(const struct report_worker *worker, char *reason)
{
	const struct plx_books *books = &worker->books;
	uint64_t frames = books->frames_consumed + books->frames_answered + books->frames_returned
		+ books->frames_reassembled + books->frames_held + books->frames_dropped;
	uint64_t connections = books->connections_closed + books->connections_failed
		+ books->connections_open;

	if (books->closed)
		return check_loop(worker, reason);
	if (frames != books->frames_received)
		snprintf(reason, REPORT_REASON_BYTES,
			 "stack %s worker %u: %" PRIu64 " frames came in, %" PRIu64 " have a fate",
			 worker->stack->name, worker->index, books->frames_received, frames);
	else
		snprintf(reason, REPORT_REASON_BYTES,
			 "stack %s worker %u: %" PRIu64 " connections were opened, %" PRIu64
			 " have ended or are open",
			 worker->stack->name, worker->index, books->connections_opened,
			 connections);
	return reason;
}

uint64_t report_lost_on_purpose(const struct impairment_counters *counters)
{
	return counters->link.lost_in_queue + counters->link.lost_at_random
		+ counters->link.lost_in_burst + counters->overflowed;
}

// What went into a shim and was copied there has gone out, is in it, or was lost.
static const char *check_shim(const char *port, const struct impairment_counters *counters,
			      char *reason)
{
	const struct link_model_counters *link = &counters->link;
	uint64_t in = link->frames + link->copied - counters->copies_left_out;
	uint64_t out = counters->passed + counters->held + report_lost_on_purpose(counters);

	if (in == out)
		return NULL;
	snprintf(reason, REPORT_REASON_BYTES,
		 "port %s: %" PRIu64 " frames and copies went on their way, %" PRIu64
		 " have arrived, are under way or were lost",
		 port, in, out);
	return reason;
}

static const char *check_ports(const struct report *report, char *reason)
{
	for (unsigned i = 0; i < report->config->n_ports; i++) {
		const struct report_port *port = &report->ports[i];

		if (check_shim(port->port->name, &port->stats.rx_impairment, reason)
		    || check_shim(port->port->name, &port->stats.tx_impairment, reason))
			return reason;
	}
	return NULL;
}

static const char *check_relay(const struct report_relay *relay, char *reason)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct relay_counters *lane = &relay->lanes[i];

		if (lane->frames == lane->sent + lane->lost + relay->waiting[i])
			continue;
		snprintf(reason, REPORT_REASON_BYTES,
			 "relay: %" PRIu64 " frames came from %s, %" PRIu64
			 " were sent on, lost or wait",
			 lane->frames, i == 0 ? relay->relay->left : relay->relay->right,
			 lane->sent + lane->lost + relay->waiting[i]);
		return reason;
	}
	return NULL;
}

// A load whose worker ended in order has nothing open or outstanding.
static const char *check_load(const struct load_results *results, char *reason)
{
	if (results->connections_opened
	    != results->connections_closed + results->connections_failed)
		snprintf(reason, REPORT_REASON_BYTES,
			 "loads: %" PRIu64 " connections were opened, %" PRIu64 " have ended",
			 results->connections_opened,
			 results->connections_closed + results->connections_failed);
	else if (results->requests_sent != results->requests_answered + results->requests_failed)
		snprintf(reason, REPORT_REASON_BYTES,
			 "loads: %" PRIu64 " requests were sent, %" PRIu64 " answered or failed",
			 results->requests_sent,
			 results->requests_answered + results->requests_failed);
	else
		return NULL;
	return reason;
}

const char *report_check_books(const struct report *report, char reason[REPORT_REASON_BYTES])
{
	for (unsigned i = 0; i < report->n_workers; i++)
		if (check_stack(&report->workers[i], reason))
			return reason;
	for (unsigned i = 0; i < report->config->n_relays; i++)
		if (check_relay(&report->relays[i], reason))
			return reason;
	if (check_ports(report, reason))
		return reason;
	if (report->result.end == WORKER_END_FINISHED
	    && check_load(report_all_loads(report), reason))
		return reason;
	if (report->mbufs.closed)
		return NULL;
	snprintf(reason, REPORT_REASON_BYTES, "%" PRIu64 " of %" PRIu64 " mbufs did not come back",
		 report->mbufs.mbufs_missing, report->mbufs.mbufs);
	return reason;
}

bool report_is_good(const struct report *report)
{
	const struct load_results *loads = report_all_loads(report);
	char reason[REPORT_REASON_BYTES];

	if (report->config->n_loads && loads->requests_answered == 0)
		return false;
	return loads->requests_failed == 0 && loads->connections_failed == 0
		&& !report_check_books(report, reason);
}

// "198.18.0.2:80", "[fd00::2]:80-89", "*:80"
static void format_endpoint(const struct plx_addr *addr, const struct config_ports *ports,
			    char text[REPORT_LISTEN_BYTES])
{
	char host[PLX_ADDR_TEXT_BYTES], range[16] = "";
	bool is_ipv6 = !plx_addr_is_any(addr) && !plx_addr_is_ipv4(addr);

	plx_addr_format(addr, host);
	if (ports->last != ports->first)
		snprintf(range, sizeof(range), "-%u", ports->last);
	snprintf(text, REPORT_LISTEN_BYTES, "%s%s%s:%u%s", is_ipv6 ? "[" : "",
		 plx_addr_is_any(addr) ? "*" : host, is_ipv6 ? "]" : "", ports->first, range);
}

const char *report_target(const struct config_load *load, char text[REPORT_REASON_BYTES])
{
	char endpoint[REPORT_LISTEN_BYTES];

	format_endpoint(&load->target.addr, &load->target.ports, endpoint);
	snprintf(text, REPORT_REASON_BYTES, "http://%s%.150s", endpoint, load->target.path);
	return text;
}

const char *report_listen(const struct config_server *server, char text[REPORT_LISTEN_BYTES])
{
	char endpoint[REPORT_LISTEN_BYTES];

	format_endpoint(&server->listen.addr, &server->listen.ports, endpoint);
	snprintf(text, REPORT_LISTEN_BYTES, "%s:%.80s",
		 config_protocol_name(server->listen.protocol), endpoint);
	return text;
}

const char *report_syn_cookies(const struct plx_settings *settings)
{
	switch (settings->syn_cookies) {
	case PLX_SYN_COOKIES_ALWAYS:
		return "always";
	case PLX_SYN_COOKIES_NEVER:
		return "never";
	default:
		return "auto";
	}
}

struct relay_progress report_relay_progress(struct system *system)
{
	struct relay_progress progress = {0};

	for (unsigned i = 0; i < system_relays(system); i++)
		for (unsigned side = 0; side < 2; side++) {
			const struct relay_lane *lane = &system_relay(system, i)->lanes[side];
			struct port_stats stats;

			port_get_stats(lane->from, &stats);
			progress.bytes[side] += lane->counters.bytes;
			progress.frames += lane->counters.frames;
			progress.lost += report_lost_on_purpose(&stats.rx_impairment)
				+ report_lost_on_purpose(&stats.tx_impairment);
		}
	return progress;
}
