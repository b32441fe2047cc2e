// SPDX-License-Identifier: BSD-3-Clause
//
// One worker's applications: each event reaches the one whose connection it is, the earliest wish
// is the worker's, loads alone decide when a run is over, and all must have ended before it is
// left. Room: apps/host_worker.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <string.h>

#include "apps/host_worker.h"

struct fake {
	struct application application;
	int start_code;
	plx_time wanted;
	bool is_finished;
	unsigned starts, events, stops, destroys;
	int32_t last_error;
};

// What the engine is given as `user`.
struct fake_session {
	struct application *application;
	int more;
};

static int fake_start(struct application *application, struct plx_stack *stack, plx_time now)
{
	struct fake *fake = (struct fake *)application;

	(void)stack;
	(void)now;
	fake->starts++;
	return fake->start_code;
}

static void fake_on_event(struct application *application, const struct plx_event *event,
			  plx_time now)
{
	struct fake *fake = (struct fake *)application;

	(void)now;
	fake->events++;
	fake->last_error = event->error;
}

static plx_time fake_run(struct application *application, plx_time now)
{
	(void)now;
	return ((struct fake *)application)->wanted;
}

static void fake_stop(struct application *application, plx_time now)
{
	(void)now;
	((struct fake *)application)->stops++;
}

static bool fake_is_finished(const struct application *application)
{
	return ((const struct fake *)application)->is_finished;
}

static void fake_destroy(struct application *application)
{
	((struct fake *)application)->destroys++;
}

static const struct application_ops fake_ops = {
	.name = "fake",
	.start = fake_start,
	.on_event = fake_on_event,
	.run = fake_run,
	.stop = fake_stop,
	.is_finished = fake_is_finished,
	.destroy = fake_destroy,
};

struct fixture {
	struct host host;
	struct fake server, load;
	struct worker_application worker;
};

static struct fixture *begin(bool has_load)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.server = (struct fake){.application = {&fake_ops}, .wanted = 700};
	f.load = (struct fake){.application = {&fake_ops}, .wanted = 300};
	assert_int_equal(host_add(&f.host, &f.server.application, HOST_SERVER, 0), 0);
	if (has_load)
		assert_int_equal(host_add(&f.host, &f.load.application, HOST_LOAD, 0), 0);
	f.worker = host_callbacks(&f.host);
	return &f;
}

static void end(struct fixture *f)
{
	host_fini(&f->host);
	assert_int_equal(f->server.destroys, 1);
}

static void events_reach_the_application_of_their_connection(void **state)
{
	struct fixture *f = begin(true);
	struct fake_session of_server = {.application = &f->server.application};
	struct fake_session of_load = {.application = &f->load.application};
	const struct plx_event events[] = {
		{.user = &of_load, .error = -1},
		{.user = &of_server, .error = -2},
		{.user = &of_load, .error = -3},
	};

	(void)state;
	f->worker.on_events(f->worker.context, NULL, events, 3, 0);
	assert_int_equal(f->server.events, 1);
	assert_int_equal(f->server.last_error, -2);
	assert_int_equal(f->load.events, 2);
	assert_int_equal(f->load.last_error, -3);
	end(f);
}

static void the_earliest_wish_is_the_workers(void **state)
{
	struct fixture *f = begin(true);

	(void)state;
	assert_int_equal(f->worker.run(f->worker.context, 0), 300);
	f->load.wanted = PLX_TIME_NEVER;
	assert_int_equal(f->worker.run(f->worker.context, 0), 700);
	end(f);
}

static void loads_alone_end_a_run(void **state)
{
	struct fixture *f = begin(true);

	(void)state;
	assert_true(f->worker.ends_run);
	assert_false(f->worker.is_finished(f->worker.context));
	f->load.is_finished = true;
	assert_true(f->worker.is_finished(f->worker.context));
	end(f);
	f = begin(false);
	assert_false(f->worker.ends_run);
	end(f);
}

static void after_stop_all_must_have_ended(void **state)
{
	struct fixture *f = begin(true);

	(void)state;
	f->load.is_finished = true;
	f->worker.stop(f->worker.context, 0);
	assert_int_equal(f->server.stops, 1);
	assert_int_equal(f->load.stops, 1);
	assert_false(f->worker.is_finished(f->worker.context));
	f->server.is_finished = true;
	assert_true(f->worker.is_finished(f->worker.context));
	end(f);
}

static void the_first_that_does_not_start_is_remembered(void **state)
{
	struct fixture *f = begin(true);

	(void)state;
	f->load.start_code = -EADDRINUSE;
	assert_int_equal(f->worker.start(f->worker.context, NULL, 0), -EADDRINUSE);
	assert_int_equal(f->server.starts, 1);
	assert_int_equal(f->host.start_code, -EADDRINUSE);
	assert_int_equal(f->host.not_started, 1);
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_reach_the_application_of_their_connection),
		cmocka_unit_test(the_earliest_wish_is_the_workers),
		cmocka_unit_test(loads_alone_end_a_run),
		cmocka_unit_test(after_stop_all_must_have_ended),
		cmocka_unit_test(the_first_that_does_not_start_is_remembered),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
