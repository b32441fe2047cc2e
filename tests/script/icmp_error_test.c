// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP errors that quote a segment of ours: believed only when the quoted sequence number is in flight; hard
// ones end an attempt to connect and are soft afterwards; packet-too-big makes segments smaller.
// RFC 1122 4.2.3.9, RFC 5461 4.1, RFC 5927 4.1, RFC 1191, RFC 8201, RFC 9293 MUST-47.
#include <errno.h>
#include <string.h>

#include "support/eal_main.h"
#include "support/user.h"
#include "wire/bytes.h"
#include "wire/icmp.h"

enum { QUOTED_BYTES = 8 }; // of the segment: ports and sequence number

enum error_kind {
	PORT_UNREACHABLE,
	HOST_UNREACHABLE,
	TIME_EXCEEDED,
	PACKET_TOO_BIG,
	SOURCE_QUENCH
};

static struct icmp_header header_of(enum error_kind kind, bool is_ipv6, uint32_t mtu)
{
	static const uint8_t ipv4[][2] = {{ICMP_UNREACHABLE, 3},
					  {ICMP_UNREACHABLE, 1},
					  {ICMP_TIME_EXCEEDED, 0},
					  {ICMP_UNREACHABLE, 4},
					  {4, 0}};
	static const uint8_t ipv6[][2] = {{ICMPV6_UNREACHABLE, 4},
					  {ICMPV6_UNREACHABLE, 3},
					  {ICMPV6_TIME_EXCEEDED, 0},
					  {ICMPV6_PACKET_TOO_BIG, 0},
					  {5, 0}};
	const uint8_t *type_code = is_ipv6 ? ipv6[kind] : ipv4[kind];

	return (struct icmp_header){.type = type_code[0], .code = type_code[1], .word = mtu};
}

// A router, or the peer, answers this frame of ours; `offset` is added to the quoted sequence number.
static void error_arrives(struct fixture *f, enum error_kind kind, uint32_t mtu,
			  const struct fixture_output *quoted, uint32_t offset)
{
	bool is_ipv6 = f->variant->is_ipv6;
	size_t quoted_bytes = (size_t)(is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES)
		+ QUOTED_BYTES;
	struct ip_header ip = {
		.src = f->to_stack.src,
		.dst = f->to_stack.dst,
		.payload_bytes = (uint16_t)(ICMP_HEADER_BYTES + quoted_bytes),
		.protocol = is_ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP,
		.hop_limit = 64,
		.is_ipv6 = is_ipv6,
	};
	struct eth_header eth = {.dst = f->to_stack.dst_mac,
				 .src = f->to_stack.src_mac,
				 .type = is_ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4};
	struct icmp_header icmp = header_of(kind, is_ipv6, mtu);
	uint8_t bytes[256];
	uint8_t *at = bytes, *sequence;

	at += f->config.link == PLX_LINK_ETHERNET ? eth_header_build(at, &eth) : 0;
	at += is_ipv6 ? ipv6_header_build(at, &ip) : ipv4_header_build(at, &ip, 1, false, true);
	memcpy(at + ICMP_HEADER_BYTES, quoted->bytes + quoted->frame.l3_offset_bytes, quoted_bytes);
	sequence = at + ICMP_HEADER_BYTES + quoted_bytes - sizeof(uint32_t);
	store_be32(sequence, load_be32(sequence) + offset);
	icmp_header_build(at, &ip, &icmp);
	frame_arrives(f, bytes, (size_t)(at - bytes) + ip.payload_bytes);
}

static const struct fixture_output *next_output(struct fixture *f)
{
	const struct fixture_output *output;

	fixture_settle(f);
	output = fixture_next_output(f);
	assert_non_null(output);
	return output;
}

// A SYN under way.
static const struct fixture_output *begin_syn(void **state, struct fixture **f)
{
	*f = fixture_bare(state);
	assert_int_equal(user_connects(*f), 0);
	return next_output(*f);
}

// Two full segments under way.
static const struct fixture_output *begin_data(void **state, struct fixture **f)
{
	const struct fixture_output *output;

	*f = fixture_connected(state);
	user_sends(*f, 2 * info_of(*f).mss_bytes);
	output = next_output(*f);
	expect_segment(*f, SEG());
	expect_silence(*f);
	return output;
}

// RFC 5461 4.1: what a hard error means to an attempt.
static void port_unreachable_refuses_an_attempt(void **state)
{
	struct fixture *f;
	const struct fixture_output *syn = begin_syn(state, &f);

	error_arrives(f, PORT_UNREACHABLE, 0, syn, 0);
	expect_event(f, PLX_EVENT_FAILED, -ECONNREFUSED);
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_FATE_CONSUMED, 1);
}

// RFC 1122 4.2.3.9: "host unreachable" may pass; the attempt goes on.
static void host_unreachable_is_soft(void **state)
{
	struct fixture *f;
	const struct fixture_output *syn = begin_syn(state, &f);

	error_arrives(f, HOST_UNREACHABLE, 0, syn, 0);
	expect_event(f, PLX_EVENT_SOFT_ERROR, -EHOSTUNREACH);
	assert_int_equal(info_of(f).soft_error, -EHOSTUNREACH);
	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN));
}

