// SPDX-License-Identifier: BSD-3-Clause
//
// The report for a reader: a line of progress a second, and at the end a table of what was asked
// and answered, how fast, what failed, what was dropped, and whether the books close.
// Called by run.c.
#include "apps/report.h"

#include <inttypes.h>
#include <string.h>

#include "apps/report_format.h"

static void print_count(FILE *out, const char *what, uint64_t count, double seconds)
{
	char text[NUMBER_BYTES], rate[NUMBER_BYTES];

	fprintf(out, "  %-22s %18s", what, format_count(count, text));
	if (seconds > 0 && count)
		fprintf(out, " %18s",
			format_count((uint64_t)((double)count / seconds + 0.5), rate));
	fputc('\n', out);
}

static void print_bytes(FILE *out, const char *what, uint64_t bytes, double seconds)
{
	char text[NUMBER_BYTES], rate[NUMBER_BYTES];

	fprintf(out, "  %-22s %18s", what, format_count(bytes, text));
	if (seconds > 0 && bytes)
		fprintf(out, " %18s", format_bit_rate((double)bytes / seconds, rate));
	fputc('\n', out);
}

static void print_heading(FILE *out, const char *what)
{
	fprintf(out, "\n%-24s %18s %18s\n", what, "total", "per second");
}

static void print_latency(FILE *out, const struct histogram *latency)
{
	static const struct {
		const char *name;
		uint32_t percent_thousandths;
	} points[] = {
		{"p50", 50000}, {"p90", 90000}, {"p99", 99000}, {"p99.9", 99900}, {"max", 100000}};
	char text[NUMBER_BYTES];

	fputs("  latency", out);
	for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]) && latency->count; i++)
		fprintf(out, "  %s %s", points[i].name,
			format_duration(
				histogram_percentile(latency, points[i].percent_thousandths),
				text));
	fputs(latency->count ? "\n" : "  nothing was answered\n", out);
}

static void print_errors(FILE *out, const struct load_results *results)
{
	bool has_any = false;
	char text[NUMBER_BYTES];

	for (unsigned i = 0; i < LOAD_ERROR_COUNT; i++) {
		if (!results->errors[i])
			continue;
		fprintf(out, "  error %-16s %18s  %s\n", load_error_name((enum load_error)i),
			format_count(results->errors[i], text),
			load_error_text((enum load_error)i));
		has_any = true;
	}
	if (!has_any)
		fputs("  errors   none\n", out);
	if (results->bad_status)
		fprintf(out, "  the first bad status was %u\n", results->bad_status);
}

static void print_load(FILE *out, const struct report *report, const struct load_results *results)
{
	double seconds = report_seconds(report, results);

	if (results->connections_waiting)
		print_count(out, "opened first", results->connections_waiting,
			    (double)results->opening / (double)PLX_SECOND);
	print_count(out, "connections opened", results->connections_opened, seconds);
	print_count(out, "connections closed", results->connections_closed, seconds);
	print_count(out, "connections failed", results->connections_failed, 0);
	print_count(out, "requests sent", results->requests_sent, seconds);
	print_count(out, "requests answered", results->requests_answered, seconds);
	print_count(out, "requests failed", results->requests_failed, 0);
	if (results->requests_retried)
		print_count(out, "requests sent again", results->requests_retried, 0);
	if (results->requests_unsent)
		print_count(out, "requests not sent", results->requests_unsent, 0);
	print_bytes(out, "bytes sent", results->tx_bytes, seconds);
	print_bytes(out, "bytes received", results->rx_bytes, seconds);
	print_latency(out, &results->latency);
	print_errors(out, results);
}

static void print_loads(FILE *out, const struct report *report)
{
	const struct config *config = report->config;

	for (unsigned i = 0; i < config->n_loads; i++) {
		const struct config_load *load = &config->loads[i];
		char text[REPORT_REASON_BYTES];

		print_heading(out, report_target(load, text));
		print_load(out, report, &report->loads[i]);
		if (config_find_stack(config, load->stack)->time_wait == 0)
			fputs("  TIME_WAIT 0 (load generation)\n", out);
	}
	if (config->n_loads > 1) {
		print_heading(out, "all loads");
		print_load(out, report, report_all_loads(report));
	}
}

