// SPDX-License-Identifier: BSD-3-Clause
//
// The Internet checksum (RFC 1071, RFC 1624) against sums taken a byte at a time: any length, any
// offset, any way to cut the bytes into pieces or a chain; and what is told to a port instead.
// Suite unit.
#include "wire/checksum.h"

#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/reference.h"
#include "wire/ip.h"
#include "wire/mbuf_checksum.h"
#include "wire/offload.h"
#include "wire_test.h"

enum { BYTES = 3000, LONGEST_BYTES = 65535, SHORT_BYTES = 300, ALIGNMENTS = 16, GUARD = 0xa5 };

// RFC 1071 3: the words 0001 f203 f4f5 f6f7 add up to ddf2.
static void the_example_of_rfc_1071_adds_up(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint32_t sum = checksum_partial(bytes, sizeof(bytes), 0);

	(void)state;
	assert_int_equal(checksum_reduce(sum), 0xddf2);
	assert_int_equal(checksum_fold(sum), 0x220d);
	assert_false(checksum_is_valid(sum));
	assert_true(checksum_is_valid(checksum_add16(sum, 0x220d)));
}

// RFC 1624 4: where the equation of RFC 1141 gives ffff.
static void the_example_of_rfc_1624_comes_out(void **state)
{
	(void)state;
	assert_int_equal(checksum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

// All ones make every addition carry, in the longest packet and on top of any sum.
static void carries_are_kept_in_the_longest_packet(void **state)
{
	static const size_t lengths[] = {1, 127, 128, 129, 8960, 65534, LONGEST_BYTES};
	static uint8_t bytes[LONGEST_BYTES];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
		assert_int_equal(checksum_fold(checksum_partial(bytes, lengths[i], 0)),
				 reference_checksum(bytes, lengths[i]));
		assert_int_equal(checksum_fold(checksum_partial(bytes, lengths[i], UINT32_MAX)),
				 reference_checksum(bytes, lengths[i]));
	}
}

static void every_length_and_offset_sums_right(void **state)
{
	struct random r = test_random();
	uint8_t bytes[BYTES];

	(void)state;
	random_fill(&r, bytes, sizeof(bytes));
	for (size_t offset = 0; offset < 9; offset++)
		for (size_t len = 0; len < 300; len++)
			assert_int_equal(checksum_fold(checksum_partial(bytes + offset, len, 0)),
					 reference_checksum(bytes + offset, len));
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_int_equal(checksum_fold(checksum_partial(guarded_copy(bytes, len), len, 0)),
				 reference_checksum(bytes, len));
}

// RFC 1071 1 as it stands there: 16-bit words as they lie in memory, and the carries come in again at the lower end.
static uint16_t plain_sum(const uint8_t *bytes, size_t len_bytes, uint32_t start)
{
	uint64_t sum = start;

	for (size_t at = 0; at < len_bytes; at += 2) {
		uint8_t pair[2] = {bytes[at], at + 1 < len_bytes ? bytes[at + 1] : 0};
		uint16_t pair_word;

		memcpy(&pair_word, pair, sizeof(pair_word));
		sum += pair_word;
	}
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static const uint32_t starts[] = {0, 1, 0xffff, 0x10000, 0xffff0000, 0xfffffffe, UINT32_MAX};

// The bytes of `from` end where their memory ends, and so do those of the copy.
static void expect_sum_and_copy(const uint8_t *from, size_t len_bytes, size_t alignment)
{
	size_t shift = (alignment * 5 + 3) % ALIGNMENTS; // the copy lies otherwise
	uint8_t *room = malloc(shift + len_bytes + 1), *to = room + shift;

	assert_non_null(room);
	for (size_t i = 0; i < LENGTH_OF(starts); i++) {
		uint16_t expected = plain_sum(from, len_bytes, starts[i]);

		memset(room, GUARD, shift + len_bytes + 1);
		assert_int_equal(checksum_halve(checksum_partial(from, len_bytes, starts[i])),
				 expected);
		assert_int_equal(checksum_halve(checksum_copy(to, from, len_bytes, starts[i])),
				 expected);
		assert_memory_equal(to, from, len_bytes);
		assert_int_equal(to[len_bytes], GUARD);
		for (size_t at = 0; at < shift; at++)
			assert_int_equal(room[at], GUARD);
	}
	free(room);
}

static void every_length_alignment_and_start_sums_and_copies_right(void **state)
{
	static const int fills[] = {-1, 0x00, 0xff}; // -1: random
	struct random r = test_random();

	(void)state;
	for (size_t len = 0; len <= SHORT_BYTES; len++) {
		for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
			uint8_t *room = malloc(alignment + len + (len == 0));

			assert_non_null(room);
			for (size_t i = 0; i < LENGTH_OF(fills); i++) {
				if (fills[i] < 0)
					random_fill(&r, room, alignment + len);
				else
					memset(room, fills[i], alignment + len);
				expect_sum_and_copy(room + alignment, len, alignment);
			}
			free(room);
		}
	}
}

static uint32_t plain_narrow(uint64_t sum)
{
	while (sum >> 32 != 0)
		sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)sum;
}

