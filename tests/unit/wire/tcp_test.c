// SPDX-License-Identifier: BSD-3-Clause
//
// TCP headers and options (RFC 9293 3.1, 3.2, RFC 7323) against segments written by hand, every
// truncation of them, and wrong option lists. Truncated segments end at an inaccessible page.
// Suite unit.
#include "wire/checksum.h"
#include "wire/tcp.h"

#include <string.h>

#include "wire_test.h"

// A SYN with all that is offered: MSS, SACK permitted, timestamps, NOP, window scale.
static const uint8_t syn[40] = {
	0x9c, 0x40, 0x00, 0x50, // 40000 to 80
	0x01, 0x02, 0x03, 0x04, // sequence number
	0x00, 0x00, 0x00, 0x00, // acknowledgement number
	0xa0, 0x02, 0xfa, 0xf0, // 40 bytes, SYN, window 64240
	0x00, 0x00, 0x00, 0x00, // checksum, urgent pointer
	0x02, 0x04, 0x05, 0xb4, // MSS 1460
	0x04, 0x02, 0x08, 0x0a, // SACK permitted, timestamps
	0x11, 0x22, 0x33, 0x44, // TSval
	0x55, 0x66, 0x77, 0x88, // TSecr
	0x01, 0x03, 0x03, 0x07, // NOP, window scale 7
};

// What data segments carry once timestamps are agreed.
static const uint8_t data[36] = {
	0x00, 0x50, 0x9c, 0x40, 0xff, 0xff, 0xff, 0xf0, 0x01, 0x02, 0x03, 0x05,
	0x80, 0x18, 0x01, 0x00, 0x00, 0x00, 0x00, 0x07, 0x01, 0x01, 0x08, 0x0a,
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 'd',  'a',  't',  'a',
};

static void a_syn_is_read(void **state)
{
	struct tcp_header header;

	(void)state;
	assert_int_equal(tcp_header_parse(guarded_copy(syn, sizeof(syn)), sizeof(syn), &header),
			 PLX_DROP_NONE);
	assert_int_equal(header.src_port, 40000);
	assert_int_equal(header.dst_port, 80);
	assert_int_equal(header.seq, 0x01020304);
	assert_int_equal(header.ack, 0);
	assert_int_equal(header.flags, TCP_SYN);
	assert_int_equal(header.window, 64240);
	assert_int_equal(header.header_bytes, 40);
	assert_true(header.options.has_mss && header.options.mss == 1460);
	assert_true(header.options.has_window_scale && header.options.window_scale == 7);
	assert_true(header.options.has_timestamps && header.options.has_sack_permitted);
	assert_int_equal(header.options.ts_val, 0x11223344);
	assert_int_equal(header.options.ts_ecr, 0x55667788);
}

static void a_data_segment_with_timestamps_is_read(void **state)
{
	struct tcp_header header;

	(void)state;
	assert_int_equal(tcp_header_parse(guarded_copy(data, sizeof(data)), sizeof(data), &header),
			 PLX_DROP_NONE);
	assert_int_equal(header.seq, 0xfffffff0);
	assert_int_equal(header.ack, 0x01020305);
	assert_int_equal(header.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(header.urgent, 7);
	assert_int_equal(header.header_bytes, 32);
	assert_true(header.options.has_timestamps && !header.options.has_mss);
	assert_int_equal(header.options.ts_val, 0x11223344);
	assert_int_equal(header.options.ts_ecr, 0x55667788);
}

static void every_truncation_of_the_header_is_refused(void **state)
{
	struct tcp_header header;

	(void)state;
	for (size_t len = 0; len < 40; len++)
		assert_int_equal(tcp_header_parse(guarded_copy(syn, len), len, &header),
				 PLX_DROP_TCP_HEADER);
	for (size_t len = 0; len < 32; len++)
		assert_int_equal(tcp_header_parse(guarded_copy(data, len), len, &header),
				 PLX_DROP_TCP_HEADER);
}

static void a_data_offset_below_five_is_refused(void **state)
{
	struct tcp_header header;

	(void)state;
	for (unsigned offset = 0; offset < 5; offset++) {
		uint8_t *bytes = guarded_copy(syn, sizeof(syn));

		bytes[12] = (uint8_t)(offset << 4);
		assert_int_equal(tcp_header_parse(bytes, sizeof(syn), &header),
				 PLX_DROP_TCP_HEADER);
	}
}

// Parses a SYN with these options; the list is padded by what is given.
static enum plx_drop parse_options(const uint8_t *list, size_t len_bytes, struct tcp_header *header)
{
	uint8_t bytes[TCP_HEADER_MAX_BYTES] = {0};
	size_t header_bytes = TCP_HEADER_BYTES + (len_bytes + 3) / 4 * 4;

	bytes[12] = (uint8_t)(header_bytes / 4 << 4);
	bytes[13] = TCP_SYN;
	memcpy(bytes + TCP_HEADER_BYTES, list, len_bytes);
	return tcp_header_parse(guarded_copy(bytes, header_bytes), header_bytes, header);
}

// RFC 9293 3.2, MUST-7: an illegal length must not crash, and the segment is dropped whole.
static void malformed_lists_are_refused(void **state)
{
	static const uint8_t lists[][4] = {
		{2, 0, 0, 0},	  {2, 1, 5, 180}, {2, 5, 5, 180}, {3, 0, 7, 0},	  {3, 5, 7, 0},
		{8, 9, 0, 0},	  {8, 10, 0, 0},  {253, 0, 0, 0}, {253, 1, 0, 0}, {253, 9, 0, 0},
		{253, 255, 0, 0}, {1, 1, 1, 2},	  {1, 1, 1, 253}, {1, 2, 4, 5},	  {4, 2, 8, 10},
	};
	struct tcp_header header;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(lists); i++)
		assert_int_equal(parse_options(lists[i], sizeof(lists[i]), &header),
				 PLX_DROP_TCP_OPTION);
}

