// SPDX-License-Identifier: BSD-3-Clause
//
// The report for a program: schema 1, keys in a fixed order. The sums come first; what each stack,
// port, load and server has counted stands behind them.
// Called by run.c.
#include "apps/report_json.h"

#include <errno.h>

enum { SCHEMA = 1, SIGNIFICANT_DIGITS = 9 };

static json_t *per_second(uint64_t value, double seconds)
{
	return json_real(seconds > 0 ? (double)value / seconds : 0);
}

static json_t *three_counts(const char *const keys[3], uint64_t a, uint64_t b, uint64_t c)
{
	json_t *object = json_object();

	set_count(object, keys[0], a);
	set_count(object, keys[1], b);
	set_count(object, keys[2], c);
	return object;
}

// The figures that loads have in sum and each, and that servers have seen from the other side.
struct figures {
	uint64_t connections[3];
	uint64_t requests[3];
	uint64_t bytes[2];
	uint64_t errors[LOAD_ERROR_COUNT];
	const struct histogram *latency; // NULL: none was measured
	const struct load_results *load; // NULL: of a server
	double seconds;
};

static struct figures figures_of_load(const struct report *report,
				      const struct load_results *results)
{
	struct figures figures = {
		.connections = {results->connections_opened, results->connections_closed,
				results->connections_failed},
		.requests = {results->requests_sent, results->requests_answered,
			     results->requests_failed},
		.bytes = {results->tx_bytes, results->rx_bytes},
		.latency = results->latency.count ? &results->latency : NULL,
		.load = results,
		.seconds = report_seconds(report, results),
	};

	for (unsigned i = 0; i < LOAD_ERROR_COUNT; i++)
		figures.errors[i] = results->errors[i];
	return figures;
}

static struct figures figures_of_server(const struct report *report,
					const struct http_server_results *results)
{
	return (struct figures){
		.connections = {results->server.accepted, results->server.closed,
				results->server.failed},
		.requests = {results->requests, results->responses, 0},
		.bytes = {results->server.tx_bytes, results->server.rx_bytes},
		.seconds = report_seconds(report, NULL),
	};
}

static json_t *errors_of(const struct figures *figures)
{
	json_t *errors = json_object();

	for (unsigned i = 0; i < LOAD_ERROR_COUNT; i++)
		if (figures->errors[i])
			set_count(errors, load_error_name((enum load_error)i), figures->errors[i]);
	return errors;
}

static json_t *latency_of(const struct figures *figures)
{
	static const struct {
		const char *key;
		uint32_t percent_thousandths;
	} points[] = {
		{"p50", 50000}, {"p90", 90000}, {"p99", 99000}, {"p99_9", 99900}, {"max", 100000}};
	json_t *latency = json_object();

	for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		json_t *value = json_null();

		if (figures->latency)
			value = json_real((double)histogram_percentile(
						  figures->latency, points[i].percent_thousandths)
					  / 1000);
		json_object_set_new(latency, points[i].key, value);
	}
	return latency;
}

// Connections as they stood when the first request was begun.
static json_t *opened_first_of(const struct load_results *results)
{
	double seconds = (double)results->opening / (double)PLX_SECOND;
	json_t *object = json_object();

	set_count(object, "connections", results->connections_waiting);
	json_object_set_new(object, "seconds", json_real(seconds));
	json_object_set_new(object, "connections_per_s",
			    per_second(results->connections_waiting, seconds));
	return object;
}

