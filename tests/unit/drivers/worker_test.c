// SPDX-License-Identifier: BSD-3-Clause
//
// A run from its start to its end: who is asked what, in which order, how long it takes, what a
// signal does. The applications only keep a diary. Each test is a child process with a system on a
// loopback.
#include "drivers/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "support/cmocka_headers.h"

// What one application was asked, and how it answers.
struct diary {
	struct system *system;
	unsigned starts;
	unsigned runs;
	unsigned stops;
	plx_time started_at;
	plx_time stopped_at;
	plx_time finished_at;
	// the answers
	int start_code;
	plx_duration finishes_after_start; // 0 = only after stop
	plx_duration finishes_after_stop;
	bool never_finishes;
	plx_duration signals_after_start; // 0 = does not
	plx_duration signals_after_stop;
	unsigned signals;
};

static struct diary left, right;

static int on_start(void *context, struct plx_stack *stack, plx_time now)
{
	struct diary *diary = context;

	CHILD_CHECK(stack != NULL);
	diary->starts++;
	diary->started_at = now;
	return diary->start_code;
}

static void raise_when_due(struct diary *diary, plx_time from, plx_duration after, plx_time now,
			   unsigned nth)
{
	if (after == 0 || from == 0 || diary->signals >= nth || now < from + after)
		return;
	diary->signals++;
	kill(getpid(), SIGTERM);
}

static plx_time on_run(void *context, plx_time now)
{
	struct diary *diary = context;

	diary->runs++;
	raise_when_due(diary, diary->started_at, diary->signals_after_start, now, 1);
	raise_when_due(diary, diary->stopped_at, diary->signals_after_stop, now, 2);
	return now + PLX_MILLISECOND;
}

static void on_stop(void *context, plx_time now)
{
	struct diary *diary = context;

	diary->stops++;
	diary->stopped_at = now;
}

static bool has_finished(void *context)
{
	struct diary *diary = context;
	plx_time now = system_now(diary->system);
	bool by_itself = diary->finishes_after_start != 0
		&& now >= diary->started_at + diary->finishes_after_start;
	bool after_stop = diary->stops > 0 && now >= diary->stopped_at + diary->finishes_after_stop;

	if (diary->never_finishes || (!by_itself && !after_stop))
		return false;
	if (diary->finished_at == 0)
		diary->finished_at = now;
	return true;
}

static void give_diary(struct system *system, unsigned worker, struct diary *diary, bool ends_run)
{
	diary->system = system;
	system_worker(system, worker)->application = (struct worker_application){
		.context = diary,
		.start = on_start,
		.run = on_run,
		.stop = on_stop,
		.is_finished = has_finished,
		.ends_run = ends_run,
	};
}

// `right` serves, `left` loads; both answer as their diaries say.
static struct worker_run_result run_diaries(const struct worker_run_config *config)
{
	struct system_config *description = child_loopback_config();
	struct system *system = child_start(description);
	struct worker_run_result result;

	give_diary(system, 0, &left, true);
	give_diary(system, 1, &right, false);
	result = child_run_workers(system, config);
	child_stop(system);
	return result;
}

static void run_for_a_duration(void)
{
	struct worker_run_config config = {.duration = 100 * PLX_MILLISECOND};
	struct worker_run_result result = run_diaries(&config);

	CHILD_CHECK(result.end == WORKER_END_FINISHED);
	CHILD_CHECK(!result.signalled);
	CHILD_CHECK(result.elapsed >= config.duration);
	CHILD_CHECK(left.starts == 1 && right.starts == 1);
	CHILD_CHECK(left.stops == 1 && right.stops == 1);
	CHILD_CHECK(left.runs > 1 && right.runs > 1);
}

static void the_duration_ends_a_run(void **state)
{
	(void)state;
	child_run_ok(run_for_a_duration);
}

static void run_with_a_slow_load(void)
{
	struct worker_run_config config = {.duration = 20 * PLX_MILLISECOND};

	left.finishes_after_stop = 100 * PLX_MILLISECOND;
	CHILD_CHECK(run_diaries(&config).end == WORKER_END_FINISHED);
	CHILD_CHECK(left.finished_at - left.stopped_at >= left.finishes_after_stop);
	CHILD_CHECK(right.stopped_at >= left.finished_at);
}

static void servers_are_stopped_when_the_loads_have_ended(void **state)
{
	(void)state;
	child_run_ok(run_with_a_slow_load);
}

static void run_until_the_load_has_finished(void)
{
	struct worker_run_config config = {.grace = 20 * PLX_SECOND};
	struct worker_run_result result;

	left.finishes_after_start = 100 * PLX_MILLISECOND;
	result = run_diaries(&config);
	CHILD_CHECK(result.end == WORKER_END_FINISHED);
	CHILD_CHECK(result.elapsed >= 90 * PLX_MILLISECOND);
	CHILD_CHECK(!result.signalled);
	CHILD_CHECK(right.stops == 1);
}

static void finished_loads_end_a_run_without_duration(void **state)
{
	struct child_result result = child_run_ok(run_until_the_load_has_finished);

	(void)state;
	assert_true(result.seconds < 15); // the control thread was woken, it did not wait for grace
}

static void run_without_an_end(void)
{
	struct worker_run_config config = {.duration = 10 * PLX_MILLISECOND,
					   .grace = 200 * PLX_MILLISECOND};
	struct worker_run_result result;

	left.never_finishes = true;
	result = run_diaries(&config);
	CHILD_CHECK(result.end == WORKER_END_GRACE_OVER);
	CHILD_CHECK(left.stops == 1);
	CHILD_CHECK(right.stops == 1); // although the loads had not ended
}

