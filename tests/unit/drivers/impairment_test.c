// SPDX-License-Identifier: BSD-3-Clause
//
// The shim: what the model of the link decides is what happens to mbufs: time is obeyed, bytes are
// damaged, copied and marked as they should be, what others hold is left alone, and every frame is
// accounted for. That the decisions are right is link_model_test's affair.
#include "drivers/impairment.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/mbufs.h"

enum {
	POOL_MBUFS = 8191,
	FRAME_BYTES = 64,
	NUMBER_AT = 20, // behind the MAC addresses, in front of the end
	SEED = 42,
	QUEUE = 4096,
};

static const struct link_model_config damaging = {
	.corrupt_ppm = 1000000,
	.corrupt_spared_bytes = 12, // the MAC addresses
};

static struct rte_mempool *pool(void)
{
	return mbufs_pool(0, POOL_MBUFS);
}

static struct impairment *shim(struct link_model_config direction, uint64_t seed)
{
	struct impairment *impairment = impairment_create(&direction, seed, QUEUE, pool(), -1);

	assert_non_null(impairment);
	return impairment;
}

static struct rte_mbuf *numbered_frame(uint32_t number)
{
	uint8_t bytes[FRAME_BYTES] = {0};

	memcpy(bytes + NUMBER_AT, &number, sizeof(number));
	return mbufs_frame(pool(), bytes, sizeof(bytes), 0);
}

static uint32_t number_of(const struct rte_mbuf *mbuf)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, NUMBER_AT), sizeof(number));
	return number;
}

static void put(struct impairment *impairment, uint32_t number, plx_time now)
{
	struct rte_mbuf *frame = numbered_frame(number);

	impairment_put(impairment, &frame, 1, now);
}

