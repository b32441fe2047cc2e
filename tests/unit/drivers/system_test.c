// SPDX-License-Identifier: BSD-3-Clause
//
// Bring-up as an ordinary user without huge pages: what comes up goes down without a trace, what
// cannot come up says where, what and what to do, and a lost mbuf is noticed.
#include "drivers/system.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "child.h"
#include "drivers/port.h"
#include "drivers/system_state.h"
#include "support/cmocka_headers.h"

static const struct worker_run_config a_moment = {.duration = 50 * PLX_MILLISECOND};

static void expect_text(const struct child_result *result, const char *text)
{
	if (strstr(result->output, text) == NULL)
		fail_msg("'%s' is not in what was printed:\n%s", text, result->output);
}

static void expect_no_text(const struct child_result *result, const char *text)
{
	if (strstr(result->output, text) != NULL)
		fail_msg("'%s' is in what was printed:\n%s", text, result->output);
}

// A child that must not come up.
static struct child_result run_refused(void (*body)(void))
{
	struct child_result result = child_run(body);

	if (result.status != 1)
		fail_msg("status %d instead of 1:\n%s", result.status, result.output);
	expect_no_text(&result, "LeakSanitizer");
	return result;
}

static void loopback_up_and_down(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system = child_start(config);
	char runtime_dir[256];
	struct plx_stats stats = {.size = sizeof(stats)};

	memset(config, 0xff, sizeof(*config)); // it has its own copy
	snprintf(runtime_dir, sizeof(runtime_dir), "%s", rte_eal_get_runtime_dir());
	CHILD_CHECK(access(runtime_dir, F_OK) != 0);
	CHILD_CHECK(system_workers(system) == 2);
	CHILD_CHECK(system_ports(system) == 2);
	CHILD_CHECK(system_worker(system, 2) == NULL);
	CHILD_CHECK(system_port(system, 2) == NULL);
	CHILD_CHECK(strcmp(port_driver(system_port(system, 0)), "loopback") == 0);
	CHILD_CHECK(memcmp(port_mac(system_port(system, 0)), port_mac(system_port(system, 1)), 6)
		    != 0);
	CHILD_CHECK(child_run_workers(system, &a_moment).end == WORKER_END_FINISHED);
	CHILD_CHECK(plx_get_stats(system_worker(system, 0)->stack, &stats) == 0);
	CHILD_CHECK(stats.counters[PLX_COUNTER_RX_FRAMES] > 0); // the other's announcement
	child_stop(system);
}

static void a_loopback_comes_up_and_goes_down_without_a_trace(void **state)
{
	struct child_result result = child_run_ok(loopback_up_and_down);

	(void)state;
	expect_no_text(&result, "EAL:");
}

static void loopback_verbose(void)
{
	struct system_config *config = child_loopback_config();

	config->verbose = true;
	child_stop(child_start(config));
}

static void chatter_appears_when_it_is_asked_for(void **state)
{
	struct child_result result = child_run_ok(loopback_verbose);

	(void)state;
	expect_text(&result, "EAL:");
}

static void loopback_with_a_loss(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system = child_start(config);
	struct system_books books;

	CHILD_CHECK(rte_pktmbuf_alloc(system->pools[1]) != NULL);
	system_stop(system, &books);
	CHILD_CHECK(!books.closed);
	CHILD_CHECK(books.mbufs == 2 * 4095);
	CHILD_CHECK(books.mbufs_missing == 1);
}

static void one_mbuf_that_does_not_come_back_opens_the_books(void **state)
{
	(void)state;
	child_run_ok(loopback_with_a_loss);
}

static void start_twice(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system = child_start(config), *second;
	struct system_error error;

	CHILD_CHECK(system_start(config, &second, &error) == -EALREADY);
	CHILD_CHECK(second == NULL);
	CHILD_CHECK(strcmp(error.where, "EAL") == 0);
	child_stop(system);
}

