// SPDX-License-Identifier: BSD-3-Clause
//
// What a run came to, from figures made by hand: books that do not close say why and spoil the run,
// the table has what was asked for, and the JSON has its keys in their order whatever ran.
// Rooms: apps/report, apps/report_table, apps/report_json.
#include "report_fixture.h"

#include <string.h>

// The books of a report that has been changed do not close; for this reason.
static void expect_open_books(struct report *report, const char *why)
{
	char reason[REPORT_REASON_BYTES];
	json_t *json;

	assert_non_null(report_check_books(report, reason));
	assert_string_equal(reason, why);
	assert_false(report_is_good(report));
	assert_non_null(strstr(printed(report), why));
	assert_null(strstr(printed(report), "books: closed"));
	json = written(report);
	assert_false(json_is_true(json_object_get(json_object_get(json, "books"), "closed")));
	json_decref(json);
}

static void a_run_without_fault_is_good(void **state)
{
	struct report *report = *state;
	char reason[REPORT_REASON_BYTES];

	assert_null(report_check_books(report, reason));
	assert_true(report_is_good(report));
	assert_non_null(
		strstr(printed(report), "books: closed (140 frames, 8 connections, 1,000 mbufs)"));
}

static void a_frame_without_a_fate_opens_the_books(void **state)
{
	struct report *report = *state;
	struct report_worker *worker = &report->workers[1];

	worker->stats.counters[PLX_COUNTER_FATE_CONSUMED]--;
	worker->books = plx_books_of(&worker->stats);
	expect_open_books(report, "stack client worker 0: 70 frames came in, 69 have a fate");
}

static void a_frame_lost_on_the_way_in_opens_the_books(void **state)
{
	struct report *report = *state;

	report->workers[0].counters.rx_frames++;
	expect_open_books(report,
			  "stack server worker 0: 71 frames were received, it was given 70");
}

static void a_frame_lost_on_the_way_out_opens_the_books(void **state)
{
	struct report *report = *state;

	report->workers[0].n_unsent = 0;
	expect_open_books(report, "stack server worker 0: it gave out 50 frames, 49 were sent");
}

static void a_lost_connection_opens_the_books(void **state)
{
	struct report *report = *state;
	struct report_worker *worker = &report->workers[0];

	worker->stats.counters[PLX_COUNTER_CONN_CLOSED]--;
	worker->books = plx_books_of(&worker->stats);
	expect_open_books(report,
			  "stack server worker 0: 4 connections were opened, 3 have ended "
			  "or are open");
}

static void a_lost_request_opens_the_books(void **state)
{
	struct report *report = *state;

	report->loads[1].requests_answered--;
	expect_open_books(report, "loads: 8000 requests were sent, 7999 answered or failed");
}

static void a_lost_mbuf_opens_the_books(void **state)
{
	struct report *report = *state;

	report->mbufs = (struct system_books){.mbufs = 1000, .mbufs_missing = 1};
	expect_open_books(report, "1 of 1000 mbufs did not come back");
}

// Cut short, a load may have requests and connections left.
static void an_interrupted_load_owes_nothing(void **state)
{
	struct report *report = *state;

	report->result.end = WORKER_END_INTERRUPTED;
	report->loads[1].requests_answered--;
	assert_true(report_is_good(report));
	assert_non_null(strstr(printed(report), "interrupted with 0 connections open"));
}

static void failures_spoil_a_run(void **state)
{
	struct report *report = *state;
	struct load_results *all = &report->loads[1];

	all->requests_answered--;
	all->requests_failed++;
	all->errors[LOAD_ERROR_BAD_STATUS] = 1;
	assert_false(report_is_good(report));
	all->requests_answered++;
	all->requests_failed--;
	assert_true(report_is_good(report));
	all->connections_closed--;
	all->connections_failed++;
	assert_false(report_is_good(report));
}

static void a_load_without_an_answer_is_no_success(void **state)
{
	struct report *report = *state;

	report->loads[1].requests_sent = report->loads[1].requests_answered = 0;
	assert_false(report_is_good(report));
}