static void the_grace_time_ends_what_does_not_end(void **state)
{
	(void)state;
	child_run_ok(run_without_an_end);
}

static void run_until_a_signal(void)
{
	struct worker_run_config config = {.handle_signals = true};
	struct worker_run_result result;

	right.signals_after_start = 50 * PLX_MILLISECOND;
	left.finishes_after_stop = 50 * PLX_MILLISECOND;
	result = run_diaries(&config);
	CHILD_CHECK(result.end == WORKER_END_FINISHED);
	CHILD_CHECK(result.signalled);
	CHILD_CHECK(left.finished_at != 0);
}

static void the_first_signal_ends_a_run_in_order(void **state)
{
	(void)state;
	child_run_ok(run_until_a_signal);
}

static void run_until_two_signals(void)
{
	struct worker_run_config config = {.handle_signals = true, .grace = 25 * PLX_SECOND};
	struct worker_run_result result;

	left.never_finishes = true;
	left.signals_after_start = 50 * PLX_MILLISECOND;
	left.signals_after_stop = 50 * PLX_MILLISECOND;
	result = run_diaries(&config);
	CHILD_CHECK(result.end == WORKER_END_INTERRUPTED);
	CHILD_CHECK(result.signalled);
	CHILD_CHECK(left.signals == 2);
}

static void the_second_signal_ends_it_at_once(void **state)
{
	struct child_result result = child_run_ok(run_until_two_signals);

	(void)state;
	assert_true(result.seconds < 15);
}

static void run_without_handling_signals(void)
{
	struct worker_run_config config = {.duration = 5 * PLX_SECOND};

	right.signals_after_start = PLX_MILLISECOND;
	run_diaries(&config);
}

static void signals_are_left_alone_unless_asked_for(void **state)
{
	struct child_result result = child_run(run_without_handling_signals);

	(void)state;
	assert_int_equal(result.status, 128 + SIGTERM);
}

static void run_with_a_start_that_fails(void)
{
	struct worker_run_config config = {.duration = 25 * PLX_SECOND};

	right.start_code = -EADDRINUSE;
	run_diaries(&config);
}

static void an_application_that_does_not_start_ends_the_run(void **state)
{
	struct child_result result = child_run(run_with_a_start_that_fails);

	(void)state;
	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.output,
			       "pollux: stack right: its application does not start: "
			       "Address already in use; "));
	assert_true(result.seconds < 15);
}

static unsigned seconds_reported;

static void on_second(void *context, plx_duration elapsed)
{
	CHILD_CHECK(context == &seconds_reported);
	seconds_reported++;
	CHILD_CHECK(elapsed >= seconds_reported * PLX_SECOND);
}

static void run_for_two_seconds(void)
{
	uint64_t elapsed_seconds;
	struct worker_run_config config = {
		.duration = 2200 * PLX_MILLISECOND,
		.on_second = on_second,
		.context = &seconds_reported,
	};

	elapsed_seconds = run_diaries(&config).elapsed / PLX_SECOND + 1;
	CHILD_CHECK(seconds_reported >= 1); // fewer than two on a machine that stalls
	CHILD_CHECK(seconds_reported <= elapsed_seconds);
}

static void progress_is_reported_once_a_second(void **state)
{
	(void)state;
	child_run_ok(run_for_two_seconds);
}

static void run_without_applications(void)
{
	struct system_config *description = child_loopback_config();
	struct system *system = child_start(description);
	struct worker_run_config config = {.duration = 20 * PLX_MILLISECOND};

	CHILD_CHECK(child_run_workers(system, &config).end == WORKER_END_FINISHED);
	child_stop(system);
}

static void run_without_a_peer(void)
{
	struct worker_run_config config = {.duration = 20 * PLX_MILLISECOND,
					   .grace = 20 * PLX_SECOND};
	struct system_config *description = child_loopback_config();
	struct system *system;

	description->n_ports = description->n_stacks = 1;
	snprintf(description->ports[0].device, SYSTEM_DEVICE_BYTES,
		 "net_memif0,role=server,socket=pollux-worker-test-%d", getpid());
	system = child_start(description);
	give_diary(system, 0, &right, false);
	CHILD_CHECK(child_run_workers(system, &config).end == WORKER_END_FINISHED);
	CHILD_CHECK(system_worker(system, 0)->n_unsent == 0);
	CHILD_CHECK(system_worker(system, 0)->counters.tx_no_link > 0); // its announcement
	child_stop(system);
}

static void frames_that_nobody_takes_are_lost_without_a_link(void **state)
{
	struct child_result result = child_run_ok(run_without_a_peer);

	(void)state;
	assert_true(result.seconds < 15);
}

static void a_worker_needs_no_application(void **state)
{
	(void)state;
	child_run_ok(run_without_applications);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_duration_ends_a_run),
		cmocka_unit_test(servers_are_stopped_when_the_loads_have_ended),
		cmocka_unit_test(finished_loads_end_a_run_without_duration),
		cmocka_unit_test(the_grace_time_ends_what_does_not_end),
		cmocka_unit_test(the_first_signal_ends_a_run_in_order),
		cmocka_unit_test(the_second_signal_ends_it_at_once),
		cmocka_unit_test(signals_are_left_alone_unless_asked_for),
		cmocka_unit_test(an_application_that_does_not_start_ends_the_run),
		cmocka_unit_test(progress_is_reported_once_a_second),
		cmocka_unit_test(a_worker_needs_no_application),
		cmocka_unit_test(frames_that_nobody_takes_are_lost_without_a_link),
	};

	return cmocka_run_group_tests_name("drivers/worker", tests, NULL, NULL);
}