static void print_servers(FILE *out, const struct report *report)
{
	const struct config *config = report->config;
	double seconds = report_seconds(report, NULL);

	for (unsigned i = 0; i < config->n_servers; i++) {
		const struct http_server_results *results = &report->servers[i];
		char text[REPORT_LISTEN_BYTES];

		print_heading(out, report_listen(&config->servers[i], text));
		print_count(out, "connections accepted", results->server.accepted, seconds);
		print_count(out, "connections closed", results->server.closed, seconds);
		print_count(out, "connections failed", results->server.failed, 0);
		if (results->server.turned_away)
			print_count(out, "turned away, all busy", results->server.turned_away, 0);
		if (config->servers[i].listen.protocol == CONFIG_PROTOCOL_HTTP) {
			print_count(out, "requests", results->requests, seconds);
			print_count(out, "responses", results->responses, seconds);
			if (results->refusals)
				print_count(out, "of them 400 and above", results->refusals, 0);
		}
		print_bytes(out, "bytes sent", results->server.tx_bytes, seconds);
		print_bytes(out, "bytes received", results->server.rx_bytes, seconds);
	}
}

static void print_lane(FILE *out, const char *from, const char *to,
		       const struct relay_counters *lane, double seconds)
{
	char heading[2 * CONFIG_NAME_BYTES + 8];

	snprintf(heading, sizeof(heading), "%s to %s", from, to);
	print_heading(out, heading);
	print_count(out, "frames", lane->frames, seconds);
	print_bytes(out, "bytes", lane->bytes, seconds);
	print_count(out, "frames sent on", lane->sent, seconds);
	if (lane->lost)
		print_count(out, "not taken by the port", lane->lost, 0);
}

static void print_relays(FILE *out, const struct report *report)
{
	double seconds = report_seconds(report, NULL);

	for (unsigned i = 0; i < report->config->n_relays; i++) {
		const struct report_relay *relay = &report->relays[i];
		const char *left = relay->relay->left, *right = relay->relay->right;

		print_lane(out, left, right, &relay->lanes[0], seconds);
		print_lane(out, right, left, &relay->lanes[1], seconds);
	}
}

// What was done to frames on purpose; nothing that did not happen.
static void print_shim(FILE *out, const char *port, const char *what,
		       const struct impairment_counters *counters)
{
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{"lost at random", counters->link.lost_at_random},
		{"bad times", counters->link.bursts},
		{"lost in bad times", counters->link.lost_in_burst},
		{"lost in a full queue", counters->link.lost_in_queue},
		{"lost, all held", counters->overflowed},
		{"marked (ECN)", counters->link.marked},
		{"reordered", counters->link.reordered},
		{"copied", counters->link.copied},
		{"corrupted", counters->link.corrupted},
		{"copies left out", counters->copies_left_out},
		{"changes left out", counters->changes_left_out},
		{"held at the end", counters->held},
	};
	char heading[CONFIG_NAME_BYTES + 32], text[NUMBER_BYTES];

	if (!counters->link.frames)
		return;
	snprintf(heading, sizeof(heading), "%s: %s", port, what);
	fprintf(out, "\n%-24s %18s %18s\n", heading, "frames", "of all");
	print_count(out, "in", counters->link.frames, 0);
	print_count(out, "out", counters->passed, 0);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].value)
			fprintf(out, "  %-22s %18s %17.3f%%\n", lines[i].name,
				format_count(lines[i].value, text),
				100.0 * (double)lines[i].value / (double)counters->link.frames);
}

static void print_shims(FILE *out, const struct report *report)
{
	for (unsigned i = 0; i < report->config->n_ports; i++) {
		const struct report_port *port = &report->ports[i];

		print_shim(out, port->port->name, "received", &port->stats.rx_impairment);
		print_shim(out, port->port->name, "sent", &port->stats.tx_impairment);
	}
}

// A line for a figure that is not zero.
static void print_figure(FILE *out, const char *owner, const char *name, uint64_t value,
			 const char *text)
{
	char count[NUMBER_BYTES];

	if (value)
		fprintf(out, "  %-12s %-26s %14s  %s\n", owner, name, format_count(value, count),
			text);
}

// Of all workers of a stack.
static uint64_t count_drops(const struct report *report, const struct config_stack *stack,
			    enum plx_drop reason)
{
	uint64_t drops = 0;

	for (unsigned i = 0; i < report->n_workers; i++)
		if (report->workers[i].stack == stack)
			drops += report->workers[i].stats.drops[reason];
	return drops;
}

// Drops by reason of every stack, and what a port lost before or behind it.
static void print_drops(FILE *out, const struct report *report)
{
	fputs("\ndrops\n", out);
	for (unsigned i = 0; i < report->config->n_stacks; i++)
		for (unsigned reason = PLX_DROP_NONE + 1; reason < PLX_DROP_COUNT; reason++) {
			const struct config_stack *stack = &report->config->stacks[i];

			print_figure(out, stack->name, plx_drop_name((enum plx_drop)reason),
				     count_drops(report, stack, (enum plx_drop)reason),
				     plx_drop_text((enum plx_drop)reason));
		}
	for (unsigned i = 0; i < report->config->n_ports; i++) {
		const struct port_stats *stats = &report->ports[i].stats;
		const char *name = report->ports[i].port->name;

		print_figure(out, name, "rx_missed", stats->rx_missed, "lost by the device");
		print_figure(out, name, "rx_no_buffer", stats->rx_no_buffer,
			     "lost because no mbuf was free");
		print_figure(out, name, "rx_errors", stats->rx_errors, "received with an error");
		print_figure(out, name, "tx_errors", stats->tx_errors, "not sent by the device");
		print_figure(out, name, "rx_impaired",
			     report_lost_on_purpose(&stats->rx_impairment), "lost on purpose");
		print_figure(out, name, "tx_impaired",
			     report_lost_on_purpose(&stats->tx_impairment), "lost on purpose");
	}
}