static void expect_folds(uint64_t sum)
{
	uint32_t low = (uint32_t)sum, high = (uint32_t)(sum >> 32);
	uint32_t halved = low;

	while (halved >> 16 != 0)
		halved = (halved & 0xffff) + (halved >> 16);
	assert_int_equal(checksum_narrow(sum), plain_narrow(sum));
	assert_int_equal(checksum_halve(low), halved);
	assert_int_equal(checksum_add(low, high), plain_narrow((uint64_t)low + high));
	assert_int_equal(checksum_halve(checksum_narrow(sum)),
			 plain_sum((const uint8_t *)&sum, sizeof(sum), 0));
}

// Where a carry begets another, and where there is none.
static void folds_are_exact_at_the_ends(void **state)
{
	static const uint32_t halves[] = {0,	      1,	  0x7fff,     0x8000,
					  0xfffe,     0xffff,	  0x10000,    0x10001,
					  0x7fffffff, 0x80000000, 0xfffeffff, 0xffff0000,
					  0xffff0001, 0xfffffffe, UINT32_MAX};
	struct random r = test_random();

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(halves); i++)
		for (size_t k = 0; k < LENGTH_OF(halves); k++)
			expect_folds((uint64_t)halves[i] << 32 | halves[k]);
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++)
		expect_folds(random_u64(&r));
}

static void pieces_combine_to_the_whole(void **state)
{
	struct random r = test_random();
	uint8_t bytes[BYTES];

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		size_t len = random_below(&r, sizeof(bytes) + 1);
		size_t done = 0;
		uint32_t sum = 0;

		random_fill(&r, bytes, len < 64 ? len : 64);
		while (done < len) {
			size_t n = 1 + random_below(&r, (uint32_t)(len - done));

			sum = checksum_combine(sum, checksum_partial(bytes + done, n, 0), done);
			done += n;
		}
		assert_int_equal(checksum_fold(sum), reference_checksum(bytes, len));
		assert_int_equal((uint16_t)~checksum_reduce(sum), checksum_fold(sum));
	}
}

static void a_copy_is_the_same_and_summed(void **state)
{
	struct random r = test_random();
	uint8_t from[BYTES];
	uint8_t to[BYTES + 1];

	(void)state;
	random_fill(&r, from, sizeof(from));
	for (size_t len = 0; len < 600; len++) {
		memset(to, 0xee, sizeof(to));
		assert_int_equal(checksum_fold(checksum_copy(to, guarded_copy(from, len), len, 0)),
				 reference_checksum(from, len));
		assert_memory_equal(to, from, len);
		assert_int_equal(to[len], 0xee);
	}
}

