// SPDX-License-Identifier: BSD-3-Clause
//
// The receive window against a model of the peer, who remembers every edge he was told: it never
// moves left, moves right only by steps worth a segment, and grants no more than the buffer has and
// a unit.
// Room: engine/tcp/recv_window.
#include "tcp/recv_window.h"

#include <rte_memory.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"
#include "tcp/seq.h"

enum { CONNECTIONS = 300, ROUNDS = 400 };

struct fixture {
	struct tcp tcp;
	struct tcp_conn c;
	struct random random;
};

static struct fixture *fixture_open(void)
{
	static struct fixture f;

	f = (struct fixture){0};
	random_init_seed(&f.random, test_seed());
	assert_int_equal(option_profiles_init(&f.tcp.profiles, SOCKET_ID_ANY), 0);
	f.tcp.config.mtu_bytes = 1500;
	f.tcp.mbufs_free = 1000;
	f.tcp.mbuf_floor = 10;
	f.c.mss = 1460;
	f.c.state = PLX_STATE_ESTABLISHED;
	option_profile_hold(&f.tcp.profiles, 0);
	return &f;
}

static void fixture_close(struct fixture *f)
{
	option_profiles_fini(&f->tcp.profiles);
}

static void set_option(struct fixture *f, enum plx_option option, int64_t value)
{
	struct plx_option_value change = {option, value};

	assert_int_equal(option_profile_change(&f->tcp.profiles, &f->c.profile, &change, 1), 0);
}

static uint32_t buffer_of(const struct fixture *f)
{
	return (uint32_t)conn_option(&f->tcp, &f->c, PLX_OPTION_RECEIVE_BUFFER);
}

// RFC 7323 2.3: the field times 2^scale reaches the buffer, and no smaller scale's does.
static void the_scale_is_the_smallest_that_fits(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	assert_int_equal(recv_window_scale_for(0), 0);
	assert_int_equal(recv_window_scale_for(65535), 0);
	assert_int_equal(recv_window_scale_for(65536), 1);
	assert_int_equal(recv_window_scale_for(UINT32_C(65535) << 14), 14);
	assert_int_equal(recv_window_scale_for(UINT32_MAX), 14);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t buffer = random_u32(&r) >> (2 + random_below(&r, 30));
		unsigned scale = recv_window_scale_for(buffer);

		assert_in_range(scale, 0, 14);
		if (scale < 14)
			assert_in_range(buffer / (1u << scale), 0, 65535);
		if (scale > 0)
			assert_in_range(buffer / (1u << (scale - 1)), 65536, UINT32_MAX);
	}
}

// RFC 7323 2.2: whatever scale was offered, the window of a SYN is not scaled.
static void the_window_of_a_syn_is_not_scaled(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	f->c.rcv_wscale = 7;
	f->c.rcv.nxt = UINT32_MAX - 100;
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 50000);
	assert_int_equal(recv_window_announce_syn(&f->tcp, &f->c), 50000);
	assert_int_equal(conn_rcv_wnd(&f->c), 50000);
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1 << 20);
	assert_int_equal(recv_window_announce_syn(&f->tcp, &f->c), 65535);
	assert_int_equal(conn_rcv_wnd(&f->c), 65535);
	fixture_close(f);
}

// RFC 9293 3.8.6.2.2: min(half the buffer, MSS) or not at all.
static void the_edge_moves_by_a_segment_or_not_at_all(void **state)
{
	struct fixture *f = fixture_open();
	static const struct {
		uint32_t buffer, step;
	} cases[] = {{10000, 1460}, {2000, 1000}, {2, 1}, {1, 0}};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		uint32_t step = cases[i].step;

		set_option(f, PLX_OPTION_RECEIVE_BUFFER, cases[i].buffer);
		f->c.rcv.nxt = f->c.rcv.adv = 1000;
		f->c.rcv_bytes = cases[i].buffer;
		assert_int_equal(recv_window_announce(&f->tcp, &f->c), 0);
		f->c.rcv_bytes = cases[i].buffer - (step > 0 ? step - 1 : 0);
		assert_int_equal(recv_window_announce(&f->tcp, &f->c), 0);
		step = step > 0 ? step : 1;
		f->c.rcv_bytes = cases[i].buffer - step;
		assert_int_equal(recv_window_announce(&f->tcp, &f->c), step);
		assert_int_equal(f->c.rcv.adv, 1000 + step);
	}
	fixture_close(f);
}