// Takes what is due and gives the numbers; frees the frames.
static unsigned take(struct impairment *impairment, uint32_t *numbers, unsigned max, plx_time now)
{
	struct rte_mbuf *frames[64];
	unsigned n = impairment_take(impairment, frames, max < 64 ? max : 64, now);

	for (unsigned i = 0; i < n; i++)
		numbers[i] = number_of(frames[i]);
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

static struct impairment_counters counters_of(const struct impairment *impairment)
{
	struct impairment_counters counters;

	impairment_get_counters(impairment, &counters);
	return counters;
}

// Every frame that came in or was made is somewhere; then the shim ends and all mbufs are back.
static void finish(struct impairment *impairment)
{
	struct impairment_counters counters = counters_of(impairment);

	assert_int_equal(counters.link.arrived + counters.link.copied,
			 counters.passed + counters.overflowed + counters.copies_left_out
				 + counters.held);
	impairment_destroy(impairment);
	assert_int_equal(mbufs_in_use(pool()), 0);
}

static void a_delayed_frame_comes_exactly_when_its_time_has_come(void **state)
{
	struct impairment *impairment =
		shim((struct link_model_config){.delay = 5 * PLX_MILLISECOND}, SEED);
	uint32_t number;

	(void)state;
	put(impairment, 7, PLX_SECOND);
	assert_int_equal(take(impairment, &number, 1, PLX_SECOND + 5 * PLX_MILLISECOND - 1), 0);
	assert_int_equal(take(impairment, &number, 1, PLX_SECOND + 5 * PLX_MILLISECOND), 1);
	assert_int_equal(number, 7);
	finish(impairment);
}

static void jitter_keeps_the_order_and_stays_within_its_bound(void **state)
{
	struct link_model_config direction = {.delay = PLX_MILLISECOND,
					      .jitter = 2 * PLX_MILLISECOND};
	struct impairment *impairment = shim(direction, SEED);
	uint32_t numbers[64];
	unsigned n = 0;

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		put(impairment, i, i);
	assert_int_equal(take(impairment, numbers, 64, PLX_MILLISECOND - 1), 0);
	for (plx_time now = PLX_MILLISECOND; now <= 3 * PLX_MILLISECOND + 64; now += 10000)
		n += take(impairment, numbers + n, 64 - n, now);
	n += take(impairment, numbers + n, 64 - n, 3 * PLX_MILLISECOND + 64);
	assert_int_equal(n, 64);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(numbers[i], i);
	finish(impairment);
}

static void a_reordered_frame_is_passed_by_others_and_none_else(void **state)
{
	struct link_model_config direction = {.reorder_ppm = 200000,
					      .reorder_delay = PLX_MILLISECOND};
	struct impairment *impairment = shim(direction, SEED);
	uint32_t numbers[64], last = 0;
	unsigned in_order, late, fell_back = 0;

	(void)state;
	for (uint32_t i = 1; i <= 64; i++)
		put(impairment, i, 0);
	in_order = take(impairment, numbers, 64, 0);
	for (unsigned i = 0; i < in_order; i++) {
		assert_true(numbers[i] > last);
		last = numbers[i];
	}
	late = take(impairment, numbers, 64, PLX_MILLISECOND);
	for (unsigned i = 0; i < late; i++)
		fell_back += numbers[i] < last;
	assert_int_equal(in_order + late, 64);
	assert_true(fell_back > 0);
	assert_int_equal(counters_of(impairment).link.reordered, late);
	finish(impairment);
}

// The fates of 256 frames under everything at once, as a string of numbers that came out.
static unsigned run_everything(uint64_t seed, uint32_t *numbers, unsigned max)
{
	struct link_model_config direction = {
		.loss_ppm = 100000,
		.duplicate_ppm = 100000,
		.corrupt_ppm = 100000,
		.reorder_ppm = 100000,
		.jitter = PLX_MILLISECOND,
	};
	struct impairment *impairment = shim(direction, seed);
	unsigned n = 0;

	for (uint32_t i = 0; i < 256; i++) {
		put(impairment, i, i * 10000);
		n += take(impairment, numbers + n, max - n, i * 10000);
	}
	for (plx_time now = 0; now < PLX_SECOND; now += PLX_MILLISECOND)
		n += take(impairment, numbers + n, max - n, now);
	finish(impairment);
	return n;
}

static void the_same_seed_gives_the_same_fates(void **state)
{
	uint32_t first[600], second[600], other[600];
	unsigned n = run_everything(SEED, first, 600);

	(void)state;
	assert_int_equal(run_everything(SEED, second, 600), n);
	assert_memory_equal(first, second, n * sizeof(first[0]));
	assert_true(run_everything(SEED + 1, other, 600) != n
		    || memcmp(first, other, n * sizeof(first[0])) != 0);
}

// Every impairment by itself reaches the mbufs: the counters are those of what comes out.
static void what_is_lost_does_not_come_out(void **state)
{
	struct link_model_config link = {.loss_ppm = 100000,
					 .burst_enter_ppm = 10000,
					 .burst_leave_ppm = 100000,
					 .burst_loss_ppm = 1000000};
	struct impairment *impairment = shim(link, SEED);
	struct impairment_counters counters;
	uint32_t numbers[64];
	unsigned n = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		put(impairment, i, i * PLX_MICROSECOND);
		n += take(impairment, numbers, 64, i * PLX_MICROSECOND);
	}
	counters = counters_of(impairment);
	assert_true(counters.link.lost_at_random > 0);
	assert_true(counters.link.lost_in_burst > 0);
	assert_int_equal(n, 10000 - counters.link.lost_at_random - counters.link.lost_in_burst);
	assert_int_equal(counters.passed, n);
	finish(impairment);
}

// 10 frames of 64 bytes at 512 kbit/s: one a millisecond, and the queue has room for four.
static void a_rate_spaces_frames_and_a_full_queue_loses_them(void **state)
{
	struct link_model_config link = {.rate_bps = 512000, .queue_bytes = 4 * FRAME_BYTES};
	struct impairment *impairment = shim(link, SEED);
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		put(impairment, i, PLX_SECOND);
	assert_int_equal(counters_of(impairment).link.lost_in_queue, 6);
	for (uint32_t i = 0; i < 4; i++) {
		plx_time due = PLX_SECOND + (i + 1) * PLX_MILLISECOND;

		assert_int_equal(impairment_next_due(impairment), due);
		assert_int_equal(take(impairment, &number, 1, due - 1), 0);
		assert_int_equal(take(impairment, &number, 1, due), 1);
		assert_int_equal(number, i);
	}
	assert_int_equal(impairment_next_due(impairment), PLX_TIME_NEVER);
	finish(impairment);
}

