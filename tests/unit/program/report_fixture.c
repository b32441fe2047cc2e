// SPDX-License-Identifier: BSD-3-Clause
//
// Figures made by hand: a loopback with one load and one server, a worker each, and nothing lost.
// See report_fixture.h.
#include "report_fixture.h"

#include <stdlib.h>
#include <string.h>

// A run in which all went well: one load, one server, one worker each.
int report_setup(void **state)
{
	static struct config_errors errors;
	struct config *config = config_create();
	struct report *report;

	config_errors_init(&errors, NULL);
	assert_int_equal(config_load_file(config, SOURCE_ROOT "/config/loopback.yaml", &errors), 0);
	report = report_create(config);
	report->result = (struct worker_run_result){.end = WORKER_END_FINISHED,
						    .elapsed = 5 * PLX_SECOND};
	report->duration = 5 * PLX_SECOND;
	report->mbufs = (struct system_books){.closed = true, .mbufs = 1000};
	report->n_workers = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct report_worker *worker = &report->workers[i];

		worker->stack = &config->stacks[i];
		worker->stats.size = sizeof(worker->stats);
		worker->stats.counters[PLX_COUNTER_RX_FRAMES] = 70;
		worker->stats.counters[PLX_COUNTER_FATE_CONSUMED] = 60;
		worker->stats.counters[PLX_COUNTER_FATE_ANSWERED] = 7;
		worker->stats.drops[PLX_DROP_TCP_DUPLICATE] = 3;
		worker->stats.counters[PLX_COUNTER_TX_FRAMES] = 50;
		worker->stats.counters[PLX_COUNTER_CONN_OPENED_ACTIVE] = 4;
		worker->stats.counters[PLX_COUNTER_CONN_CLOSED] = 4;
		worker->counters = (struct worker_counters){.rx_frames = 70, .tx_frames = 49};
		worker->n_unsent = 1;
		worker->books = plx_books_of(&worker->stats);
		worker->settings = (struct plx_settings){
			.mtu_bytes = 1500, .time_wait = 60 * PLX_SECOND, .max_time_wait = 65536};
		report->ports[i].port = &config->ports[i];
		strcpy(report->ports[i].driver, "loopback");
	}
	for (unsigned i = 0; i < 2; i++) { // the load, and the sum of all
		struct load_results *load = &report->loads[i];

		load_results_init(load);
		load->started = 1000;
		load->ended = 1000 + 4 * PLX_SECOND;
		load->connections_opened = load->connections_closed = 4;
		load->requests_sent = load->requests_answered = 8000;
		load->rx_bytes = 1000000;
		for (unsigned k = 1; k <= 1000; k++)
			histogram_record(&load->latency, k * 1000);
	}
	report->servers[0].requests = report->servers[0].responses = 8000;
	report->servers[0].server.accepted = report->servers[0].server.closed = 4;
	report->all_servers = report->servers[0];
	*state = report;
	return 0;
}

int report_teardown(void **state)
{
	struct report *report = *state;
	struct config *config = (struct config *)report->config;

	report_destroy(report);
	config_destroy(config);
	return 0;
}

const char *printed(const struct report *report)
{
	static char text[1 << 16];
	FILE *out = fmemopen(text, sizeof(text), "w");

	report_print(report, out);
	fclose(out);
	return text;
}

json_t *written(const struct report *report)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json;

	assert_int_equal(report_write_json(report, out), 0);
	fclose(out);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

double number(const json_t *json, const char *object, const char *key)
{
	const json_t *value = json_object_get(json_object_get(json, object), key);

	assert_true(json_is_number(value));
	return json_number_value(value);
}