static void a_shrunken_buffer_takes_nothing_back(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 40000);
	f->c.rcv.nxt = f->c.rcv.adv = 5;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 40000);
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 100);
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 40000);
	f->c.rcv.nxt += 39950;
	f->c.rcv_bytes = 39950;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 50);
	f->c.rcv_bytes = 0;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 100);
	fixture_close(f);
}

static void without_memory_the_edge_stands_still(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	f->c.rcv.nxt = f->c.rcv.adv = 5;
	f->tcp.mbufs_free = f->tcp.mbuf_floor;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 0);
	f->tcp.mbufs_free++;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 65535);
	fixture_close(f);
}

static void what_nobody_reads_takes_no_room(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 9000);
	f->c.rcv_bytes = 9000;
	f->c.flags = CONN_READ_SHUT;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 9000);
	f->c.flags = CONN_USER_CLOSED;
	assert_int_equal(recv_window_announce(&f->tcp, &f->c), 9000);
	fixture_close(f);
}

// Worth a segment of its own: two segments or half the buffer, and twice what the peer still has.
static void an_update_is_sent_for_two_segments_not_for_less(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 20000);
	f->c.rcv.nxt = f->c.rcv.adv = 77;
	f->c.rcv_bytes = 20000 - 2919;
	assert_false(recv_window_is_worth_update(&f->tcp, &f->c));
	f->c.rcv_bytes = 20000 - 2920;
	assert_true(recv_window_is_worth_update(&f->tcp, &f->c));
	f->c.rcv.adv = f->c.rcv.nxt + 10001;
	f->c.rcv_bytes = 0;
	assert_false(recv_window_is_worth_update(&f->tcp, &f->c));
	f->c.rcv.adv--;
	assert_true(recv_window_is_worth_update(&f->tcp, &f->c));
	set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	f->c.rcv.adv = f->c.rcv.nxt;
	f->c.rcv_bytes = 501;
	assert_false(recv_window_is_worth_update(&f->tcp, &f->c));
	f->c.rcv_bytes = 500;
	assert_true(recv_window_is_worth_update(&f->tcp, &f->c));
	fixture_close(f);
}

// RFC 9293 3.7.1, RFC 6691: what the MTU leaves, options not taken off; less if the user says so.
static void the_announced_mss_is_what_the_mtu_leaves(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, false), 1460);
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, true), 1440);
	f->tcp.config.mtu_bytes = 9000;
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, false), 8960);
	set_option(f, PLX_OPTION_MAX_SEGMENT, 8960);
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, false), 8960);
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, true), 8940);
	set_option(f, PLX_OPTION_MAX_SEGMENT, 536);
	assert_int_equal(recv_window_mss(&f->tcp, f->c.profile, true), 536);
	fixture_close(f);
}

// RFC 9293 3.7.1: the least of what the peer takes and what we can send, less the options.
static void the_send_mss_is_the_least_of_both_sides(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	plx_addr_parse("198.18.0.1", &f->c.key.remote);
	f->c.peer_mss = 9000;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 1460);
	f->c.peer_mss = 536;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 536);
	f->c.flags = CONN_TIMESTAMPS;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 524);
	f->c.peer_mss = 64; // less is not believed
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 52);
	f->c.peer_mss = 63;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 52);
	f->c.peer_mss = 0;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 52);
	plx_addr_parse("fd00::1", &f->c.key.remote);
	f->c.peer_mss = 9000;
	assert_int_equal(send_mss_of(&f->tcp, &f->c), 1428);
	fixture_close(f);
}

// The peer's side: positions of 64 bits, which never wrap.
struct peer {
	int64_t nxt;  // what he has sent and we have received
	int64_t edge; // the largest he was told
};