// RFC 5927 4.1: a sequence number that is not in flight proves a forger.
static void error_that_quotes_nothing_in_flight_is_dropped(void **state)
{
	struct fixture *f;
	const struct fixture_output *syn = begin_syn(state, &f);

	error_arrives(f, PORT_UNREACHABLE, 0, syn, 1);
	error_arrives(f, PORT_UNREACHABLE, 0, syn, UINT32_MAX);
	expect_no_event(f);
	expect_drops(f, PLX_DROP_ICMP_NO_CONNECTION, 2);
	expect_state(f, PLX_STATE_SYN_SENT);
}

// RFC 5461 4.1: in a synchronized state even a hard error is soft.
static void hard_error_does_not_end_a_connection(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);

	error_arrives(f, PORT_UNREACHABLE, 0, data, 0);
	expect_event(f, PLX_EVENT_SOFT_ERROR, -ECONNREFUSED);
	error_arrives(f, TIME_EXCEEDED, 0, data, 0);
	expect_event(f, PLX_EVENT_SOFT_ERROR, -EHOSTUNREACH);
	expect_state(f, PLX_STATE_ESTABLISHED);
	expect_silence(f);
}

// What was acknowledged is no longer in flight.
static void error_about_acknowledged_data_is_dropped(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);
	uint32_t mss = info_of(f).mss_bytes;

	error_arrives(f, PORT_UNREACHABLE, 0, data, 2 * mss);
	expect_drops(f, PLX_DROP_ICMP_NO_CONNECTION, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	error_arrives(f, PORT_UNREACHABLE, 0, data, 0);
	expect_drops(f, PLX_DROP_ICMP_NO_CONNECTION, 2);
	expect_no_event(f);
	error_arrives(f, PORT_UNREACHABLE, 0, data, 1);
	expect_event(f, PLX_EVENT_SOFT_ERROR, -ECONNREFUSED);
}

static void error_about_another_connection_is_dropped(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);
	struct fixture_output other = *data;
	size_t l4 = other.frame.l3_offset_bytes + other.frame.ip.header_bytes;

	store_be16(other.bytes + l4, (uint16_t)(load_be16(other.bytes + l4) + 1));
	error_arrives(f, PORT_UNREACHABLE, 0, &other, 0);
	expect_no_event(f);
	expect_drops(f, PLX_DROP_ICMP_NO_CONNECTION, 1);
}

// RFC 1191 6.5, RFC 8201 5: segments become smaller, and what was too big is sent again at once.
static void packet_too_big_makes_segments_smaller(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);
	uint32_t mss = 1300 - TCP_HEADER_BYTES
		- (f->variant->is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
	uint32_t all = 2 * info_of(f).mss_bytes, seen = 0;

	error_arrives(f, PACKET_TOO_BIG, 1300, data, 0);
	assert_int_equal(info_of(f).mss_bytes, mss);
	expect_no_event(f);
	while (seen < all) {
		const struct frame *frame = expect_segment_within(f, 500,
								  SEG(.seq = f->snd_nxt + seen));

		assert_in_range(frame->payload_bytes, 1, mss);
		seen += frame->payload_bytes;
		segment_arrives(f, SEG(.ack = f->snd_nxt + seen));
	}
	expect_silence_for(f, 10000);
}

// The floor: 552 bytes for IPv4, 1280 for IPv6, whatever a forger claims.
static void packet_too_big_has_a_floor(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);

	error_arrives(f, PACKET_TOO_BIG, 68, data, 0);
	assert_int_equal(info_of(f).mss_bytes,
			 f->variant->is_ipv6 ? 1280 - IPV6_HEADER_BYTES - TCP_HEADER_BYTES
					     : 552 - IPV4_HEADER_BYTES - TCP_HEADER_BYTES);
	forget_output(f);
}

static void packet_too_big_that_quotes_nothing_in_flight_changes_nothing(void **state)
{
	struct fixture *f;
	const struct fixture_output *data = begin_data(state, &f);
	uint32_t mss = info_of(f).mss_bytes;

	error_arrives(f, PACKET_TOO_BIG, 1300, data, 1u << 20);
	assert_int_equal(info_of(f).mss_bytes, mss);
	expect_drops(f, PLX_DROP_ICMP_NO_CONNECTION, 1);
	expect_silence(f);
}

// RFC 9293 MUST-55: source quench, or any kind that is not known, is discarded in silence.
static void source_quench_is_discarded_in_silence(void **state)
{
	struct fixture *f;
	const struct fixture_output *syn = begin_syn(state, &f);

	error_arrives(f, SOURCE_QUENCH, 0, syn, 0);
	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_SYN_SENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(port_unreachable_refuses_an_attempt),
		SCENARIO(host_unreachable_is_soft),
		SCENARIO(error_that_quotes_nothing_in_flight_is_dropped),
		SCENARIO(hard_error_does_not_end_a_connection),
		SCENARIO(error_about_acknowledged_data_is_dropped),
		SCENARIO(error_about_another_connection_is_dropped),
		SCENARIO(packet_too_big_makes_segments_smaller),
		SCENARIO(packet_too_big_has_a_floor),
		SCENARIO(packet_too_big_that_quotes_nothing_in_flight_changes_nothing),
		SCENARIO(source_quench_is_discarded_in_silence),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script icmp_error", tests, NULL, NULL);
}
