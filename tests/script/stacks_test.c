// SPDX-License-Identifier: BSD-3-Clause
//
// Stacks are islands: several in one process share nothing but the pool they were given, a seed repeats a
// run, and what a port offers to do is done by the port. pollux/stack.h, architecture rules 1, 2 and 7.
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { STACKS = 4 };

static struct plx_stack *another_stack(struct fixture *f, uint64_t seed)
{
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 24};
	struct plx_stack_config config = f->config;
	struct plx_stack *stack = NULL;

	config.addresses = &address;
	config.n_addresses = 1;
	config.neighbors = NULL;
	config.n_neighbors = 0;
	config.link = PLX_LINK_IP;
	memset(config.mac, 0, sizeof(config.mac));
	config.seed = seed;
	assert_int_equal(plx_stack_create(&config, &stack, NULL), 0);
	return stack;
}

static unsigned frames_of(struct plx_stack *stack, plx_time now)
{
	struct rte_mbuf *frames[16];
	unsigned n = plx_output(stack, frames, 16, now);

	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

// The same address, port and tuple in each of them, and each knows its own only.
static void stacks_share_nothing(void **state)
{
	struct fixture *f = fixture_established(state);
	struct plx_stack *others[STACKS];
	plx_conn listener;

	for (unsigned i = 0; i < STACKS; i++) {
		struct plx_listen_args args = {.port = FIXTURE_PORT};

		others[i] = another_stack(f, i);
		assert_int_equal(plx_listen(others[i], &args, &listener), 0);
	}
	segment_arrives(f, SEG(.len = 10));
	user_receives(f, 10);
	for (unsigned i = 0; i < STACKS; i++) {
		struct plx_stats stats = {.size = sizeof(stats)};

		assert_int_equal(plx_get_stats(others[i], &stats), 0);
		assert_int_equal(stats.counters[PLX_COUNTER_RX_FRAMES], 0);
		assert_int_equal(stats.connections, 0);
		assert_int_equal(stats.listeners, 1);
		assert_int_equal(frames_of(others[i], f->now), 0);
	}
	for (unsigned i = 0; i < STACKS; i++)
		plx_stack_destroy(others[i]);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	user_receives(f, 10);
	forget_output(f);
}

// A handle means nothing in another stack.
static void handle_of_another_stack_is_stale(void **state)
{
	struct fixture *f = fixture_established(state);
	struct plx_stack *other = another_stack(f, 5);

	assert_int_equal(plx_readable(other, f->conn), -EBADF);
	assert_int_equal(plx_abort(other, f->conn), -EBADF);
	assert_int_equal(plx_readable(f->stack, f->conn), 0);
	plx_stack_destroy(other);
}

// Destroyed in the middle of everything: no segment, no leak.
static void destroying_a_busy_stack_leaves_nothing_behind(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_stack *stack = another_stack(f, 6);
	unsigned before = mbufs_in_use(f->config.pool);
	struct plx_connect_args args = {.remote = f->to_stack.src, .remote_port = 80};
	char data[5000] = {0};

	for (unsigned i = 0; i < 10; i++) {
		plx_conn conn;

		assert_int_equal(plx_connect(stack, &args, &conn), 0);
		assert_int_equal(plx_send(stack, conn, data, sizeof(data)), sizeof(data));
	}
	assert_true(frames_of(stack, f->now) > 0);
	plx_stack_destroy(stack);
	assert_int_equal(mbufs_in_use(f->config.pool), before);
}

static uint64_t first_syn(struct plx_stack *stack, struct fixture *f)
{
	struct plx_connect_args args = {.remote = f->to_stack.src, .remote_port = 80};
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	struct rte_mbuf *m;
	struct frame frame;
	plx_conn conn;

	assert_int_equal(plx_connect(stack, &args, &conn), 0);
	assert_int_equal(plx_output(stack, &m, 1, f->now), 1);
	assert_true(frame_read(bytes, mbufs_copy_out(m, bytes), PLX_LINK_IP, &frame));
	rte_pktmbuf_free(m);
	return (uint64_t)frame.tcp.seq << 16 | frame.tcp.src_port;
}

static void equal_seeds_repeat_and_others_do_not(void **state)
{
	struct fixture *f = fixture_bare(state);
	uint64_t syns[4];

	for (unsigned i = 0; i < 4; i++) {
		struct plx_stack *stack = another_stack(f, i / 2);

		syns[i] = first_syn(stack, f);
		plx_stack_destroy(stack);
	}
	assert_true(syns[0] == syns[1]);
	assert_true(syns[2] == syns[3]);
	assert_true(syns[0] != syns[2]);
}

// Not seeded: secrets come from the kernel, and no two stacks are alike.
static void unseeded_stacks_differ(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_stack *a, *b;

	f->config.seeded = false;
	a = another_stack(f, 1);
	b = another_stack(f, 1);
	assert_true(first_syn(a, f) != first_syn(b, f));
	plx_stack_destroy(a);
	plx_stack_destroy(b);
}

// plx_stack_bytes() foretells what plx_stack_create() takes, and grows with what is asked for.
static void memory_is_foretold(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_stack_config config = f->config;
	size_t small, large;

	config.n_addresses = 0;
	config.pool = NULL;
	small = plx_stack_bytes(&config);
	config.max_connections += 1000;
	large = plx_stack_bytes(&config);
	assert_true(small > 0);
	assert_true(large - small >= 1000 * 320);
	assert_true(large - small <= 1000 * 512);
}

// Architecture rule 7: where the port computes checksums they are left to it, and the same bytes reach the
// wire. The fixture's port checks how each frame was prepared, finishes it, and the judge looks at it then.
static void offloaded_checksums_are_left_to_the_port(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct rte_mbuf *m = NULL;

	f->config.offloads = PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM
		| PLX_OFFLOAD_TX_MULTI_SEGS;
	f->peer.timestamps = true;
	fixture_established(state);
	user_sends(f, 5000);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.flags = TCP_ACK));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5000, .len = 11));
	forget_output(f);
	user_closes(f);
	assert_int_equal(plx_output(f->stack, &m, 1, f->now), 1);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0, !f->variant->is_ipv6);
	rte_pktmbuf_free(m);
}

