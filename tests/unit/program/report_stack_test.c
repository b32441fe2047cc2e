// SPDX-License-Identifier: BSD-3-Clause
//
// What a report tells of each stack: where the cycles of its worker went, what it and its
// connections went by, and what it lost.
// Rooms: apps/report_stack_table, apps/report_stack_json, apps/report_losses.
#include "report_fixture.h"

#include <string.h>

// An entry of books.stacks.
static const json_t *stack_json(const json_t *json, unsigned index)
{
	const json_t *books = json_object_get(json, "books");

	return json_array_get(json_object_get(books, "stacks"), index);
}

// What 10 sampled turns with work, and 30 without, come to.
static void fill_account(struct worker_account *account)
{
	*account = (struct worker_account){
		.turns = 6000,
		.turns_idle = 4500,
		.turns_sampled = 40,
		.turns_sampled_idle = 30,
		.turns_interrupted = 2,
		.received = 60,
		.sent = 40,
		.events = 50,
		.cycles = {1000, 4000, 500, 2000, 1500, 1000},
		.cycles_idle = 10000,
		.tsc_hz = 2600000000,
	};
}

static void json_has_the_account_of_each_worker(void **state)
{
	static const struct {
		const char *key;
		double value;
	} figures[] = {
		{"tsc_hz", 2.6e9},
		{"turns", 6000},
		{"turns_busy", 1500},
		{"turns_idle", 4500},
		{"turns_sampled", 40},
		{"turns_sampled_idle", 30},
		{"turns_interrupted", 2},
		{"packets_received", 60},
		{"packets_sent", 40},
		{"packets", 100},
		{"events", 50},
		{"cycles_receive", 1000},
		{"cycles_input", 4000},
		{"cycles_poll", 500},
		{"cycles_application", 2000},
		{"cycles_output", 1500},
		{"cycles_transmit", 1000},
		{"cycles_busy", 10000},
		{"cycles_idle", 10000},
		{"cycles_per_packet", 100},
		{"cycles_per_event", 200},
	};
	struct report *report = *state;
	json_t *json;

	fill_account(&report->workers[1].account);
	json = written(report);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		assert_float_equal(number(stack_json(json, 1), "account", figures[i].key),
				   figures[i].value, 0);
	// A worker that has done nothing has no cycles per anything.
	assert_true(json_is_null(json_object_get(json_object_get(stack_json(json, 0), "account"),
						 "cycles_per_packet")));
	json_decref(json);
}

static void the_table_shows_where_the_cycles_went(void **state)
{
	struct report *report = *state;

	fill_account(&report->workers[1].account);
	assert_non_null(strstr(printed(report),
			       "  client 0         5.0%  20.0%   2.5%  10.0%   7.5%   5.0%  50.0%"
			       "      100      200      25.0%\n"));
	assert_non_null(strstr(printed(report), "  server 0         0.0%"));
}

static const char *setting(const json_t *json, unsigned index, const char *key)
{
	return json_string_value(
		json_object_get(json_object_get(stack_json(json, index), "settings"), key));
}

static void settings_say_who_verifies_and_who_fills_in(void **state)
{
	struct report *report = *state;
	json_t *json;

	report->workers[1].settings.offloads = PLX_OFFLOAD_RX_TCP_CHECKSUM
		| PLX_OFFLOAD_TX_IPV4_CHECKSUM;
	report->workers[1].settings.syn_cookies = PLX_SYN_COOKIES_NEVER;
	report->ports[1].cuts_segments = true;
	json = written(report);
	assert_string_equal(setting(json, 1, "rx_ipv4_checksum"), "software");
	assert_string_equal(setting(json, 1, "rx_tcp_checksum"), "device");
	assert_string_equal(setting(json, 1, "tx_ipv4_checksum"), "device");
	assert_string_equal(setting(json, 1, "tx_tcp_checksum"), "software");
	assert_string_equal(setting(json, 1, "syn_cookies"), "never");
	assert_string_equal(setting(json, 0, "syn_cookies"), "auto");
	assert_string_equal(setting(json, 0, "rx_tcp_checksum"), "software");
	assert_float_equal(number(stack_json(json, 0), "settings", "time_wait_s"), 60, 0);
	assert_float_equal(number(stack_json(json, 0), "settings", "max_time_wait"), 65536, 0);
	json_decref(json);
	assert_non_null(strstr(printed(report),
			       "  client       checksums in: IPv4 software, "
			       "TCP device; out: IPv4 device, TCP software; "
			       "TSO yes\n"));
	assert_non_null(strstr(printed(report),
			       "MTU 1500, SYN cookies auto, TIME_WAIT 60 s, "
			       "at most 65,536\n"));
}