static void a_second_system_in_a_process_is_refused(void **state)
{
	(void)state;
	child_run_ok(start_twice);
}

static void start_on_device(const char *device)
{
	struct system_config *config = child_loopback_config();

	config->n_ports = config->n_stacks = 1;
	strcpy(config->ports[0].device, device);
	child_stop(child_start(config));
}

static void start_on_missing_interface(void)
{
	start_on_device("net_af_packet0,iface=none-such");
}

static void start_on_unknown_driver(void)
{
	start_on_device("net_nonesuch0");
}

static void a_device_that_does_not_come_up_is_named_with_a_remedy(void **state)
{
	struct child_result result = run_refused(start_on_missing_interface);

	(void)state;
	expect_text(&result,
		    "pollux: port left: net_af_packet0,iface=none-such did not come up; "
		    "there is no interface none-such here");
	expect_text(&result, "EAL:"); // and what was kept back comes out

	result = run_refused(start_on_unknown_driver);
	expect_text(&result,
		    "pollux: port left: net_nonesuch0 did not come up; is there a DPDK "
		    "driver of that name");
}

static void start_on_null(void)
{
	start_on_device("net_null0,size=64");
}

static void a_virtual_device_comes_up(void **state)
{
	(void)state;
	child_run_ok(start_on_null);
}

static void start_on_small_mtu_device(void)
{
	struct system_config *config = child_loopback_config();

	config->n_ports = config->n_stacks = 1;
	strcpy(config->ports[0].device, "net_memif0,role=server,socket=pollux-test-mtu");
	config->stacks[0].base.mtu_bytes = 9000;
	child_start(config);
}

static void an_mtu_beyond_the_device_is_refused(void **state)
{
	struct child_result result = run_refused(start_on_small_mtu_device);

	(void)state;
	expect_text(&result,
		    "pollux: port left: an MTU of 9000 is more than net_memif takes, which "
		    "is 1500 bytes; lower the mtu of its stack");
}

static void start_without_listeners(void)
{
	struct system_config *config = child_loopback_config();

	config->stacks[1].base.max_listeners = 0;
	child_start(config);
}

static void what_the_engine_refuses_names_the_stack(void **state)
{
	struct child_result result = run_refused(start_without_listeners);

	(void)state;
	expect_text(&result, "pollux: stack right: max_listeners is not right; give 1 to");
}

static void start_with_little_memory(void)
{
	struct system_config *config = child_loopback_config();

	config->memory_bytes = 8 << 20;
	child_start(config);
}

static void memory_below_the_need_is_refused_with_both_figures(void **state)
{
	struct child_result result = run_refused(start_with_little_memory);
	unsigned needed, given, advised;
	const char *text = strstr(result.output, "pollux: memory: ");

	(void)state;
	assert_non_null(text);
	assert_int_equal(sscanf(text,
				"pollux: memory: %u MB are needed, memory gives %u MB; raise it to "
				"%uM",
				&needed, &given, &advised),
			 3);
	assert_true(needed > 8);
	assert_int_equal(given, 8);
	assert_int_equal(advised, needed);
}

static void start_with_more_than_there_is(void)
{
	struct system_config *config = child_loopback_config();

	config->reserve_bytes = (uint64_t)1 << 50;
	child_start(config);
}

static void a_need_beyond_what_is_present_is_refused(void **state)
{
	struct child_result result = run_refused(start_with_more_than_there_is);

	(void)state;
	expect_text(&result, " MB are present; lower max_connections, mbufs or the workers");
}