// Received checksums: the port's word is taken where it vouches, software's where it does not.
static void frame_with_verdict_arrives(struct fixture *f, uint64_t flags, uint32_t seq,
				       int64_t spoil)
{
	struct seg seg = SEG(.flags = TCP_ACK, .seq = seq, .ack = f->snd_nxt, .wnd = 1000,
			     .len = 10, .spoil = spoil);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	struct rte_mbuf *m = mbufs_frame(f->config.pool, bytes, len_bytes, 0);

	m->ol_flags |= flags;
	plx_input(f->stack, &m, 1, f->now);
	fixture_settle(f);
}

static void verdicts_of_the_port_are_taken(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.offloads = PLX_OFFLOAD_RX_IPV4_CHECKSUM | PLX_OFFLOAD_RX_TCP_CHECKSUM;
	fixture_established(state);
	frame_with_verdict_arrives(f, RTE_MBUF_F_RX_L4_CKSUM_GOOD, f->rcv_nxt, 1);
	user_receives(f, 10);
	frame_with_verdict_arrives(f, 0, f->rcv_nxt + 10, 1);
	expect_drops(f, PLX_DROP_TCP_CHECKSUM, 1);
	frame_with_verdict_arrives(f, RTE_MBUF_F_RX_L4_CKSUM_BAD, f->rcv_nxt + 10, 1);
	expect_drops(f, PLX_DROP_TCP_CHECKSUM, 2);
	frame_with_verdict_arrives(f, RTE_MBUF_F_RX_L4_CKSUM_BAD, f->rcv_nxt + 10, 0);
	user_receives(f, 10);
	forget_output(f);
}

// A port that was not said to verify anything is not believed either.
static void verdicts_nobody_promised_are_not_taken(void **state)
{
	struct fixture *f = fixture_established(state);

	frame_with_verdict_arrives(f, RTE_MBUF_F_RX_L4_CKSUM_GOOD, f->rcv_nxt, 1);
	expect_drops(f, PLX_DROP_TCP_CHECKSUM, 1);
	user_finds_nothing(f);
}

static void settings_are_those_in_force(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_settings settings = {.size = sizeof(settings)};

	assert_int_equal(plx_get_settings(f->stack, &settings), 0);
	assert_int_equal(settings.offloads, f->config.offloads);
	assert_int_equal(settings.mtu_bytes, f->config.mtu_bytes);
	assert_int_equal(settings.burst_segments, f->config.burst_segments);
	assert_int_equal(settings.max_connections, f->config.max_connections);
	assert_int_equal(settings.max_half_open, f->config.max_half_open);
	assert_int_equal(settings.max_time_wait, f->config.max_time_wait);
	assert_int_equal(settings.max_listeners, f->config.max_listeners);
	assert_int_equal(settings.time_wait, f->config.time_wait);
	assert_int_equal(settings.syn_cookies, f->config.syn_cookies);
	assert_int_equal(settings.answer_nobody, f->config.answer_nobody);
	assert_int_equal(settings.rfc5961, f->config.rfc5961);
	assert_int_equal(settings.drop_syn_fin, f->config.drop_syn_fin);
}

static void settings_differ_where_the_configuration_did(void **state)
{
	struct fixture *f = *state;

	f->config.offloads = PLX_OFFLOAD_RX_TCP_CHECKSUM;
	f->config.mtu_bytes = 1400;
	f->config.burst_segments = 7;
	f->config.max_half_open = 200;
	f->config.max_time_wait = 300;
	f->config.max_listeners = 9;
	f->config.time_wait = 5 * PLX_SECOND;
	f->config.syn_cookies = PLX_SYN_COOKIES_NEVER;
	f->config.answer_nobody = false;
	f->config.rfc5961 = false;
	f->config.drop_syn_fin = true;
	settings_are_those_in_force(state);
}

static void stack_without_time_wait_has_room_for_none(void **state)
{
	struct plx_settings settings = {.size = sizeof(settings)};
	struct fixture *f = *state;

	f->config.time_wait = 0;
	f = fixture_bare(state);
	assert_int_equal(plx_get_settings(f->stack, &settings), 0);
	assert_int_equal(settings.time_wait, 0);
	assert_int_equal(settings.max_time_wait, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_IPV4(stacks_share_nothing),
		SCENARIO_IPV4(handle_of_another_stack_is_stale),
		SCENARIO_IPV4(destroying_a_busy_stack_leaves_nothing_behind),
		SCENARIO_IPV4(equal_seeds_repeat_and_others_do_not),
		SCENARIO_IPV4(unseeded_stacks_differ),
		SCENARIO_IPV4(memory_is_foretold),
		SCENARIO_EVERY_LINK(settings_are_those_in_force),
		SCENARIO(settings_differ_where_the_configuration_did),
		SCENARIO(stack_without_time_wait_has_room_for_none),
		SCENARIO_EVERY_LINK(offloaded_checksums_are_left_to_the_port),
		SCENARIO(verdicts_of_the_port_are_taken),
		SCENARIO(verdicts_nobody_promised_are_not_taken),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script stacks", tests, NULL, NULL);
}