static void unknown_kinds_are_skipped_by_their_length(void **state)
{
	static const uint8_t list[] = {253, 4, 1, 2, 1, 254, 2, 2, 4, 0x02, 0x18, 0};
	struct tcp_header header;

	(void)state;
	assert_int_equal(parse_options(list, sizeof(list), &header), PLX_DROP_NONE);
	assert_true(header.options.has_mss);
	assert_int_equal(header.options.mss, 0x0218);
}

static void known_kinds_of_a_wrong_length_do_not_count(void **state)
{
	static const uint8_t list[] = {2, 3, 5, 3, 2, 4, 3, 1, 8, 2, 1, 1};
	struct tcp_header header;

	(void)state;
	assert_int_equal(parse_options(list, sizeof(list), &header), PLX_DROP_NONE);
	assert_false(header.options.has_mss || header.options.has_window_scale
		     || header.options.has_sack_permitted || header.options.has_timestamps);
}

// RFC 9293 3.1, RFC 7323 2.2: MSS and window scale are offers of a SYN.
static void offers_outside_a_syn_do_not_count(void **state)
{
	uint8_t *bytes = guarded_copy(syn, sizeof(syn));
	struct tcp_header header;

	(void)state;
	bytes[13] = TCP_ACK;
	assert_int_equal(tcp_header_parse(bytes, sizeof(syn), &header), PLX_DROP_NONE);
	assert_false(header.options.has_mss || header.options.has_window_scale
		     || header.options.has_sack_permitted);
	assert_true(header.options.has_timestamps);
}

// An MSS of zero would leave no room for a byte; the default stands (RFC 9293 3.7.1).
static void an_mss_of_zero_offers_nothing(void **state)
{
	static const uint8_t list[] = {2, 4, 0, 0};
	struct tcp_header header;

	(void)state;
	assert_int_equal(parse_options(list, sizeof(list), &header), PLX_DROP_NONE);
	assert_false(header.options.has_mss);
}

// NOP NOP TIMESTAMPS is read by another way than the same option anywhere else.
static void timestamps_may_stand_anywhere(void **state)
{
	static const uint8_t lists[][12] = {
		{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},	 {1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1},
		{8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1},	 {8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0xff},
		{253, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
	};
	struct tcp_header header;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(lists); i++) {
		assert_int_equal(parse_options(lists[i], sizeof(lists[i]), &header), PLX_DROP_NONE);
		assert_true(header.options.has_timestamps);
		assert_int_equal(header.options.ts_val, 0x01020304);
		assert_int_equal(header.options.ts_ecr, 0x05060708);
	}
}

static void nothing_behind_the_end_of_the_list_counts(void **state)
{
	static const uint8_t list[] = {1, 0, 2, 4, 5, 180, 8, 1};
	struct tcp_header header;

	(void)state;
	assert_int_equal(parse_options(list, sizeof(list), &header), PLX_DROP_NONE);
	assert_false(header.options.has_mss);
}

// RFC 7323 2.3: a larger shift is used as 14.
static void window_scale_is_clamped(void **state)
{
	struct tcp_header header;

	(void)state;
	for (unsigned shift = 0; shift < 256; shift++) {
		const uint8_t list[] = {3, 3, (uint8_t)shift, 1};

		assert_int_equal(parse_options(list, sizeof(list), &header), PLX_DROP_NONE);
		assert_int_equal(header.options.window_scale, shift < 14 ? shift : 14);
	}
}

static struct tcp_header random_header(struct random *r)
{
	uint8_t flags = (uint8_t)random_u32(r);
	bool is_syn = (flags & TCP_SYN) != 0;
	struct tcp_header header = {
		.src_port = (uint16_t)random_u32(r),
		.dst_port = (uint16_t)random_u32(r),
		.seq = random_u32(r),
		.ack = random_u32(r),
		.window = (uint16_t)random_u32(r),
		.urgent = (uint16_t)random_u32(r),
		.flags = flags,
		.options.has_mss = is_syn && random_bool(r),
		.options.has_window_scale = is_syn && random_bool(r),
		.options.has_timestamps = random_bool(r),
	};