static void print_books(FILE *out, const struct report *report)
{
	char reason[REPORT_REASON_BYTES];
	char frames[NUMBER_BYTES], connections[NUMBER_BYTES], mbufs[NUMBER_BYTES];
	uint64_t n_frames = 0, n_connections = 0;

	if (report_check_books(report, reason)) {
		fprintf(out, "books: do not close: %s\n", reason);
		return;
	}
	for (unsigned i = 0; i < report->config->n_relays; i++)
		n_frames += report->relays[i].lanes[0].frames + report->relays[i].lanes[1].frames;
	for (unsigned i = 0; i < report->n_workers; i++) {
		n_frames += report->workers[i].books.frames_received;
		n_connections += report->workers[i].books.connections_opened;
	}
	fprintf(out, "books: closed (%s frames, %s connections, %s mbufs)\n",
		format_count(n_frames, frames), format_count(n_connections, connections),
		format_count(report->mbufs.mbufs, mbufs));
}

static bool has_drops(const struct report *report)
{
	uint64_t drops = 0;

	for (unsigned i = 0; i < report->n_workers; i++)
		drops += report->workers[i].books.frames_dropped;
	for (unsigned i = 0; i < report->config->n_ports; i++) {
		const struct port_stats *stats = &report->ports[i].stats;

		drops += stats->rx_missed + stats->rx_no_buffer + stats->rx_errors
			+ stats->tx_errors + report_lost_on_purpose(&stats->rx_impairment)
			+ report_lost_on_purpose(&stats->tx_impairment);
	}
	return drops != 0;
}

static void print_end(FILE *out, const struct report *report)
{
	uint64_t open = 0;
	char text[NUMBER_BYTES];

	for (unsigned i = 0; i < report->n_workers; i++)
		open += report->workers[i].books.connections_open;
	if (report->result.end != WORKER_END_FINISHED)
		fprintf(out, "%s with %s connections open\n",
			report->result.end == WORKER_END_INTERRUPTED
				? "interrupted"
				: "ended when the time for an orderly end was over,",
			format_count(open, text));
}

void report_print(const struct report *report, FILE *out)
{
	print_loads(out, report);
	print_servers(out, report);
	print_relays(out, report);
	print_shims(out, report);
	report_print_stacks(report, out);
	if (has_drops(report))
		print_drops(out, report);
	fputc('\n', out);
	if (report->hint[0])
		fprintf(out, "%s\n", report->hint);
	print_end(out, report);
	print_books(out, report);
}

void report_print_progress(const struct hosts_progress *now, const struct hosts_progress *before,
			   FILE *out)
{
	double seconds = (double)(now->elapsed - before->elapsed) / (double)PLX_SECOND;
	char requests[NUMBER_BYTES], connections[NUMBER_BYTES], failed[NUMBER_BYTES];
	char rate[NUMBER_BYTES];

	fprintf(out, "%4" PRIu64 " s %12s requests/s %14s %10s connections %8s failed\n",
		now->elapsed / PLX_SECOND,
		format_count((uint64_t)((double)(now->requests - before->requests) / seconds + 0.5),
			     requests),
		format_bit_rate((double)(now->bytes - before->bytes) / seconds, rate),
		format_count(now->connections, connections), format_count(now->failed, failed));
	fflush(out);
}

void report_print_relay_progress(const struct relay_progress *now,
				 const struct relay_progress *before, FILE *out)
{
	double seconds = (double)(now->elapsed - before->elapsed) / (double)PLX_SECOND;
	char right[NUMBER_BYTES], left[NUMBER_BYTES], frames[NUMBER_BYTES], lost[NUMBER_BYTES];

	fprintf(out, "%4" PRIu64 " s %14s to the right %14s to the left %10s frames %8s lost\n",
		now->elapsed / PLX_SECOND,
		format_bit_rate((double)(now->bytes[0] - before->bytes[0]) / seconds, right),
		format_bit_rate((double)(now->bytes[1] - before->bytes[1]) / seconds, left),
		format_count(now->frames - before->frames, frames),
		format_count(now->lost - before->lost, lost));
	fflush(out);
}