// From duration_s to rates.
static void set_figures(json_t *object, const struct figures *figures)
{
	static const char *const names[] = {"opened", "closed", "failed"};
	static const char *const requests[] = {"sent", "answered", "failed"};
	json_t *bytes = json_object(), *rates = json_object();
	json_t *connections = three_counts(names, figures->connections[0], figures->connections[1],
					   figures->connections[2]);

	set_count(bytes, "tx", figures->bytes[0]);
	set_count(bytes, "rx", figures->bytes[1]);
	json_object_set_new(rates, "connections_per_s",
			    per_second(figures->connections[0], figures->seconds));
	json_object_set_new(rates, "requests_per_s",
			    per_second(figures->requests[1], figures->seconds));
	json_object_set_new(rates, "rx_gbps",
			    per_second(figures->bytes[1] * 8, figures->seconds * 1e9));
	json_object_set_new(object, "duration_s", json_real(figures->seconds));
	json_object_set_new(object, "connections", connections);
	if (figures->load)
		set_count(connections, "answered", figures->load->connections_answered);
	if (figures->load && figures->load->connections_waiting)
		json_object_set_new(object, "opened_first", opened_first_of(figures->load));
	json_object_set_new(object, "requests",
			    three_counts(requests, figures->requests[0], figures->requests[1],
					 figures->requests[2]));
	json_object_set_new(object, "bytes", bytes);
	json_object_set_new(object, "errors", errors_of(figures));
	json_object_set_new(object, "latency_us", latency_of(figures));
	json_object_set_new(object, "rates", rates);
}

static json_t *shim_of(const struct impairment_counters *from)
{
	json_t *shim = json_object();

	set_count(shim, "frames", from->link.frames);
	set_count(shim, "passed", from->passed);
	set_count(shim, "held", from->held);
	set_count(shim, "lost_at_random", from->link.lost_at_random);
	set_count(shim, "bursts", from->link.bursts);
	set_count(shim, "lost_in_burst", from->link.lost_in_burst);
	set_count(shim, "lost_in_queue", from->link.lost_in_queue);
	set_count(shim, "overflowed", from->overflowed);
	set_count(shim, "marked", from->link.marked);
	set_count(shim, "reordered", from->link.reordered);
	set_count(shim, "copied", from->link.copied);
	set_count(shim, "copies_left_out", from->copies_left_out);
	set_count(shim, "corrupted", from->link.corrupted);
	set_count(shim, "changes_left_out", from->changes_left_out);
	return shim;
}

static json_t *port_of(const struct report_port *from)
{
	json_t *port = json_object();

	json_object_set_new(port, "port", json_string(from->port->name));
	json_object_set_new(port, "device", json_string(from->port->device));
	json_object_set_new(port, "driver", json_string(from->driver));
	set_count(port, "rx_frames", from->stats.rx_frames);
	set_count(port, "rx_bytes", from->stats.rx_bytes);
	set_count(port, "tx_frames", from->stats.tx_frames);
	set_count(port, "tx_bytes", from->stats.tx_bytes);
	set_count(port, "rx_missed", from->stats.rx_missed);
	set_count(port, "rx_no_buffer", from->stats.rx_no_buffer);
	set_count(port, "rx_errors", from->stats.rx_errors);
	set_count(port, "tx_errors", from->stats.tx_errors);
	set_count(port, "rx_lost_on_purpose", report_lost_on_purpose(&from->stats.rx_impairment));
	set_count(port, "tx_lost_on_purpose", report_lost_on_purpose(&from->stats.tx_impairment));
	if (from->stats.rx_impairment.link.frames)
		json_object_set_new(port, "rx_impairment", shim_of(&from->stats.rx_impairment));
	if (from->stats.tx_impairment.link.frames)
		json_object_set_new(port, "tx_impairment", shim_of(&from->stats.tx_impairment));
	return port;
}

static json_t *books_of(const struct report *report)
{
	json_t *books = json_object(), *stacks = json_array(), *ports = json_array();
	json_t *mbufs = json_object();
	char reason[REPORT_REASON_BYTES];
	const char *why = report_check_books(report, reason);

	set_count(mbufs, "total", report->mbufs.mbufs);
	set_count(mbufs, "missing", report->mbufs.mbufs_missing);
	for (unsigned i = 0; i < report->n_workers; i++)
		json_array_append_new(stacks, report_stack_json(report, &report->workers[i]));
	for (unsigned i = 0; i < report->config->n_ports; i++)
		json_array_append_new(ports, port_of(&report->ports[i]));
	json_object_set_new(books, "closed", json_boolean(!why));
	if (why)
		json_object_set_new(books, "why", json_string(why));
	json_object_set_new(books, "mbufs", mbufs);
	json_object_set_new(books, "stacks", stacks);
	json_object_set_new(books, "ports", ports);
	return books;
}