// Frames of both families, tagged and not, through a link whose queue is always too long. `ecn` is
// the field they come with; gives the one they leave with, and checks that nothing else changed.
static unsigned mark(bool is_ipv6, bool is_tagged, unsigned ecn, bool is_shared)
{
	struct link_model_config link = {.rate_bps = 1000000, .ecn_threshold_bytes = 1};
	struct impairment *impairment = shim(link, SEED);
	unsigned ip = is_tagged ? 18 : 14, field = is_ipv6 ? ip + 1 : ip + 1;
	unsigned shift = is_ipv6 ? 4 : 0;
	uint8_t bytes[FRAME_BYTES] = {0}, out[MBUFS_FRAME_MAX_BYTES];
	struct rte_mbuf *frames[2], *kept;
	uint16_t type = is_ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, checksum;

	if (is_tagged)
		memcpy(bytes + 12, (uint8_t[]){0x81, 0x00, 0x00, 0x07}, 4);
	bytes[ip - 2] = (uint8_t)(type >> 8);
	bytes[ip - 1] = (uint8_t)type;
	bytes[ip] = is_ipv6 ? 0x60 : 0x45;
	bytes[field] = (uint8_t)(ecn << shift | (is_ipv6 ? 0x0f : 0xb8));
	bytes[ip + 19] = 0x77;
	if (!is_ipv6) {
		checksum = rte_ipv4_cksum((struct rte_ipv4_hdr *)(bytes + ip));
		memcpy(bytes + ip + 10, &checksum, sizeof(checksum));
	}
	for (unsigned i = 0; i < 2; i++)
		frames[i] = mbufs_frame(pool(), bytes, sizeof(bytes), 0);
	kept = frames[1];
	if (is_shared)
		rte_mbuf_refcnt_update(kept, 1);
	impairment_put(impairment, frames, 2, 0);
	assert_int_equal(impairment_take(impairment, frames, 2, PLX_SECOND), 2);
	if (is_shared) {
		mbufs_copy_out(kept, out);
		assert_memory_equal(out, bytes, FRAME_BYTES);
		rte_pktmbuf_free(kept);
	}
	mbufs_copy_out(frames[0], out); // that one found nothing waiting
	assert_memory_equal(out, bytes, FRAME_BYTES);
	mbufs_copy_out(frames[1], out);
	rte_pktmbuf_free_bulk(frames, 2);
	finish(impairment);
	if (!is_ipv6)
		assert_int_equal(rte_raw_cksum(out + ip, 20), 0xffff);
	bytes[field] = out[field];
	memcpy(bytes + ip + 10, out + ip + 10, is_ipv6 ? 0 : 2);
	assert_memory_equal(out, bytes, FRAME_BYTES);
	return out[field] >> shift & 3;
}

// RFC 3168 5: CE is set where the sender can answer it, and nowhere else.
static void congestion_is_marked_where_the_sender_can_answer_it(void **state)
{
	(void)state;
	for (unsigned ecn = 0; ecn < 4; ecn++)
		for (unsigned variant = 0; variant < 8; variant++)
			assert_int_equal(mark(variant & 1, variant & 2, ecn, variant & 4),
					 ecn == 0 ? 0 : 3);
}

static unsigned bits_that_differ(const uint8_t *a, const uint8_t *b, unsigned n_bytes)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < n_bytes; i++)
		bits += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return bits;
}

// Sends `bytes` through a shim that corrupts everything, 300 times in pieces of `piece_bytes`.
static void corrupt_often(size_t piece_bytes)
{
	struct impairment *impairment = shim(damaging, SEED);
	uint8_t sent[200], received[MBUFS_FRAME_MAX_BYTES], ever[200] = {0};

	memset(sent, 0xa5, sizeof(sent));
	for (unsigned i = 0; i < 3000; i++) {
		struct rte_mbuf *frame = mbufs_frame(pool(), sent, sizeof(sent), piece_bytes);

		frame->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD
			| RTE_MBUF_F_RX_VLAN;
		impairment_put(impairment, &frame, 1, 0);
		assert_int_equal(impairment_take(impairment, &frame, 1, 0), 1);
		assert_int_equal(frame->ol_flags, RTE_MBUF_F_RX_VLAN);
		assert_int_equal(mbufs_copy_out(frame, received), sizeof(sent));
		assert_int_equal(bits_that_differ(sent, received, sizeof(sent)), 1);
		for (unsigned byte = 0; byte < sizeof(sent); byte++)
			ever[byte] |= sent[byte] ^ received[byte];
		rte_pktmbuf_free(frame);
	}
	for (unsigned byte = 0; byte < sizeof(sent); byte++)
		assert_int_equal(ever[byte] != 0, byte >= 12);
	finish(impairment);
}

static void corruption_flips_one_bit_behind_the_addresses_and_voids_verdicts(void **state)
{
	(void)state;
	corrupt_often(0);
	corrupt_often(33);
}