	if (header.options.has_mss)
		header.options.mss = (uint16_t)(1 + random_below(r, UINT16_MAX));
	if (header.options.has_window_scale)
		header.options.window_scale = (uint8_t)random_below(r, 15);
	if (header.options.has_timestamps) {
		header.options.ts_val = random_u32(r);
		header.options.ts_ecr = random_u32(r);
	}
	return header;
}

static void assert_same_options(const struct tcp_options *a, const struct tcp_options *b)
{
	assert_int_equal(a->has_mss, b->has_mss);
	assert_int_equal(a->has_window_scale, b->has_window_scale);
	assert_int_equal(a->has_timestamps, b->has_timestamps);
	assert_int_equal(a->has_sack_permitted, b->has_sack_permitted);
	assert_int_equal(a->window_scale, b->window_scale);
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->ts_val, b->ts_val);
	assert_int_equal(a->ts_ecr, b->ts_ecr);
}

static void assert_same(const struct tcp_header *a, const struct tcp_header *b)
{
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->window, b->window);
	assert_int_equal(a->urgent, b->urgent);
	assert_int_equal(a->flags, b->flags);
	assert_same_options(&a->options, &b->options);
}

static void what_was_built_is_read_again(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct tcp_header in = random_header(&r);
		uint8_t bytes[TCP_HEADER_MAX_BYTES];
		struct tcp_header out;
		uint32_t sum;
		size_t len = tcp_header_build(bytes, &in, &sum);

		assert_int_equal(len % 4, 0);
		assert_int_equal(len, tcp_header_build_bytes(&in.options));
		assert_int_equal(checksum_reduce(sum),
				 checksum_reduce(checksum_partial(bytes, len, 0)));
		assert_int_equal(bytes[16] | bytes[17], 0);
		assert_int_equal(tcp_header_parse(guarded_copy(bytes, len), len, &out),
				 PLX_DROP_NONE);
		assert_int_equal(out.header_bytes, len);
		assert_same(&in, &out);
	}
}

// Whatever the bytes, the parser stays within them and answers with one of its verdicts.
static void random_bytes_are_survived(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < 20 * RANDOM_ROUNDS; i++) {
		uint8_t bytes[TCP_HEADER_MAX_BYTES];
		size_t len = random_below(&r, sizeof(bytes) + 1);
		struct tcp_header out;
		enum plx_drop verdict;

		random_fill(&r, bytes, len);
		verdict = tcp_header_parse(guarded_copy(bytes, len), len, &out);
		assert_true(verdict == PLX_DROP_NONE || verdict == PLX_DROP_TCP_HEADER
			    || verdict == PLX_DROP_TCP_OPTION);
		if (verdict == PLX_DROP_NONE)
			assert_true(out.header_bytes <= len && out.options.window_scale <= 14);
	}
}

// The list, and the same behind four NOPs, which no quick way knows, say the same.
static void is_read_the_same_behind_nops(const uint8_t *list, size_t len_bytes)
{
	uint8_t moved[TCP_HEADER_MAX_BYTES - TCP_HEADER_BYTES] = {1, 1, 1, 1};
	struct tcp_header quick, slow;
	enum plx_drop verdict = parse_options(list, len_bytes, &quick);

	memcpy(moved + 4, list, len_bytes);
	assert_int_equal(parse_options(moved, 4 + len_bytes, &slow), verdict);
	if (verdict == PLX_DROP_NONE)
		assert_same_options(&quick.options, &slow.options);
}

// What we and what Linux offer, and whatever differs from that by a byte.
static void usual_offers_are_read_as_any_others(void **state)
{
	static const uint8_t usual[][20] = {
		{2, 4, 0x05, 0xb4, 1, 3, 3, 7, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
		{2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7},
		{2, 4, 0, 0, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 15},
		{2, 4, 0, 1, 1, 3, 3, 255, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(usual); i++)
		for (size_t at = 0; at < sizeof(usual[i]); at++)
			for (unsigned value = 0; value < 256; value++) {
				uint8_t list[sizeof(usual[i])];

				memcpy(list, usual[i], sizeof(list));
				list[at] = (uint8_t)value;
				is_read_the_same_behind_nops(list, sizeof(list));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_is_read),
		cmocka_unit_test(a_data_segment_with_timestamps_is_read),
		cmocka_unit_test(every_truncation_of_the_header_is_refused),
		cmocka_unit_test(a_data_offset_below_five_is_refused),
		cmocka_unit_test(malformed_lists_are_refused),
		cmocka_unit_test(unknown_kinds_are_skipped_by_their_length),
		cmocka_unit_test(known_kinds_of_a_wrong_length_do_not_count),
		cmocka_unit_test(offers_outside_a_syn_do_not_count),
		cmocka_unit_test(an_mss_of_zero_offers_nothing),
		cmocka_unit_test(timestamps_may_stand_anywhere),
		cmocka_unit_test(nothing_behind_the_end_of_the_list_counts),
		cmocka_unit_test(window_scale_is_clamped),
		cmocka_unit_test(usual_offers_are_read_as_any_others),
		cmocka_unit_test(what_was_built_is_read_again),
		cmocka_unit_test(random_bytes_are_survived),
	};

	return cmocka_run_group_tests_name("wire_tcp", tests, NULL, NULL);
}
