// SPDX-License-Identifier: BSD-3-Clause
//
// The send queue against a stream of bytes: whatever is appended, cut, sent, sent again and
// acknowledged, its records are that stream from SND.UNA to its end, cookies come back once, and so
// does all memory.
// Room: engine/tcp/send_queue.
#include "send_queue_model.h"
#include "support/eal_main.h"

enum { ROUNDS = 30000, QUEUE_MAX_BYTES = 60000 };

static void one_random_act(struct model *m)
{
	struct random *r = &m->f.random;
	uint32_t n = model_random_size(r, APPEND_MAX_BYTES);
	bool has_room = m->end - m->una + n <= QUEUE_MAX_BYTES;

	// As phase 1 counts them.
	m->f.tcp->mbufs_free = rte_mempool_avail_count(m->f.config.pool);
	if (random_below(r, 20) == 0)
		m->f.tcp->mbufs_free = m->f.tcp->mbuf_floor;
	switch (random_below(r, 9)) {
	case 0:
	case 1:
		if (has_room)
			model_copy(m, n);
		break;
	case 2:
		if (has_room)
			model_give_mbuf(m, n);
		break;
	case 3:
		if (has_room)
			model_lend(m, n, random_below(r, 2) == 0);
		break;
	case 4:
	case 5:
		if (m->nxt < m->end)
			model_send_some(m);
		break;
	case 6:
		if (m->una < m->nxt)
			model_send_again(m);
		break;
	case 7:
		if (m->una < m->nxt)
			model_acknowledge(
				m, m->una + 1 + random_below(r, (uint32_t)(m->nxt - m->una)));
		break;
	default:
		model_driver_gives_back(m);
	}
}

static void follow_the_stream(uint32_t max_send_segments)
{
	struct model *m = model_open(max_send_segments);

	for (unsigned i = 0; i < 10; i++) {
		model_begin(m);
		for (unsigned round = 0; round < ROUNDS / 10; round++) {
			one_random_act(m);
			model_expect(m);
			if (round % 16 == 0)
				model_fetch_cookies(m);
		}
		assert_int_equal(send_queue_find(m->f.tcp, m->c, model_seq_at(m, m->end)),
				 INDEX_NONE);
		model_end(m);
	}
	tcp_fixture_close(&m->f);
}

static void random_use_keeps_the_stream(void **state)
{
	(void)state;
	follow_the_stream(4096);
}

static void random_use_keeps_the_stream_when_memory_is_short(void **state)
{
	(void)state;
	follow_the_stream(64);
	follow_the_stream(8);
}

static void small_payloads_are_gathered_until_they_are_sent(void **state)
{
	struct model *m = model_open(64);

	(void)state;
	model_begin(m);
	for (unsigned i = 0; i < SLAB_BYTES; i++)
		model_copy(m, 1);
	assert_int_equal(pool_used(&m->f.tcp->slabs), 1);
	model_copy(m, 1);
	assert_int_equal(pool_used(&m->f.tcp->slabs), 2);
	m->nxt = m->end;
	m->c->snd.nxt = model_seq_at(m, m->end);
	m->c->queue.unsent = INDEX_NONE;
	model_copy(m, 1);
	assert_int_equal(pool_used(&m->f.tcp->slabs), 3);
	model_expect(m);
	model_end(m);
	tcp_fixture_close(&m->f);
}

// A large copy becomes one mbuf per segment, with room in front for every header.
static void large_payloads_lie_as_segments_go_out(void **state)
{
	struct model *m = model_open(64);

	(void)state;
	model_begin(m);
	model_copy(m, 3000);
	for (uint32_t idx = m->c->queue.head, n = 0; n < 2; n++) {
		const struct send_segment *seg = send_segment_at(m->f.tcp, idx);

		assert_int_equal(seg->kind, SEND_MBUF);
		assert_int_equal(seg->len_bytes, 1460);
		assert_true(seg->offset >= SEND_HEADROOM_BYTES);
		idx = seg->next;
	}
	assert_int_equal(send_segment_at(m->f.tcp, m->c->queue.tail)->kind, SEND_SLAB);
	model_end(m);
	tcp_fixture_close(&m->f);
}

// RFC 9293 3.10.2: text queued before the handshake has ended follows the SYN.
static void text_queued_in_syn_sent_follows_the_syn(void **state)
{
	struct model *m = model_open(64);

	(void)state;
	model_begin(m);
	m->c->state = PLX_STATE_SYN_SENT;
	m->c->snd.una = m->c->iss;
	m->c->snd.nxt = m->c->iss + 1;
	model_copy(m, 300);
	model_copy(m, 10);
	model_expect(m);
	m->c->state = PLX_STATE_ESTABLISHED;
	m->c->snd.una = m->c->iss + 1;
	model_copy(m, 500);
	model_expect(m);
	model_end(m);
	tcp_fixture_close(&m->f);
}

static void a_cleared_queue_begins_anew(void **state)
{
	struct model *m = model_open(64);

	(void)state;
	model_begin(m);
	model_copy(m, 3000);
	model_lend(m, 100, true);
	model_send_some(m);
	send_queue_clear(m->f.tcp, m->c);
	m->una = m->nxt = m->end;
	m->c->snd.una = m->c->snd.nxt = model_seq_at(m, m->end);
	model_expect(m);
	model_fetch_cookies(m);
	model_copy(m, 100);
	model_expect(m);
	model_end(m);
	tcp_fixture_close(&m->f);
}

static void cookies_run_out_and_come_back(void **state)
{
	struct model *m = model_open(2 * EXTERNAL_BLOCKS);

	(void)state;
	model_begin(m);
	for (unsigned i = 1; i < EXTERNAL_BLOCKS; i++)
		assert_int_equal(model_lend(m, 1, true), 1);
	assert_int_equal(model_lend(m, 1, true), 0);
	assert_int_equal(model_lend(m, 1, false), 1);
	model_expect(m);
	m->nxt = m->end;
	m->c->queue.unsent = INDEX_NONE;
	model_acknowledge(m, m->end);
	model_fetch_cookies(m);
	assert_int_equal(pool_used(&m->f.tcp->externals), 1);
	assert_int_equal(model_lend(m, 1, true), 1);
	model_end(m);
	tcp_fixture_close(&m->f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_payloads_are_gathered_until_they_are_sent),
		cmocka_unit_test(large_payloads_lie_as_segments_go_out),
		cmocka_unit_test(text_queued_in_syn_sent_follows_the_syn),
		cmocka_unit_test(a_cleared_queue_begins_anew),
		cmocka_unit_test(cookies_run_out_and_come_back),
		cmocka_unit_test(random_use_keeps_the_stream),
		cmocka_unit_test(random_use_keeps_the_stream_when_memory_is_short),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/send_queue", tests, NULL, NULL);
}
