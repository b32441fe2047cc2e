// SPDX-License-Identifier: BSD-3-Clause
//
// A lane of a loopback behaves like a NIC's queue: frames are copied into the receiver's buffers,
// the sender is held back when there are none, and a receiver without memory loses frames but not
// buffers.
#include "drivers/loopback.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/mbufs.h"
#include "support/seed.h"

enum {
	POOL_MBUFS = 4095,
	DESCRIPTORS = 16,
	STREAM_FRAMES = 200000,
};

static struct rte_mempool *sender_pool(void)
{
	return mbufs_pool(0, POOL_MBUFS);
}

static struct rte_mempool *receiver_pool(void)
{
	return mbufs_pool(1, POOL_MBUFS);
}

static struct loopback_lane *lane(void)
{
	struct loopback_lane *made = loopback_lane_create(receiver_pool(), DESCRIPTORS, -1);

	assert_non_null(made);
	assert_int_equal(mbufs_in_use(receiver_pool()), DESCRIPTORS);
	return made;
}

static void finish(struct loopback_lane *made)
{
	loopback_lane_destroy(made);
	assert_int_equal(mbufs_in_use(sender_pool()), 0);
	assert_int_equal(mbufs_in_use(receiver_pool()), 0);
}

static struct rte_mbuf *small_frame(uint32_t number)
{
	uint8_t bytes[64] = {0};

	memcpy(bytes, &number, sizeof(number));
	return mbufs_frame(sender_pool(), bytes, sizeof(bytes), 0);
}

static uint32_t number_of(const struct rte_mbuf *mbuf)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod(mbuf, const void *), sizeof(number));
	return number;
}

static void the_receiver_gets_the_bytes_in_a_buffer_of_its_own(void **state)
{
	struct loopback_lane *made = lane();
	uint8_t sent[1500], received[MBUFS_FRAME_MAX_BYTES];
	struct rte_mbuf *frame;

	(void)state;
	srandom((unsigned)test_seed());
	for (size_t len = 1; len <= sizeof(sent); len += 7) {
		size_t piece = 1 + (size_t)random() % len;

		for (size_t i = 0; i < len; i++)
			sent[i] = (uint8_t)random();
		frame = mbufs_frame(sender_pool(), sent, len, len / piece < 16 ? piece : 0);
		assert_int_equal(loopback_send(made, &frame, 1), 1);
		assert_int_equal(mbufs_in_use(sender_pool()), 0);
		assert_int_equal(loopback_receive(made, &frame, 1), 1);
		assert_ptr_equal(frame->pool, receiver_pool());
		assert_int_equal(frame->nb_segs, 1);
		assert_int_equal(frame->ol_flags, 0);
		assert_int_equal(rte_pktmbuf_headroom(frame), RTE_PKTMBUF_HEADROOM);
		assert_int_equal(mbufs_copy_out(frame, received), len);
		assert_memory_equal(sent, received, len);
		rte_pktmbuf_free(frame);
	}
	finish(made);
}

static void what_the_sender_retains_stays_as_it_was(void **state)
{
	struct loopback_lane *made = lane();
	struct rte_mbuf *kept = small_frame(77), *frame = kept;

	(void)state;
	rte_mbuf_refcnt_update(kept, 1);
	assert_int_equal(loopback_send(made, &frame, 1), 1);
	assert_int_equal(rte_mbuf_refcnt_read(kept), 1);
	assert_int_equal(loopback_receive(made, &frame, 1), 1);
	memset(rte_pktmbuf_mtod(frame, void *), 0xff, 64);
	assert_int_equal(number_of(kept), 77);
	rte_pktmbuf_free(frame);
	rte_pktmbuf_free(kept);
	finish(made);
}

static void frames_beyond_the_descriptors_stay_with_the_sender(void **state)
{
	struct loopback_lane *made = lane();
	struct rte_mbuf *frames[DESCRIPTORS + 4], *received[DESCRIPTORS];

	(void)state;
	for (uint32_t i = 0; i < DESCRIPTORS + 4; i++)
		frames[i] = small_frame(i);
	assert_int_equal(loopback_send(made, frames, DESCRIPTORS + 4), DESCRIPTORS);
	assert_int_equal(loopback_send(made, frames + DESCRIPTORS, 4), 0);
	assert_int_equal(loopback_receive(made, received, 2), 2);
	assert_int_equal(loopback_send(made, frames + DESCRIPTORS, 4), 2);
	rte_pktmbuf_free_bulk(frames + DESCRIPTORS + 2, 2);
	rte_pktmbuf_free_bulk(received, 2);
	assert_int_equal(loopback_receive(made, received, DESCRIPTORS), DESCRIPTORS);
	for (uint32_t i = 0; i < DESCRIPTORS; i++)
		assert_int_equal(number_of(received[i]), i + 2);
	rte_pktmbuf_free_bulk(received, DESCRIPTORS);
	finish(made);
}

