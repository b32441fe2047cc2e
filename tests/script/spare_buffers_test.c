// SPDX-License-Identifier: BSD-3-Clause
//
// What came in goes out again: an answer is sent in the very buffer that a frame of the same iteration came in, and of
// that frame nothing is left in it that a driver would read. What somebody else has or owns is not taken for it.
// Architecture, "Who owns an mbuf".
#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { OUTPUTS = 8, OTHER_BUFFERS = 64, VLAN = 5, KEPT = 256, MANY = 2 * KEPT };

// What the peer sends with `offset` of its bytes having come, `acked` of ours.
static struct rte_mbuf *frame_in(struct fixture *f, struct rte_mempool *pool, struct seg seg,
				 size_t piece_bytes)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes;

	seg.flags = TCP_ACK | TCP_PSH;
	seg.wnd = FIXTURE_PEER_WND;
	seg.seq = seg_or(seg.seq, f->rcv_nxt);
	seg.ack = seg_or(seg.ack, f->snd_nxt);
	seg.len = seg_or(seg.len, 0);
	len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	return mbufs_frame(pool, bytes, len_bytes, piece_bytes);
}

// As a port may have left it.
static void soil(struct rte_mbuf *m)
{
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD
		| RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->hash.rss = 0x12345678;
	m->packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP;
	m->port = 7;
	m->tx_offload = UINT64_MAX;
	m->tso_segsz = 100;
}

static void arrives(struct fixture *f, struct rte_mbuf *m)
{
	struct plx_event event;

	assert_int_equal(plx_input(f->stack, &m, 1, f->now), 0);
	(void)plx_poll(f->stack, &event, 1, f->now);
}

// `text_bytes` of it are not headers, which stand in the headroom.
static void expect_clean(const struct rte_mbuf *m, uint32_t text_bytes, uint64_t ol_flags)
{
	assert_null(m->next);
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_true(m->ol_flags == ol_flags);
	assert_int_equal(m->vlan_tci, 0);
	assert_int_equal(m->packet_type, RTE_PTYPE_UNKNOWN);
	assert_int_equal(m->port, RTE_MBUF_PORT_INVALID);
	assert_int_equal(m->data_len, m->pkt_len);
	assert_int_equal(m->data_off + m->data_len, RTE_PKTMBUF_HEADROOM + text_bytes);
	if (ol_flags == 0)
		assert_true(m->tx_offload == 0);
	else
		assert_int_equal(m->tso_segsz, 0);
}

// The one frame that goes out, which the fixture's judge hears of.
static struct rte_mbuf *only_output(struct fixture *f)
{
	struct rte_mbuf *frames[OUTPUTS];
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	struct frame frame;
	const char *fault;

	assert_int_equal(plx_output(f->stack, frames, OUTPUTS, f->now), 1);
	if (f->config.offloads == 0) {
		fault = judge_frame(&f->judge, bytes, mbufs_copy_out(frames[0], bytes), &frame);
		if (fault != NULL)
			fail_msg("%s", fault);
	}
	return frames[0];
}

static void converse(struct fixture *f, uint64_t ol_flags, uint16_t tci)
{
	for (unsigned i = 0; i < 20; i++) {
		struct seg seg = SEG(.seq = f->rcv_nxt + 10 * i, .ack = f->snd_nxt + 7 * i,
				     .len = 10);
		struct rte_mbuf *m = frame_in(f, f->config.pool, seg, 0), *out;

		soil(m);
		m->vlan_tci = tci;
		arrives(f, m);
		user_receives(f, 10);
		user_sends(f, 7);
		out = only_output(f);
		assert_ptr_equal(out, m);
		expect_clean(out, 7, ol_flags);
		rte_pktmbuf_free(out);
	}
}

static void answer_goes_out_in_the_frame_it_answers(void **state)
{
	converse(fixture_established(state), 0, 0);
}

// The port has taken the tag out, and nothing asks it to put one in: the stack does that.
static void tag_of_what_came_in_is_not_that_of_the_answer(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.vlan = VLAN;
	f->to_stack.vlan = VLAN;
	fixture_established(state);
	f->to_stack.vlan = 0; // of the bytes that the port hands over
	f->judge.knows_payload = false;
	converse(f, 0, VLAN);
	f->to_stack.vlan = VLAN;
}

static void port_that_computes_is_asked_for_nothing_else(void **state)
{
	struct fixture *f = fixture_plan(state);
	bool is_ipv6 = f->variant->is_ipv6;

	f->config.offloads = PLX_OFFLOAD_TX_TCP_CHECKSUM;
	fixture_established(state);
	converse(f, RTE_MBUF_F_TX_TCP_CKSUM | (is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4),
		 0);
	user_aborts(f);
	f->judge.knows_payload = false;
	forget_output(f);
}

// An acknowledgement has nothing to be read: its buffer is free at once.
static void text_goes_out_in_the_buffer_of_an_acknowledgement(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 7);
	rte_pktmbuf_free(only_output(f));
	for (unsigned i = 1; i < 20; i++) {
		struct rte_mbuf *m = frame_in(f, f->config.pool, SEG(.ack = f->snd_nxt + 7 * i), 0);
		struct rte_mbuf *out;

		soil(m);
		m->vlan_tci = 0;
		arrives(f, m);
		user_sends(f, 7);
		out = only_output(f);
		assert_ptr_equal(out, m);
		expect_clean(out, 7, 0);
		rte_pktmbuf_free(out);
	}
	forget_events(f);
}

