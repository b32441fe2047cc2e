// SPDX-License-Identifier: BSD-3-Clause
//
// The Internet checksum (RFC 1071, RFC 1624) against sums taken a byte at a time: any length, any offset, any
// way to cut the bytes into pieces, in one buffer or a chain of mbufs; and what is told to a port instead.
// Suite unit.
#include "wire/checksum.h"

#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "wire/ip.h"
#include "wire/mbuf_checksum.h"
#include "wire/offload.h"
#include "wire_test.h"

enum { BYTES = 3000 };

// RFC 1071 1, as it is written there: the sum of 16-bit words, an odd byte padded with zero.
static uint16_t reference_sum(const uint8_t *bytes, size_t len_bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len_bytes; i++)
		sum += (i & 1) == 0 ? (uint64_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void every_length_and_offset_sums_right(void **state)
{
	struct random r = test_random();
	uint8_t bytes[BYTES];

	(void)state;
	random_fill(&r, bytes, sizeof(bytes));
	for (size_t offset = 0; offset < 9; offset++)
		for (size_t len = 0; len < 300; len++)
			assert_int_equal(checksum_reduce(checksum_partial(bytes + offset, len, 0)),
					 reference_sum(bytes + offset, len));
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_int_equal(
			checksum_reduce(checksum_partial(guarded_copy(bytes, len), len, 0)),
			reference_sum(bytes, len));
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
		assert_int_equal(checksum_reduce(sum), reference_sum(bytes, len));
		assert_int_equal(checksum_fold(sum), (uint16_t)~reference_sum(bytes, len));
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
		assert_int_equal(checksum_reduce(checksum_copy(to, from, len, 0)),
				 reference_sum(from, len));
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
		before = (uint16_t)~reference_sum(bytes, sizeof(bytes));
		before32 = load_be32(bytes + at);
		store_be32(bytes + at, after32);
		before = checksum_update32(before, before32, after32);
		assert_int_equal(before, (uint16_t)~reference_sum(bytes, sizeof(bytes)));
		before = checksum_update16(before, load_be16(bytes + at), after);
		store_be16(bytes + at, after);
		assert_int_equal(before, (uint16_t)~reference_sum(bytes, sizeof(bytes)));
	}
}

// RFC 9293 3.1 and RFC 8200 8.1: the pseudo header as bytes.
static size_t pseudo_bytes(uint8_t *to, const struct plx_addr *src, const struct plx_addr *dst,
			   uint16_t len_bytes)
{
	bool is_ipv4 = plx_addr_is_ipv4(src);
	size_t addr_bytes = is_ipv4 ? 4 : 16;

	memset(to, 0, 40);
	memcpy(to, src->bytes + 16 - addr_bytes, addr_bytes);
	memcpy(to + addr_bytes, dst->bytes + 16 - addr_bytes, addr_bytes);
	if (is_ipv4) {
		to[9] = IP_PROTOCOL_TCP;
		store_be16(to + 10, len_bytes);
		return 12;
	}
	store_be32(to + 32, len_bytes);
	to[39] = IP_PROTOCOL_TCP;
	return 40;
}

static void a_tcp_checksum_covers_pseudo_header_and_segment(void **state)
{
	struct random r = test_random();
	uint8_t whole[40 + 1500];

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		bool is_ipv6 = random_bool(&r);
		struct plx_addr src = random_addr(&r, is_ipv6);
		struct plx_addr dst = random_addr(&r, is_ipv6);
		uint16_t len = (uint16_t)(20 + random_below(&r, 200));
		size_t offset = pseudo_bytes(whole, &src, &dst, len);
		uint32_t pseudo = checksum_pseudo(&src, &dst, IP_PROTOCOL_TCP);
		uint16_t checksum;

		random_fill(&r, whole + offset, len);
		store_be16(whole + offset + 16, 0);
		checksum = checksum_tcp(pseudo, whole + offset, len);
		assert_int_equal(checksum, (uint16_t)~reference_sum(whole, offset + len));
		store_be16(whole + offset + 16, checksum);
		assert_int_equal(checksum_tcp(pseudo, whole + offset, len), 0);
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

		assert_int_equal(checksum_reduce(mbuf_checksum_partial(m, offset, len)),
				 reference_sum(bytes + offset, len));
		assert_int_equal(checksum_reduce(mbuf_checksum_partial(m, offset, UINT32_MAX / 2)),
				 reference_sum(bytes + offset, sizeof(bytes) - offset));
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
		offload_reset(m);
		assert_int_equal(m->ol_flags | m->tx_offload, 0);
		ipv4_checksum_prepare_offload(m, 14, 20);
		assert_true((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0);
		assert_true((m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0);
		rte_pktmbuf_free(m);
	}
}

static void only_a_good_verdict_is_believed(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	(void)state;
	assert_false(offload_has_verified_ip(m) || offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	assert_true(offload_has_verified_ip(m) && offload_has_verified_l4(m));
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	assert_false(offload_has_verified_ip(m) || offload_has_verified_l4(m));
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_and_offset_sums_right),
		cmocka_unit_test(pieces_combine_to_the_whole),
		cmocka_unit_test(a_copy_is_the_same_and_summed),
		cmocka_unit_test(updates_agree_with_a_new_sum),
		cmocka_unit_test(a_tcp_checksum_covers_pseudo_header_and_segment),
		cmocka_unit_test(a_chain_sums_like_its_bytes),
		cmocka_unit_test(a_port_is_asked_in_its_own_terms),
		cmocka_unit_test(only_a_good_verdict_is_believed),
	};

	test_eal_init();
	pool = rte_pktmbuf_pool_create("checksum", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		return 1;
	return cmocka_run_group_tests_name("wire_checksum", tests, NULL, NULL);
}