static void the_table_names_what_was_dropped_and_why(void **state)
{
	struct report *report = *state;

	assert_non_null(strstr(printed(report), plx_drop_text(PLX_DROP_TCP_DUPLICATE)));
	for (unsigned i = 0; i < 2; i++) {
		report->workers[i].stats.drops[PLX_DROP_TCP_DUPLICATE] = 0;
		report->workers[i].stats.counters[PLX_COUNTER_FATE_ANSWERED] += 3;
		report->workers[i].books = plx_books_of(&report->workers[i].stats);
	}
	assert_null(strstr(printed(report), "drops"));
}

static void a_load_without_time_wait_says_so(void **state)
{
	struct report *report = *state;
	struct config *config = (struct config *)report->config;

	assert_null(strstr(printed(report), "TIME_WAIT 0"));
	config->stacks[1].time_wait = 0;
	assert_non_null(strstr(printed(report), "TIME_WAIT 0 (load generation)"));
}

static void json_keys_keep_their_order(void **state)
{
	static const char *const keys[] = {"schema", "duration_s", "connections", "requests",
					   "bytes",  "errors",	   "latency_us",  "rates",
					   "books",  "servers"};
	json_t *json = written(*state);
	void *at = json_object_iter(json);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_non_null(at);
		assert_string_equal(json_object_iter_key(at), keys[i]);
		at = json_object_iter_next(json, at);
	}
	assert_null(at);
	json_decref(json);
}

static void json_has_the_figures_of_the_load(void **state)
{
	struct report *report = *state;
	json_t *json;

	report->loads[1].errors[LOAD_ERROR_TIMEOUT] = 2;
	json = written(report);
	assert_int_equal(json_integer_value(json_object_get(json, "schema")), 1);
	assert_float_equal(json_number_value(json_object_get(json, "duration_s")), 4, 1e-9);
	assert_float_equal(number(json, "requests", "answered"), 8000, 0);
	assert_float_equal(number(json, "rates", "requests_per_s"), 2000, 1e-6);
	assert_float_equal(number(json, "rates", "rx_gbps"), 0.002, 1e-9);
	assert_float_equal(number(json, "latency_us", "p50"), 500, 1);
	assert_float_equal(number(json, "latency_us", "p99_9"), 999, 1);
	assert_float_equal(number(json, "latency_us", "max"), 1000, 0);
	assert_int_equal(json_object_size(json_object_get(json, "errors")), 1);
	assert_float_equal(number(json, "errors", "timeout"), 2, 0);
	assert_true(json_is_true(json_object_get(json_object_get(json, "books"), "closed")));
	json_decref(json);
}

// A server alone: the requests are those it was sent, and nobody has measured a latency.
static void json_of_a_server_has_the_same_keys(void **state)
{
	struct report *report = *state;
	struct config *config = (struct config *)report->config;
	json_t *json;

	config->n_loads = 0;
	load_results_init(&report->loads[0]);
	assert_true(report_is_good(report));
	json = written(report);
	assert_float_equal(number(json, "requests", "answered"), 8000, 0);
	assert_float_equal(number(json, "connections", "opened"), 4, 0);
	assert_true(json_is_null(json_object_get(json_object_get(json, "latency_us"), "p50")));
	assert_float_equal(json_number_value(json_object_get(json, "duration_s")), 5, 1e-9);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(a_run_without_fault_is_good),
		REPORT_TEST(a_frame_without_a_fate_opens_the_books),
		REPORT_TEST(a_frame_lost_on_the_way_in_opens_the_books),
		REPORT_TEST(a_frame_lost_on_the_way_out_opens_the_books),
		REPORT_TEST(a_lost_connection_opens_the_books),
		REPORT_TEST(a_lost_request_opens_the_books),
		REPORT_TEST(a_lost_mbuf_opens_the_books),
		REPORT_TEST(an_interrupted_load_owes_nothing),
		REPORT_TEST(failures_spoil_a_run),
		REPORT_TEST(a_load_without_an_answer_is_no_success),
		REPORT_TEST(the_table_names_what_was_dropped_and_why),
		REPORT_TEST(a_load_without_time_wait_says_so),
		REPORT_TEST(json_keys_keep_their_order),
		REPORT_TEST(json_has_the_figures_of_the_load),
		REPORT_TEST(json_of_a_server_has_the_same_keys),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