static void updates_agree_with_a_new_sum(void **state)
{
	struct random r = test_random();
	uint8_t bytes[64];

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		size_t at = random_below(&r, 30) * 2;
		uint16_t before;
		uint32_t before32, after32 = random_u32(&r);
		uint16_t after = (uint16_t)random_u32(&r);

		random_fill(&r, bytes, sizeof(bytes));
		before = reference_checksum(bytes, sizeof(bytes));
		before32 = load_be32(bytes + at);
		store_be32(bytes + at, after32);
		before = checksum_update32(before, before32, after32);
		assert_int_equal(before, reference_checksum(bytes, sizeof(bytes)));
		before = checksum_update16(before, load_be16(bytes + at), after);
		store_be16(bytes + at, after);
		assert_int_equal(before, reference_checksum(bytes, sizeof(bytes)));
	}
}

// RFC 9293 3.1 and RFC 8200 8.1; that IPv4 addresses are kept mapped must not show in the sum.
static void a_tcp_checksum_covers_pseudo_header_and_segment(void **state)
{
	struct random r = test_random();
	uint8_t segment[1500];

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		bool is_ipv6 = random_bool(&r);
		struct plx_addr src = random_addr(&r, is_ipv6);
		struct plx_addr dst = random_addr(&r, is_ipv6);
		uint16_t len = (uint16_t)(20 + random_below(&r, sizeof(segment) - 20));
		uint32_t pseudo = checksum_pseudo(&src, &dst, IP_PROTOCOL_TCP);
		uint16_t checksum;

		random_fill(&r, segment, len);
		store_be16(segment + 16, 0);
		checksum = checksum_tcp(pseudo, segment, len);
		assert_int_equal(
			checksum,
			reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, segment, len));
		store_be16(segment + 16, checksum);
		assert_int_equal(checksum_tcp(pseudo, segment, len), 0);
		assert_int_equal(pseudo, checksum_pseudo(&dst, &src, IP_PROTOCOL_TCP));
	}
}

static struct rte_mempool *pool;

// The bytes in a chain, cut at random.
static struct rte_mbuf *chain_of(struct random *r, const uint8_t *bytes, size_t len_bytes)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool);

	assert_non_null(head);
	while (len_bytes > 0) {
		size_t n = random_below(r, (uint32_t)(len_bytes < 200 ? len_bytes : 200) + 1);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes, n);
		assert_int_equal(rte_pktmbuf_chain(head, m), 0);
		bytes += n;
		len_bytes -= n;
	}
	return head;
}

static void a_chain_sums_like_its_bytes(void **state)
{
	struct random r = test_random();
	uint8_t bytes[BYTES];

	(void)state;
	random_fill(&r, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 1000; i++) {
		struct rte_mbuf *m = chain_of(&r, bytes, sizeof(bytes));
		uint32_t offset = random_below(&r, sizeof(bytes));
		uint32_t len = random_below(&r, (uint32_t)sizeof(bytes) - offset + 1);

		assert_int_equal(checksum_fold(mbuf_checksum_partial(m, offset, len)),
				 reference_checksum(bytes + offset, len));
		assert_int_equal(checksum_fold(mbuf_checksum_partial(m, offset, UINT32_MAX / 2)),
				 reference_checksum(bytes + offset, sizeof(bytes) - offset));
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

// What a port is asked for, and what stands where it will put the checksum.
static void a_port_is_asked_in_its_own_terms(void **state)
{
	struct random r = test_random();
	uint8_t frame[100];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool is_ipv6 = (i & 1) != 0;
		bool cuts = (i & 2) != 0;
		struct offload_layout layout = {
			.l2_bytes = (i & 4) != 0 ? 14 : 0,
			.l3_bytes = is_ipv6 ? 40 : 20,
			.l4_bytes = 20,
			.is_ipv6 = is_ipv6,
			.ipv4_checksum = !is_ipv6,
			.segment_bytes = cuts ? 10 : 0,
		};
		struct plx_addr src = random_addr(&r, is_ipv6);
		struct plx_addr dst = random_addr(&r, is_ipv6);
		uint32_t pseudo = checksum_pseudo(&src, &dst, IP_PROTOCOL_TCP);
		size_t tcp = (size_t)layout.l2_bytes + layout.l3_bytes;
		uint16_t tcp_bytes = (uint16_t)(sizeof(frame) - tcp);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, sizeof(frame));

		memset(data, 0, sizeof(frame));
		tcp_checksum_prepare_offload(m, &layout, pseudo);
		assert_true((m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) != 0 || cuts);
		assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0, cuts);
		assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0, is_ipv6);
		assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0, !is_ipv6);
		assert_int_equal(m->l2_len, layout.l2_bytes);
		assert_int_equal(m->l3_len, layout.l3_bytes);
		if (cuts)
			assert_int_equal(m->tso_segsz, 10);
		assert_int_equal(
			load_be16(data + tcp + 16),
			checksum_reduce(cuts ? pseudo : checksum_add16(pseudo, tcp_bytes)));
		assert_int_equal(m->l4_len, layout.l4_bytes);
		offload_reset(m);
		assert_int_equal(m->ol_flags | m->tx_offload, 0);
		ipv4_checksum_prepare_offload(m, 14, 20);
		assert_true((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0);
		assert_true((m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0);
		rte_pktmbuf_free(m);
	}
}