static void corruption_leaves_alone_what_others_hold(void **state)
{
	struct impairment *impairment = shim(damaging, SEED);
	struct rte_mbuf *kept = numbered_frame(0), *frame = kept, *clone;
	uint8_t before[MBUFS_FRAME_MAX_BYTES], after[MBUFS_FRAME_MAX_BYTES];

	(void)state;
	mbufs_copy_out(kept, before);
	rte_mbuf_refcnt_update(kept, 1); // retained for retransmission
	impairment_put(impairment, &frame, 1, 0);
	clone = rte_pktmbuf_clone(kept, pool()); // sent as an indirect one
	impairment_put(impairment, &clone, 1, 0);
	mbufs_copy_out(kept, after);
	assert_memory_equal(before, after, FRAME_BYTES);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(impairment_take(impairment, &frame, 1, 0), 1);
		mbufs_copy_out(frame, after);
		assert_int_equal(bits_that_differ(before, after, FRAME_BYTES), 1);
		rte_pktmbuf_free(frame);
	}
	rte_pktmbuf_free(kept);
	finish(impairment);
}

static void a_duplicate_is_a_copy_that_follows(void **state)
{
	struct impairment *impairment = shim((struct link_model_config){.duplicate_ppm = 1000000},
					     SEED);
	struct rte_mbuf *frames[2], *frame = numbered_frame(9);

	(void)state;
	impairment_put(impairment, &frame, 1, 0);
	assert_int_equal(impairment_take(impairment, frames, 2, 0), 2);
	assert_ptr_not_equal(frames[0]->buf_addr, frames[1]->buf_addr);
	assert_int_equal(number_of(frames[0]), 9);
	assert_int_equal(number_of(frames[1]), 9);
	rte_pktmbuf_free_bulk(frames, 2);
	finish(impairment);
}

static void a_full_queue_loses_and_counts(void **state)
{
	struct link_model_config direction = {.delay = PLX_SECOND};
	struct impairment *impairment = impairment_create(&direction, SEED, 10, pool(), -1);

	(void)state;
	assert_non_null(impairment);
	for (uint32_t i = 0; i < 15; i++)
		put(impairment, i, 0);
	assert_int_equal(counters_of(impairment).held, 10);
	assert_int_equal(counters_of(impairment).overflowed, 5);
	finish(impairment); // with frames held
}

static void without_buffers_nothing_is_copied_and_that_is_counted(void **state)
{
	struct link_model_config direction = {.duplicate_ppm = 1000000, .corrupt_ppm = 1000000};
	struct impairment *impairment = shim(direction, SEED);
	struct rte_mbuf *frame = numbered_frame(3), *all[POOL_MBUFS];
	unsigned n = 0;
	uint32_t number;

	(void)state;
	while (n < POOL_MBUFS && (all[n] = rte_pktmbuf_alloc(pool())) != NULL)
		n++;
	rte_mbuf_refcnt_update(frame, 1);
	impairment_put(impairment, &frame, 1, 0);
	assert_int_equal(counters_of(impairment).copies_left_out, 1);
	assert_int_equal(counters_of(impairment).changes_left_out, 1);
	assert_int_equal(take(impairment, &number, 1, 0), 1);
	assert_int_equal(number, 3);
	rte_pktmbuf_free(frame);
	rte_pktmbuf_free_bulk(all, n);
	finish(impairment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delayed_frame_comes_exactly_when_its_time_has_come),
		cmocka_unit_test(jitter_keeps_the_order_and_stays_within_its_bound),
		cmocka_unit_test(a_reordered_frame_is_passed_by_others_and_none_else),
		cmocka_unit_test(the_same_seed_gives_the_same_fates),
		cmocka_unit_test(what_is_lost_does_not_come_out),
		cmocka_unit_test(a_rate_spaces_frames_and_a_full_queue_loses_them),
		cmocka_unit_test(congestion_is_marked_where_the_sender_can_answer_it),
		cmocka_unit_test(corruption_flips_one_bit_behind_the_addresses_and_voids_verdicts),
		cmocka_unit_test(corruption_leaves_alone_what_others_hold),
		cmocka_unit_test(a_duplicate_is_a_copy_that_follows),
		cmocka_unit_test(a_full_queue_loses_and_counts),
		cmocka_unit_test(without_buffers_nothing_is_copied_and_that_is_counted),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/impairment", tests, NULL, NULL);
}