static uint32_t smaller(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

static void announce_as_the_peer_sees_it(struct fixture *f, struct peer *peer)
{
	struct tcp_conn *c = &f->c;
	int64_t unit = INT64_C(1) << c->rcv_wscale, granted = peer->edge - peer->nxt;
	bool is_shut = conn_has(c, CONN_READ_SHUT);
	int64_t used = is_shut ? 0 : c->rcv_bytes;
	int64_t room = (int64_t)buffer_of(f) > used ? (int64_t)buffer_of(f) - used : 0;
	int64_t step = smaller(buffer_of(f) / 2, c->mss), told, moved;

	told = peer->nxt + recv_window_announce(&f->tcp, c) * unit;
	moved = told - peer->edge;
	room = smaller((uint64_t)room, 65535u * (uint64_t)unit);
	// What was granted stays granted; the field may round it down by less than a unit, and only
	// where the buffer has no more.
	assert_true(moved > -unit);
	if (moved < 0)
		assert_true(told >= peer->nxt + room);
	// To the right: by a step at least, by rounding up less than a unit, and not without
	// memory.
	assert_true(moved < unit || moved > step - unit);
	if (f->tcp.mbufs_free <= f->tcp.mbuf_floor)
		assert_true(moved < unit);
	if (moved > 0)
		assert_true(told < peer->nxt + room + unit);
	// Room for a step is not kept back.
	if (room - granted >= (step > 0 ? step : 1) && f->tcp.mbufs_free > f->tcp.mbuf_floor)
		assert_true(told > peer->nxt + room - unit);
	if (moved > 0)
		peer->edge = told;
	assert_int_equal(c->rcv.adv, (uint32_t)peer->edge);
}

static void one_random_act(struct fixture *f, struct peer *peer)
{
	struct random *r = &f->random;
	struct tcp_conn *c = &f->c;
	uint32_t n;

	switch (random_below(r, 8)) {
	case 0:
	case 1: // text, within the window
		n = smaller((uint64_t)(peer->edge - peer->nxt), random_below(r, 4 * 1460));
		c->rcv.nxt += n;
		peer->nxt += n;
		c->rcv_bytes += conn_has(c, CONN_READ_SHUT) ? 0 : n;
		break;
	case 2: // as much as the peer may send
		n = (uint32_t)(peer->edge - peer->nxt);
		c->rcv.nxt += n;
		peer->nxt += n;
		c->rcv_bytes += conn_has(c, CONN_READ_SHUT) ? 0 : n;
		break;
	case 3:
	case 4:
		c->rcv_bytes -= random_below(r, c->rcv_bytes + 1);
		break;
	case 5:
		c->rcv_bytes = 0;
		break;
	case 6:
		f->tcp.mbufs_free = random_below(r, 4) == 0 ? 10 : 1000;
		break;
	default:
		if (random_below(r, 10) == 0)
			set_option(f, PLX_OPTION_RECEIVE_BUFFER,
				   1 + (random_u32(r) >> (3 + random_below(r, 29))));
		if (random_below(r, 100) == 0)
			c->flags |= CONN_READ_SHUT;
	}
}

static void random_use_never_shrinks_the_window(void **state)
{
	struct fixture *f = fixture_open();

	(void)state;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		uint32_t buffer = 1
			+ (random_u32(&f->random) >> (3 + random_below(&f->random, 29)));
		uint32_t irs = random_u32(&f->random);
		struct peer peer = {.nxt = irs, .edge = irs};

		set_option(f, PLX_OPTION_RECEIVE_BUFFER, buffer);
		f->c.flags = 0;
		f->c.rcv_bytes = 0;
		f->c.rcv_wscale = recv_window_scale_for(buffer) & 15;
		if (random_below(&f->random, 4) == 0)
			f->c.rcv_wscale = random_below(&f->random, 15) & 15;
		f->c.rcv.nxt = f->c.rcv.adv = irs;
		f->c.mss = (uint16_t)(1 + random_below(&f->random, 9000));
		for (unsigned round = 0; round < ROUNDS; round++) {
			one_random_act(f, &peer);
			announce_as_the_peer_sees_it(f, &peer);
		}
	}
	fixture_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_scale_is_the_smallest_that_fits),
		cmocka_unit_test(the_window_of_a_syn_is_not_scaled),
		cmocka_unit_test(the_edge_moves_by_a_segment_or_not_at_all),
		cmocka_unit_test(a_shrunken_buffer_takes_nothing_back),
		cmocka_unit_test(without_memory_the_edge_stands_still),
		cmocka_unit_test(what_nobody_reads_takes_no_room),
		cmocka_unit_test(an_update_is_sent_for_two_segments_not_for_less),
		cmocka_unit_test(the_announced_mss_is_what_the_mtu_leaves),
		cmocka_unit_test(the_send_mss_is_the_least_of_both_sides),
		cmocka_unit_test(random_use_never_shrinks_the_window),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/recv_window", tests, NULL, NULL);
}