// What fits one segment is none to cut, and some ports refuse it.
static void a_segment_that_fits_is_not_cut(void **state)
{
	struct offload_layout layout = {
		.l3_bytes = 20, .l4_bytes = 32, .ipv4_checksum = true, .segment_bytes = 500};

	(void)state;
	for (uint16_t payload_bytes = 499; payload_bytes <= 501; payload_bytes++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		bool fits = payload_bytes <= 500;

		assert_non_null(rte_pktmbuf_append(m, (uint16_t)(20 + 32 + payload_bytes)));
		tcp_checksum_prepare_offload(m, &layout, 0);
		assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0, fits);
		assert_int_equal(m->tso_segsz, fits ? 0 : 500);
		rte_pktmbuf_free(m);
	}
}

// Whose memory it is stays known.
static void a_reset_keeps_what_the_buffer_is(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	(void)state;
	m->packet_type = RTE_PTYPE_L4_TCP;
	m->ol_flags |= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_RX_VLAN;
	offload_reset(m);
	assert_int_equal(m->ol_flags, RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT);
	assert_int_equal(m->packet_type, RTE_PTYPE_UNKNOWN);
	m->ol_flags = 0;
	rte_pktmbuf_free(m);
}

// "None" in rte_mbuf_core.h: the bytes do not verify, but the device knows the data to be whole.
static void only_a_good_verdict_is_believed(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	(void)state;
	assert_false(offload_has_verified_ip(m) || offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	assert_true(offload_has_verified_ip(m) && offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_NONE | RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_true(offload_has_verified_ip(m) && offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	assert_true(!offload_has_verified_ip(m) && offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	assert_false(offload_has_verified_ip(m) || offload_has_verified_l4(m));
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc_1071_adds_up),
		cmocka_unit_test(the_example_of_rfc_1624_comes_out),
		cmocka_unit_test(carries_are_kept_in_the_longest_packet),
		cmocka_unit_test(every_length_and_offset_sums_right),
		cmocka_unit_test(every_length_alignment_and_start_sums_and_copies_right),
		cmocka_unit_test(folds_are_exact_at_the_ends),
		cmocka_unit_test(pieces_combine_to_the_whole),
		cmocka_unit_test(a_copy_is_the_same_and_summed),
		cmocka_unit_test(updates_agree_with_a_new_sum),
		cmocka_unit_test(a_tcp_checksum_covers_pseudo_header_and_segment),
		cmocka_unit_test(a_chain_sums_like_its_bytes),
		cmocka_unit_test(a_port_is_asked_in_its_own_terms),
		cmocka_unit_test(a_segment_that_fits_is_not_cut),
		cmocka_unit_test(a_reset_keeps_what_the_buffer_is),
		cmocka_unit_test(only_a_good_verdict_is_believed),
	};

	test_eal_init();
	pool = rte_pktmbuf_pool_create("checksum", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		return 1;
	return cmocka_run_group_tests_name("wire_checksum", tests, NULL, NULL);
}