static void start_with_much(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system;
	void *reserved;

	// Everything that takes memory, so that the sum is tried.
	for (unsigned i = 0; i < 2; i++) {
		config->stacks[i].workers = 3;
		config->stacks[i].base.mtu_bytes = 9000;
		config->stacks[i].base.max_connections = 100000;
		config->ports[i].rx_descriptors = 4096;
		config->ports[i].impairment.rx.loss_ppm = 1;
		config->ports[i].impairment.tx.loss_ppm = 1;
		config->ports[i].impairment.queue_frames = 16384;
	}
	config->stacks[0].mbufs = config->stacks[1].mbufs = 20000;
	config->reserve_bytes = 50 << 20;
	system = child_start(config);
	CHILD_CHECK(rte_eal_has_hugepages() == system_has_huge_pages(system));
	reserved = rte_malloc("reserve", 49 << 20, 0);
	CHILD_CHECK(reserved != NULL);
	rte_free(reserved);
	child_stop(system);
}

static void the_memory_that_was_added_up_suffices(void **state)
{
	(void)state;
	child_run_ok(start_with_much);
}

static void start_on_one_cpu(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system;
	cpu_set_t one;

	sched_getaffinity(0, sizeof(one), &one);
	for (int cpu = 0, n = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &one) && n++ > 0)
			CPU_CLR(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	config->stacks[0].workers = config->stacks[1].workers = 2;
	system = child_start(config);
	child_run_workers(system, &a_moment);
	for (unsigned i = 0; i < 4; i++) {
		const struct worker *worker = system_worker(system, i);

		CHILD_CHECK(worker->lcore == 1);
		CHILD_CHECK(worker->index == i % 2);
		CHILD_CHECK(worker->plan == i / 2);
		CHILD_CHECK(worker->account.turns > 0);
		CHILD_CHECK(worker->counters.rx_frames > 0); // each pair has its own link
	}
	child_stop(system);
}

static void more_workers_than_cores_take_turns_and_that_is_said(void **state)
{
	struct child_result result = child_run_ok(start_on_one_cpu);

	(void)state;
	expect_text(&result, "pollux: workers: 4 of them share 1 CPU by turns");
}

static void start_with_shims(void)
{
	struct system_config *config = child_loopback_config();
	struct port_stats stats;
	struct system *system;

	config->ports[0].impairment.tx.loss_ppm = 1000000;
	config->ports[1].impairment.tx.delay = 3600 * PLX_SECOND;
	system = child_start(config);
	child_run_workers(system, &a_moment);
	port_get_stats(system_port(system, 0), &stats);
	CHILD_CHECK(stats.tx_impairment.link.lost_at_random > 0);
	CHILD_CHECK(stats.tx_impairment.passed == 0);
	CHILD_CHECK(stats.tx_frames == 0);
	CHILD_CHECK(stats.rx_frames == 0);
	port_get_stats(system_port(system, 1), &stats);
	CHILD_CHECK(stats.tx_impairment.link.frames > 0);
	CHILD_CHECK(stats.tx_impairment.passed == 0);
	CHILD_CHECK(stats.tx_frames == 0);
	child_stop(system); // with frames held back
}

static void a_shim_stands_between_the_stack_and_the_port(void **state)
{
	(void)state;
	child_run_ok(start_with_shims);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loopback_comes_up_and_goes_down_without_a_trace),
		cmocka_unit_test(chatter_appears_when_it_is_asked_for),
		cmocka_unit_test(one_mbuf_that_does_not_come_back_opens_the_books),
		cmocka_unit_test(a_second_system_in_a_process_is_refused),
		cmocka_unit_test(a_device_that_does_not_come_up_is_named_with_a_remedy),
		cmocka_unit_test(a_virtual_device_comes_up),
		cmocka_unit_test(an_mtu_beyond_the_device_is_refused),
		cmocka_unit_test(what_the_engine_refuses_names_the_stack),
		cmocka_unit_test(memory_below_the_need_is_refused_with_both_figures),
		cmocka_unit_test(a_need_beyond_what_is_present_is_refused),
		cmocka_unit_test(the_memory_that_was_added_up_suffices),
		cmocka_unit_test(more_workers_than_cores_take_turns_and_that_is_said),
		cmocka_unit_test(a_shim_stands_between_the_stack_and_the_port),
	};

	return cmocka_run_group_tests_name("drivers/system", tests, NULL, NULL);
}