static void a_receiver_without_memory_loses_frames_and_keeps_its_buffers(void **state)
{
	struct loopback_lane *made = lane();
	struct rte_mbuf *all[POOL_MBUFS], *frame;
	struct loopback_counters counters;
	unsigned n = 0;

	(void)state;
	while (n < POOL_MBUFS && (all[n] = rte_pktmbuf_alloc(receiver_pool())) != NULL)
		n++;
	for (uint32_t i = 0; i < 10 * DESCRIPTORS; i++) {
		frame = small_frame(i);
		assert_int_equal(loopback_send(made, &frame, 1), 1);
		assert_int_equal(loopback_receive(made, &frame, 1), 0);
	}
	rte_pktmbuf_free(all[--n]); // memory again, for one frame
	frame = small_frame(1000);
	assert_int_equal(loopback_send(made, &frame, 1), 1);
	assert_int_equal(loopback_receive(made, &frame, 1), 1);
	assert_int_equal(number_of(frame), 1000);
	rte_pktmbuf_free(frame);
	loopback_get_counters(made, &counters);
	assert_int_equal(counters.no_buffer, 10 * DESCRIPTORS);
	assert_int_equal(counters.frames, 1);
	rte_pktmbuf_free_bulk(all, n);
	finish(made);
}

static void a_frame_longer_than_the_buffers_is_lost_and_its_neighbours_are_not(void **state)
{
	static const uint8_t jumbo[4000];
	struct loopback_lane *made = lane();
	struct rte_mbuf *frames[3] = {
		small_frame(1),
		mbufs_frame(sender_pool(), jumbo, sizeof(jumbo), 2000),
		small_frame(3),
	};
	struct loopback_counters counters;

	(void)state;
	assert_int_equal(loopback_send(made, frames, 3), 3);
	assert_int_equal(loopback_receive(made, frames, 3), 2);
	assert_int_equal(number_of(frames[0]), 1);
	assert_int_equal(number_of(frames[1]), 3);
	rte_pktmbuf_free_bulk(frames, 2);
	loopback_get_counters(made, &counters);
	assert_int_equal(counters.too_long, 1);
	assert_int_equal(counters.sent_bytes, 128);
	// Its descriptor was not used up: as many frames as before fit.
	for (uint32_t i = 0; i < DESCRIPTORS; i++) {
		frames[0] = small_frame(i);
		assert_int_equal(loopback_send(made, frames, 1), 1);
	}
	finish(made);
}

struct stream {
	struct loopback_lane *lane;
	uint32_t n_received;
	bool in_order;
};

static void *receive_stream(void *argument)
{
	struct stream *stream = argument;
	struct rte_mbuf *frames[32];

	stream->in_order = true;
	while (stream->n_received < STREAM_FRAMES) {
		unsigned n = loopback_receive(stream->lane, frames, 32);

		for (unsigned i = 0; i < n; i++)
			stream->in_order &= number_of(frames[i]) == stream->n_received++;
		rte_pktmbuf_free_bulk(frames, n);
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_and_mix_up_nothing(void **state)
{
	struct stream stream = {.lane = lane()};
	struct rte_mbuf *frames[32];
	uint32_t next = 0;
	unsigned waiting = 0;
	pthread_t receiver;

	(void)state;
	assert_int_equal(pthread_create(&receiver, NULL, receive_stream, &stream), 0);
	while (next < STREAM_FRAMES || waiting > 0) {
		unsigned sent;

		while (waiting < 32 && next < STREAM_FRAMES)
			frames[waiting++] = small_frame(next++);
		sent = loopback_send(stream.lane, frames, waiting);
		waiting -= sent;
		memmove(frames, frames + sent, waiting * sizeof(frames[0]));
		if (sent == 0)
			sched_yield();
	}
	pthread_join(receiver, NULL);
	assert_true(stream.in_order);
	finish(stream.lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_receiver_gets_the_bytes_in_a_buffer_of_its_own),
		cmocka_unit_test(what_the_sender_retains_stays_as_it_was),
		cmocka_unit_test(frames_beyond_the_descriptors_stay_with_the_sender),
		cmocka_unit_test(a_receiver_without_memory_loses_frames_and_keeps_its_buffers),
		cmocka_unit_test(
			a_frame_longer_than_the_buffers_is_lost_and_its_neighbours_are_not),
		cmocka_unit_test(two_threads_lose_and_mix_up_nothing),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/loopback", tests, NULL, NULL);
}