static json_t *loads_of(const struct report *report)
{
	json_t *loads = json_array();

	for (unsigned i = 0; i < report->config->n_loads; i++) {
		const struct config_load *from = &report->config->loads[i];
		struct figures figures = figures_of_load(report, &report->loads[i]);
		json_t *load = json_object();
		char text[REPORT_REASON_BYTES];

		json_object_set_new(load, "stack", json_string(from->stack));
		json_object_set_new(load, "target", json_string(report_target(from, text)));
		set_figures(load, &figures);
		json_array_append_new(loads, load);
	}
	return loads;
}

static json_t *servers_of(const struct report *report)
{
	json_t *servers = json_array();

	for (unsigned i = 0; i < report->config->n_servers; i++) {
		const struct config_server *from = &report->config->servers[i];
		const struct http_server_results *results = &report->servers[i];
		json_t *server = json_object();
		char text[REPORT_LISTEN_BYTES];

		json_object_set_new(server, "stack", json_string(from->stack));
		json_object_set_new(server, "listen", json_string(report_listen(from, text)));
		set_count(server, "accepted", results->server.accepted);
		set_count(server, "closed", results->server.closed);
		set_count(server, "failed", results->server.failed);
		set_count(server, "requests", results->requests);
		set_count(server, "responses", results->responses);
		set_count(server, "refusals", results->refusals);
		set_count(server, "tx_bytes", results->server.tx_bytes);
		set_count(server, "rx_bytes", results->server.rx_bytes);
		json_array_append_new(servers, server);
	}
	return servers;
}

static json_t *relays_of(const struct report *report)
{
	json_t *relays = json_array();

	for (unsigned i = 0; i < report->config->n_relays; i++) {
		const struct report_relay *from = &report->relays[i];
		const char *const ends[2] = {from->relay->left, from->relay->right};

		for (unsigned side = 0; side < 2; side++) {
			json_t *way = json_object();

			json_object_set_new(way, "from", json_string(ends[side]));
			json_object_set_new(way, "to", json_string(ends[1 - side]));
			set_count(way, "frames", from->lanes[side].frames);
			set_count(way, "bytes", from->lanes[side].bytes);
			set_count(way, "sent", from->lanes[side].sent);
			set_count(way, "lost", from->lanes[side].lost);
			json_array_append_new(relays, way);
		}
	}
	return relays;
}

static json_t *relay_accounts_of(const struct report *report)
{
	json_t *accounts = json_array();

	for (unsigned i = 0; i < report->config->n_relays; i++) {
		const struct report_relay *from = &report->relays[i];
		json_t *relay = json_object();

		json_object_set_new(relay, "left", json_string(from->relay->left));
		json_object_set_new(relay, "right", json_string(from->relay->right));
		json_object_set_new(relay, "account", report_account_json(&from->account));
		json_array_append_new(accounts, relay);
	}
	return accounts;
}

int report_write_json(const struct report *report, FILE *out)
{
	struct figures figures = report->config->n_loads
		? figures_of_load(report, report_all_loads(report))
		: figures_of_server(report, &report->all_servers);
	json_t *root = json_object();
	int error;

	set_count(root, "schema", SCHEMA);
	set_figures(root, &figures);
	json_object_set_new(root, "books", books_of(report));
	if (report->config->n_loads > 1)
		json_object_set_new(root, "loads", loads_of(report));
	if (report->config->n_servers)
		json_object_set_new(root, "servers", servers_of(report));
	if (report->config->n_relays) {
		json_object_set_new(root, "relays", relays_of(report));
		json_object_set_new(root, "relay_accounts", relay_accounts_of(report));
	}
	error = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(SIGNIFICANT_DIGITS));
	json_decref(root);
	if (error || fputc('\n', out) == EOF || fflush(out))
		return -EIO;
	return 0;
}