// Text that came in a chain, or in several frames that wait one behind the other.
static void what_was_linked_goes_out_alone(void **state)
{
	struct fixture *f = fixture_established(state);
	struct rte_mbuf *m = frame_in(f, f->config.pool, SEG(.len = 1200), 700);
	struct rte_mbuf *first = m, *second = m->next, *out;

	assert_non_null(second);
	soil(first);
	soil(second);
	second->ol_flags = 0;
	first->vlan_tci = 0;
	arrives(f, m);
	m = frame_in(f, f->config.pool, SEG(.seq = f->rcv_nxt + 1200, .len = 1000), 0);
	arrives(f, m);
	user_receives(f, 2200);
	user_sends(f, 100);
	out = only_output(f);
	assert_true(out == first || out == second || out == m);
	expect_clean(out, 100, 0);
	rte_pktmbuf_free(out);
	// As the pool has them, although nobody has allocated them anew.
	for (unsigned i = 0; i < 3; i++) {
		const struct rte_mbuf *spare = (struct rte_mbuf *[]){first, second, m}[i];

		assert_null(spare->next);
		assert_int_equal(spare->nb_segs, 1);
		assert_int_equal(rte_mbuf_refcnt_read(spare), 1);
	}
	forget_events(f);
}

// Text that has come before is not kept, and what it came in may be a chain.
static void chain_that_repeats_is_freed_as_a_whole(void **state)
{
	static const size_t pieces[] = {200, 400, 700};
	struct fixture *f = fixture_established(state);
	unsigned before;

	segment_arrives(f, SEG(.len = 1000));
	user_receives(f, 1000);
	advance(f, 100); // nothing else is owed
	forget_output(f);
	before = mbufs_in_use(f->config.pool);
	for (unsigned i = 0; i < RTE_DIM(pieces); i++) {
		struct rte_mbuf *out;

		arrives(f, frame_in(f, f->config.pool, SEG(.len = 1000), pieces[i]));
		out = only_output(f); // the acknowledgement that it owes
		expect_clean(out, 0, 0);
		rte_pktmbuf_free(out);
		assert_int_equal(mbufs_in_use(f->config.pool), before);
	}
	forget_events(f);
}

static void shared_frame_is_left_alone(void **state)
{
	struct fixture *f = fixture_established(state);
	struct rte_mbuf *m = frame_in(f, f->config.pool, SEG(.len = 10), 0), *out;
	struct rte_mbuf *clone = rte_pktmbuf_clone(m, f->config.pool);
	uint8_t before[MBUFS_FRAME_MAX_BYTES], after[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = mbufs_copy_out(clone, before);

	arrives(f, m);
	user_receives(f, 10);
	user_sends(f, 7);
	out = only_output(f);
	assert_ptr_not_equal(out, m);
	expect_clean(out, 7, 0);
	assert_int_equal(mbufs_copy_out(clone, after), len_bytes);
	assert_memory_equal(before, after, len_bytes);
	rte_pktmbuf_free(out);
	rte_pktmbuf_free(clone);
	forget_events(f);
}

static void frame_of_another_pool_goes_back_to_it(void **state)
{
	struct fixture *f = fixture_established(state);
	struct rte_mempool *other = mbufs_pool(1, OTHER_BUFFERS);
	struct rte_mbuf *m = frame_in(f, other, SEG(.len = 10), 0), *out;

	arrives(f, m);
	user_receives(f, 10);
	assert_int_equal(mbufs_in_use(other), 0);
	user_sends(f, 7);
	out = only_output(f);
	assert_ptr_equal(out->pool, f->config.pool);
	rte_pktmbuf_free(out);
	forget_events(f);
}

// More than is kept, a sixteenth of the pool at most, and nothing to send: all are back when the iteration ends, and no
// buffer is there twice.
static void what_is_not_needed_goes_back_to_the_pool(void **state)
{
	struct fixture *f = fixture_established(state);
	unsigned before = mbufs_in_use(f->config.pool), n;
	static struct rte_mbuf *all[20000];
	struct rte_mbuf *frames[OUTPUTS];

	for (unsigned i = 0; i < MANY; i++)
		arrives(f, frame_in(f, f->config.pool, SEG(), 0));
	assert_int_equal(mbufs_in_use(f->config.pool) - before,
			 RTE_MIN((unsigned)KEPT, f->config.pool->size / 16));
	assert_int_equal(plx_output(f->stack, frames, OUTPUTS, f->now), 0);
	assert_int_equal(mbufs_in_use(f->config.pool), before);
	n = rte_mempool_avail_count(f->config.pool);
	assert_in_range(n, MANY, RTE_DIM(all));
	assert_int_equal(rte_pktmbuf_alloc_bulk(f->config.pool, all, n), 0);
	for (unsigned i = 0; i < n; i++)
		all[i]->port = 0;
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(all[i]->port++, 0);
	rte_pktmbuf_free_bulk(all, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(answer_goes_out_in_the_frame_it_answers),
		SCENARIO(tag_of_what_came_in_is_not_that_of_the_answer),
		SCENARIO_EVERY_LINK(port_that_computes_is_asked_for_nothing_else),
		SCENARIO(text_goes_out_in_the_buffer_of_an_acknowledgement),
		SCENARIO(what_was_linked_goes_out_alone),
		SCENARIO(chain_that_repeats_is_freed_as_a_whole),
		SCENARIO(shared_frame_is_left_alone),
		SCENARIO(frame_of_another_pool_goes_back_to_it),
		SCENARIO(what_is_not_needed_goes_back_to_the_pool),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script spare_buffers", tests, NULL, NULL);
}