// Options and what was agreed on come from a connection; without one nothing is made up.
static void settings_of_connections_are_those_of_a_connection(void **state)
{
	struct report *report = *state;
	struct connection_settings *settings = &report->loads[0].settings;
	const json_t *connections, *one;
	json_t *json;

	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++)
		plx_option_bounds((enum plx_option)i, &settings->options[i], NULL, NULL);
	settings->options[PLX_OPTION_CONGESTION] = plx_congestion_index("cubic");
	settings->options[PLX_OPTION_DELAYED_ACK_TIME] = 5 * (int64_t)PLX_MILLISECOND;
	settings->info = (struct plx_info){.has_timestamps = true, .mss_bytes = 1448};
	settings->is_known = true;
	json = written(report);
	connections = json_object_get(json_object_get(stack_json(json, 0), "settings"),
				      "connections");
	assert_int_equal(json_array_size(connections), 0); // the server's
	connections = json_object_get(json_object_get(stack_json(json, 1), "settings"),
				      "connections");
	assert_int_equal(json_array_size(connections), 1);
	one = json_array_get(connections, 0);
	assert_string_equal(json_string_value(json_object_get(one, "of")),
			    "load http://198.18.0.2:80/");
	assert_string_equal(json_string_value(json_object_get(one, "congestion")), "cubic");
	assert_true(json_is_true(json_object_get(one, "delayed_ack")));
	assert_float_equal(json_number_value(json_object_get(one, "delayed_ack_ms")), 5, 0);
	assert_true(json_is_true(json_object_get(one, "timestamps")));
	assert_true(json_is_false(json_object_get(one, "window_scale")));
	assert_int_equal(json_integer_value(json_object_get(one, "max_segment")), 1448);
	assert_int_equal(json_integer_value(json_object_get(one, "send_buffer")), 262144);
	json_decref(json);
	assert_non_null(strstr(printed(report),
			       "http://198.18.0.2:80/: cubic, delayed ACK 5 ms or 2 segments, "
			       "Nagle, buffers 262,144/262,144\n"));
	assert_non_null(strstr(printed(report),
			       "agreed on: timestamps, no window scale, no ECN, "
			       "segments of 1448\n"));
}

// Sets a figure, and takes it back once it was looked at: alone it makes the run lossy, or not.
static void expect_loss(struct report *report, uint64_t *figure, const char *key, bool is_lossy)
{
	json_t *json;

	*figure += 7;
	json = written(report);
	assert_float_equal(number(stack_json(json, 1), "losses", key), 7, 0);
	assert_int_equal(json_is_true(json_object_get(
				 json_object_get(stack_json(json, 1), "losses"), "is_lossy")),
			 is_lossy);
	json_decref(json);
	assert_int_equal(strstr(printed(report), "\nlosses: none\n") == NULL, is_lossy);
	assert_non_null(strstr(printed(report), key));
	*figure -= 7;
}

static void losses_make_a_run_lossy(void **state)
{
	struct report *report = *state;
	struct report_worker *worker = &report->workers[1];
	uint64_t *counters = worker->stats.counters, *drops = worker->stats.drops;
	struct port_stats *port = &report->ports[1].stats;

	for (unsigned i = 0; i < 2; i++)
		report->workers[i].stats.drops[PLX_DROP_TCP_DUPLICATE] = 0;
	drops[PLX_DROP_ARP_NOT_FOR_US] = 1000; // never meant for us
	expect_loss(report, &counters[PLX_COUNTER_TCP_RETRANSMITS], "retransmits", true);
	expect_loss(report, &counters[PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS], "syn_ack_retransmits",
		    true);
	expect_loss(report, &counters[PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED], "packets_given_up",
		    true);
	expect_loss(report, &counters[PLX_COUNTER_ANSWER_QUEUE_FULL], "packets_given_up", true);
	expect_loss(report, &counters[PLX_COUNTER_TCP_OUT_OF_ORDER_PRUNED], "frames_no_room", true);
	expect_loss(report, &drops[PLX_DROP_TCP_NO_BUFFER], "frames_no_room", true);
	expect_loss(report, &drops[PLX_DROP_TCP_LISTENER_BACKLOG], "frames_no_room", true);
	expect_loss(report, &drops[PLX_DROP_TCP_CHECKSUM], "frames_damaged", true);
	expect_loss(report, &drops[PLX_DROP_TCP_DUPLICATE], "frames_refused", false);
	expect_loss(report, &port->rx_missed, "rx_missed", true);
	expect_loss(report, &port->rx_no_buffer, "rx_no_buffer", true);
	expect_loss(report, &port->rx_errors, "rx_errors", true);
	expect_loss(report, &port->tx_errors, "tx_errors", true);
	expect_loss(report, &port->rx_impairment.overflowed, "lost_on_purpose", true);
	expect_loss(report, &worker->counters.tx_refused, "tx_refused", false);
	expect_loss(report, &worker->counters.tx_no_link, "tx_no_link", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(json_has_the_account_of_each_worker),
		REPORT_TEST(the_table_shows_where_the_cycles_went),
		REPORT_TEST(settings_say_who_verifies_and_who_fills_in),
		REPORT_TEST(settings_of_connections_are_those_of_a_connection),
		REPORT_TEST(losses_make_a_run_lossy),
	};

	return cmocka_run_group_tests_name("report of stacks", tests, NULL, NULL);
}
