// SPDX-License-Identifier: BSD-3-Clause
//
// Frames with VLAN tags, one (IEEE 802.1Q) or two (802.1ad, QinQ): a station takes those with exactly its
// tags, and whatever it sends has them, be it a segment, ARP, neighbour discovery or a ping's answer.
#include <string.h>

#include "support/eal_main.h"
#include "support/user.h"
#include "wire/arp.h"
#include "wire/bytes.h"
#include "wire/nd.h"

enum { INNER = 7, OUTER = 300, TYPE_OFFSET = 12 };

static struct fixture *with_tags(void **state, uint16_t outer, uint16_t inner)
{
	struct fixture *f = fixture_plan(state);

	f->config.outer_vlan = outer;
	f->config.vlan = inner;
	return f;
}

// The judge looks at the tags of everything that is sent.
static void expect_exchange(struct fixture *f)
{
	segment_arrives(f, SEG(.len = 1000));
	f->rcv_nxt += 1000;
	user_receives(f, 1000);
	user_sends(f, 500);
	expect_segment(f, SEG(.len = 500, .ack = f->rcv_nxt));
	f->snd_nxt += 500;
	segment_arrives(f, SEG(.len = 0));
	expect_silence(f);
	forget_events(f);
}

static void connections_live_behind_one_tag(void **state)
{
	with_tags(state, 0, INNER);
	expect_exchange(fixture_established(state));
	fixture_renew(state);
	with_tags(state, 0, INNER);
	expect_exchange(fixture_connected(state));
}

static void connections_live_behind_two_tags(void **state)
{
	with_tags(state, OUTER, INNER);
	expect_exchange(fixture_established(state));
	fixture_renew(state);
	with_tags(state, OUTER, INNER);
	expect_exchange(fixture_connected(state));
}

// What a segment looks like when a bridge writes 0x8100 into the outer tag too.
static void outer_tag_may_be_a_customer_tag(void **state)
{
	struct fixture *f = with_tags(state, OUTER, INNER);
	struct seg seg = SEG(.flags = TCP_ACK, .wnd = 1000, .len = 100);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes;

	fixture_established(state);
	seg.seq = f->rcv_nxt;
	seg.ack = f->snd_nxt;
	len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	assert_int_equal(load_be16(bytes + TYPE_OFFSET), ETH_TYPE_SERVICE_VLAN);
	store_be16(bytes + TYPE_OFFSET, ETH_TYPE_VLAN);
	frame_arrives(f, bytes, len_bytes);
	user_receives(f, 100);
	advance(f, 200);
	forget_output(f);
}

static void expect_foreign(struct fixture *f, uint16_t outer, uint16_t inner)
{
	uint64_t before = drops(f, PLX_DROP_FRAME_VLAN);

	f->to_stack.outer_vlan = outer;
	f->to_stack.vlan = inner;
	segment_arrives(f, SEG(.len = 100));
	expect_drops(f, PLX_DROP_FRAME_VLAN, before + 1);
	expect_silence(f);
	user_finds_nothing(f);
}

static void frames_with_other_tags_are_foreign(void **state)
{
	struct fixture *f = with_tags(state, OUTER, INNER);

	fixture_established(state);
	expect_foreign(f, 0, 0);
	expect_foreign(f, 0, INNER);
	expect_foreign(f, OUTER, 0);
	expect_foreign(f, OUTER + 1, INNER);
	expect_foreign(f, OUTER, INNER + 1);
	expect_foreign(f, INNER, OUTER);
	fixture_renew(state);
	f = with_tags(state, 0, INNER);
	fixture_established(state);
	expect_foreign(f, OUTER, INNER);
	expect_foreign(f, INNER, 0);
	fixture_renew(state);
	f = fixture_established(state);
	expect_foreign(f, OUTER, INNER);
	expect_foreign(f, 0, INNER);
	expect_foreign(f, OUTER, 0);
}

// Somebody else's QinQ goes through: the embedder gets it back as it came.
static void frames_with_two_tags_pass_through(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.return_foreign = true;
	fixture_established(state);
	f->to_stack.outer_vlan = OUTER;
	f->to_stack.vlan = INNER;
	segment_arrives(f, SEG(.len = 100));
	expect_counter(f, PLX_COUNTER_FATE_RETURNED, 1);
	expect_silence(f);
}

// RFC 826, RFC 4861: questions, too, go out with both tags, and what waited for the answer.
static void neighbors_are_resolved_behind_two_tags(void **state)
{
	static struct plx_neighbor unrelated;
	struct fixture *f = with_tags(state, OUTER, INNER);
	struct eth_header eth = {.outer_vlan = OUTER, .vlan = INNER};
	uint8_t bytes[128] = {0};
	size_t len_bytes;

	unrelated = (struct plx_neighbor){.mac = {2, 0, 0, 0, 0, 0x77}};
	plx_addr_parse(f->variant->is_ipv6 ? "fd00::77" : "198.18.0.77", &unrelated.addr);
	f->config.neighbors = &unrelated;
	f->config.n_neighbors = 1;
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);
	forget_output(f); // the question; the judge has seen its tags
	eth.dst = f->to_stack.dst_mac;
	eth.src = f->to_stack.src_mac;
	eth.type = f->variant->is_ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_ARP;
	len_bytes = eth_header_build(bytes, &eth);
	if (f->variant->is_ipv6) {
		struct ip_header ip = {.src = f->to_stack.src,
				       .dst = f->to_stack.dst,
				       .protocol = IP_PROTOCOL_ICMPV6,
				       .hop_limit = ND_HOP_LIMIT,
				       .is_ipv6 = true};
		struct nd_message answer = {.target = f->to_stack.src,
					    .has_mac = true,
					    .mac = f->to_stack.src_mac,
					    .solicited = true,
					    .override = true};

		ip.payload_bytes = (uint16_t)nd_build(bytes + len_bytes + IPV6_HEADER_BYTES, &ip,
						      &answer);
		len_bytes += ipv6_header_build(bytes + len_bytes, &ip) + ip.payload_bytes;
	} else {
		struct arp_packet answer = {.operation = ARP_REPLY,
					    .sender_mac = f->to_stack.src_mac,
					    .sender = f->to_stack.src,
					    .target_mac = f->to_stack.dst_mac,
					    .target = f->to_stack.dst};

		len_bytes += arp_build(bytes + len_bytes, &answer);
	}
	frame_arrives(f, bytes, len_bytes);
	expect_segment(f, SEG(.flags = TCP_SYN));
	expect_silence(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(connections_live_behind_one_tag),
		SCENARIO(connections_live_behind_two_tags),
		SCENARIO(outer_tag_may_be_a_customer_tag),
		SCENARIO(frames_with_other_tags_are_foreign),
		SCENARIO(frames_with_two_tags_pass_through),
		SCENARIO(neighbors_are_resolved_behind_two_tags),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script link", tests, NULL, NULL);
}
