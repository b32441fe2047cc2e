// SPDX-License-Identifier: BSD-3-Clause
//
// What a stack does below TCP, seen through its frames: it answers and asks for neighbours, sends by gateways,
// and tells the user of next hops that are silent. RFC 826, RFC 4861, RFC 5461. Pings are ping_test.c's.
#include <errno.h>
#include <string.h>

#include "support/eal_main.h"
#include "support/user.h"
#include "wire/arp.h"
#include "wire/nd.h"

static const struct mac_addr peer_mac = {{2, 0, 0, 0, 0, 1}};
static const struct mac_addr other_mac = {{2, 0, 0, 0, 0, 9}};

// A stack that knows no neighbour.
static struct fixture *without_neighbors(void **state)
{
	static const struct plx_neighbor unrelated_ipv4 = {.mac = {2, 0, 0, 0, 0, 0x77}};
	struct fixture *f = fixture_plan(state);
	static struct plx_neighbor unrelated;

	unrelated = unrelated_ipv4;
	plx_addr_parse(f->variant->is_ipv6 ? "fd00::77" : "198.18.0.77", &unrelated.addr);
	f->config.neighbors = &unrelated;
	f->config.n_neighbors = 1;
	return fixture_bare(state);
}

static void arp_arrives(struct fixture *f, uint16_t operation, const struct mac_addr *dst,
			const struct plx_addr *target)
{
	struct eth_header eth = {.dst = *dst, .src = f->to_stack.src_mac, .type = ETH_TYPE_ARP};
	struct arp_packet arp = {
		.operation = operation,
		.sender_mac = f->to_stack.src_mac,
		.sender = f->to_stack.src,
		.target_mac = operation == ARP_REPLY ? *dst : (struct mac_addr){{0}},
		.target = *target,
	};
	uint8_t bytes[60] = {0};

	arp_build(bytes + eth_header_build(bytes, &eth), &arp);
	frame_arrives(f, bytes, sizeof(bytes));
}

static struct arp_packet expect_arp(struct fixture *f, uint16_t operation)
{
	const struct fixture_output *output;
	struct arp_packet arp;

	fixture_settle(f);
	output = fixture_next_output(f);
	assert_non_null(output);
	assert_int_equal(output->frame.type, ETH_TYPE_ARP);
	assert_int_equal(arp_parse(output->bytes + ETH_HEADER_BYTES,
				   output->len_bytes - ETH_HEADER_BYTES, &arp),
			 PLX_DROP_NONE);
	assert_int_equal(arp.operation, operation);
	if (operation == ARP_REQUEST)
		assert_true(mac_is_broadcast(&output->frame.eth.dst));
	return arp;
}

static void nd_arrives(struct fixture *f, const struct nd_message *message,
		       const struct plx_addr *dst)
{
	struct eth_header eth = {
		.dst = f->to_stack.dst_mac, .src = f->to_stack.src_mac, .type = ETH_TYPE_IPV6};
	struct ip_header ip = {.src = f->to_stack.src,
			       .dst = *dst,
			       .protocol = IP_PROTOCOL_ICMPV6,
			       .hop_limit = ND_HOP_LIMIT,
			       .is_ipv6 = true};
	uint8_t bytes[128] = {0};
	size_t l2;

	if (message->is_solicitation) {
		ip.dst = addr_solicited_node_multicast(&message->target);
		eth.dst = mac_of_ipv6_multicast(&ip.dst);
	}
	l2 = eth_header_build(bytes, &eth);
	ip.payload_bytes = (uint16_t)nd_build(bytes + l2 + IPV6_HEADER_BYTES, &ip, message);
	ipv6_header_build(bytes + l2, &ip);
	frame_arrives(f, bytes, l2 + IPV6_HEADER_BYTES + ip.payload_bytes);
}

static struct nd_message expect_nd(struct fixture *f)
{
	const struct fixture_output *output;
	struct nd_message message;

	fixture_settle(f);
	output = fixture_next_output(f);
	assert_non_null(output);
	assert_int_equal(output->frame.ip.protocol, IP_PROTOCOL_ICMPV6);
	assert_int_equal(nd_parse(&output->frame.ip,
				  output->bytes + ETH_HEADER_BYTES + IPV6_HEADER_BYTES,
				  output->frame.ip.payload_bytes, &message),
			 PLX_DROP_NONE);
	return message;
}

// RFC 826, and nothing for addresses that are not ours.
static void arp_request_is_answered(void **state)
{
	struct fixture *f = fixture_bare(state);
	const struct mac_addr broadcast = mac_broadcast();
	struct plx_addr stranger;
	struct arp_packet reply;

	arp_arrives(f, ARP_REQUEST, &broadcast, &f->to_stack.dst);
	reply = expect_arp(f, ARP_REPLY);
	assert_true(plx_addr_is_equal(&reply.sender, &f->to_stack.dst));
	assert_true(mac_is_equal(&reply.sender_mac, &f->to_stack.dst_mac));
	assert_true(mac_is_equal(&reply.target_mac, &peer_mac));
	plx_addr_parse("198.18.0.3", &stranger);
	arp_arrives(f, ARP_REQUEST, &broadcast, &stranger);
	expect_silence(f);
	expect_drops(f, PLX_DROP_ARP_NOT_FOR_US, 1);
	expect_counter(f, PLX_COUNTER_FATE_ANSWERED, 1);
}

// RFC 4861 7.2.4.
static void neighbor_solicitation_is_answered(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct nd_message ask = {.is_solicitation = true,
				 .target = f->to_stack.dst,
				 .has_mac = true,
				 .mac = peer_mac};
	struct nd_message answer;

	nd_arrives(f, &ask, &f->to_stack.dst);
	answer = expect_nd(f);
	assert_false(answer.is_solicitation);
	assert_true(answer.solicited && answer.override);
	assert_true(plx_addr_is_equal(&answer.target, &f->to_stack.dst));
	assert_true(answer.has_mac && mac_is_equal(&answer.mac, &f->to_stack.dst_mac));
	expect_silence(f);
}

static void peer_tells_its_mac(struct fixture *f)
{
	struct nd_message answer = {.target = f->to_stack.src,
				    .has_mac = true,
				    .mac = f->to_stack.src_mac,
				    .solicited = true,
				    .override = true};

	if (f->variant->is_ipv6)
		nd_arrives(f, &answer, &f->to_stack.dst);
	else
		arp_arrives(f, ARP_REPLY, &f->to_stack.dst_mac, &f->to_stack.dst);
}

static void expect_question_for(struct fixture *f, const struct plx_addr *target)
{
	if (f->variant->is_ipv6) {
		struct nd_message ask = expect_nd(f);

		assert_true(ask.is_solicitation);
		assert_true(plx_addr_is_equal(&ask.target, target));
	} else {
		struct arp_packet ask = expect_arp(f, ARP_REQUEST);

		assert_true(plx_addr_is_equal(&ask.target, target));
	}
}

// RFC 1122 2.3.2.2 SHOULD: what waits for the answer is not lost.
static void connect_asks_for_the_next_hop_first(void **state)
{
	struct fixture *f = without_neighbors(state);

	assert_int_equal(user_connects(f), 0);
	expect_question_for(f, &f->to_stack.src);
	expect_silence(f);
	peer_tells_its_mac(f);
	expect_segment(f, SEG(.flags = TCP_SYN));
	expect_silence(f);
}

// An unresolved next hop fails connect with EHOSTUNREACH.
static void silent_next_hop_fails_the_connect(void **state)
{
	struct fixture *f = without_neighbors(state);

	assert_int_equal(user_connects(f), 0);
	advance(f, 10000);
	expect_event(f, PLX_EVENT_FAILED, -EHOSTUNREACH);
	assert_true(counter(f, PLX_COUNTER_NEIGHBOR_FAILED) >= 1);
	for (unsigned asked = 0; f->next_output != f->n_outputs; asked++) {
		expect_question_for(f, &f->to_stack.src);
		assert_in_range(asked, 0, 9);
	}
}

// RFC 1122 3.3.1.1: off-link destinations go to the gateway, which alone is asked for.
static void gateway_is_the_next_hop_of_what_is_off_link(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_route route = {.gateway = f->to_stack.src};
	struct plx_connect_args args = {.remote_port = 80};

	plx_addr_parse(f->variant->is_ipv6 ? "::" : "0.0.0.0", &route.prefix);
	plx_addr_parse(f->variant->is_ipv6 ? "2001:db8::1" : "203.0.113.1", &args.remote);
	f->config.routes = &route;
	f->config.n_routes = 1;
	without_neighbors(state);
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	expect_question_for(f, &f->to_stack.src);
	peer_tells_its_mac(f);
	fixture_settle(f);
	assert_true(mac_is_equal(&f->outputs[f->next_output].frame.eth.dst, &peer_mac));
	assert_true(
		plx_addr_is_equal(&expect_segment(f, SEG(.flags = TCP_SYN))->ip.dst, &args.remote));
}

// The neighbour table learns from what arrives; a passive open needs no question.
static void syn_from_an_unknown_neighbor_is_answered(void **state)
{
	struct fixture *f = without_neighbors(state);
	struct plx_listen_args args = {.port = FIXTURE_PORT};

	assert_int_equal(plx_listen(f->stack, &args, &f->listener), 0);
	f->is_listening = true;
	peer_sends_syn(f);
	fixture_settle(f);
	if (!f->outputs[f->next_output].frame.is_tcp) {
		expect_question_for(f, &f->to_stack.src);
		peer_tells_its_mac(f);
	}
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	expect_silence(f);
}

// RFC 1122 2.3.2.1: a neighbour that moves to another MAC address is followed.
static void neighbor_that_moves_is_followed(void **state)
{
	struct fixture *f = without_neighbors(state);

	assert_int_equal(user_connects(f), 0);
	expect_question_for(f, &f->to_stack.src);
	peer_tells_its_mac(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN))->tcp.seq + 1;
	f->to_stack.src_mac = other_mac;
	peer_tells_its_mac(f);
	expect_silence(f);
	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN));
	assert_true(mac_is_equal(&f->outputs[f->next_output - 1].frame.eth.dst, &other_mac));
}

// The peer has answered for its address, and the connection is there.
static struct fixture *connected_by_question(void **state)
{
	struct fixture *f = without_neighbors(state);

	assert_int_equal(user_connects(f), 0);
	expect_question_for(f, &f->to_stack.src);
	peer_tells_its_mac(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN))->tcp.seq + 1;
	f->to_stack.dst_port = f->outputs[f->next_output - 1].frame.tcp.src_port;
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .mss = 1000));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK));
	forget_events(f);
	return f;
}

// How many of the frames that come out ask for the peer, and its MAC address alone.
static unsigned take_probes(struct fixture *f)
{
	const struct fixture_output *output;
	unsigned probes = 0;

	while ((output = fixture_next_output(f)) != NULL) {
		if (output->frame.is_tcp)
			continue;
		probes++;
		assert_true(mac_is_equal(&output->frame.eth.dst, &peer_mac));
	}
	return probes;
}

// RFC 4861 7.3.1: what TCP hears acknowledged needs no probe, however old the entry is.
static void acknowledged_data_spares_the_probes(void **state)
{
	struct fixture *f = connected_by_question(state);

	for (unsigned i = 0; i < 3; i++) {
		advance(f, 60000); // longer than REACHABLE lasts: it is STALE now
		user_sends(f, 10);
		expect_segment(f, SEG(.len = 10));
		f->snd_nxt += 10;
		segment_arrives(f, SEG(.len = 0));
		expect_silence_for(f, 10000);
	}
}

// RFC 4861 7.3.3: five seconds of doubt, then unicast probes; an answer ends them.
static void unacknowledged_data_is_followed_by_probes(void **state)
{
	struct fixture *f = connected_by_question(state);

	advance(f, 60000);
	user_sends(f, 10);
	advance(f, 4999);
	assert_int_equal(take_probes(f), 0);
	advance(f, 1);
	assert_int_equal(take_probes(f), 1);
	peer_tells_its_mac(f);
	f->snd_nxt += 10;
	segment_arrives(f, SEG(.len = 0));
	forget_output(f);
	expect_silence_for(f, 9000);
}

// Three probes a second apart, then the next hop has failed; the peer's answer brings it back.
static void unanswered_probes_fail_the_neighbor(void **state)
{
	struct fixture *f = connected_by_question(state);

	advance(f, 60000);
	user_sends(f, 10);
	advance(f, 7999);
	assert_int_equal(take_probes(f), 3);
	expect_counter(f, PLX_COUNTER_NEIGHBOR_FAILED, 0);
	advance(f, 1);
	expect_counter(f, PLX_COUNTER_NEIGHBOR_FAILED, 1);
	forget_output(f);
	peer_tells_its_mac(f);
	expect_segment_within(f, 120000, SEG(.len = 10));
	forget_events(f);
}

// RFC 1122 3.3.1.4, RFC 9293 MUST-20 (b): where the data of a connection finds no answer, the entry is
// doubted long before its time is over, and asked for.
static void third_retransmission_makes_the_neighbor_doubtful(void **state)
{
	struct fixture *f = connected_by_question(state);

	user_sends(f, 10);
	advance(f, 200 + 400 + 800 + 4999);
	assert_int_equal(take_probes(f), 0);
	advance(f, 1);
	assert_int_equal(take_probes(f), 1);
	forget_events(f);
}

static void claim_to_our_address_is_counted(void **state)
{
	struct fixture *f = fixture_established(state);

	f->to_stack.src = f->to_stack.dst;
	f->to_stack.src_mac = other_mac;
	peer_tells_its_mac(f);
	expect_counter(f, PLX_COUNTER_ADDRESS_CONFLICTS, 1);
	expect_silence(f);
}

// The stack makes itself known for each of its addresses.
static void addresses_are_announced(void **state)
{
	struct fixture *f = fixture_bare(state);

	assert_true(counter(f, f->variant->is_ipv6 ? PLX_COUNTER_ND_SENT : PLX_COUNTER_ARP_SENT)
		    >= 1);
}

// Bare IP asks nobody: the embedder does layer 2.
static void bare_ip_sends_no_questions(void **state)
{
	struct fixture *f = fixture_bare(state);

	assert_int_equal(user_connects(f), 0);
	expect_segment(f, SEG(.flags = TCP_SYN));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_ARP_SENT, 0);
	expect_counter(f, PLX_COUNTER_ND_SENT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_IPV4(arp_request_is_answered),
		SCENARIO_IPV6(neighbor_solicitation_is_answered),
		SCENARIO(connect_asks_for_the_next_hop_first),
		SCENARIO(silent_next_hop_fails_the_connect),
		SCENARIO(gateway_is_the_next_hop_of_what_is_off_link),
		SCENARIO(syn_from_an_unknown_neighbor_is_answered),
		SCENARIO(neighbor_that_moves_is_followed),
		SCENARIO(acknowledged_data_spares_the_probes),
		SCENARIO(unacknowledged_data_is_followed_by_probes),
		SCENARIO(unanswered_probes_fail_the_neighbor),
		SCENARIO(third_retransmission_makes_the_neighbor_doubtful),
		SCENARIO(claim_to_our_address_is_counted),
		SCENARIO(addresses_are_announced),
		SCENARIO_FOR(bare_ip_sends_no_questions, fixture_ipv4_bare, " [IPv4, no Ethernet]"),
		SCENARIO_FOR(bare_ip_sends_no_questions, fixture_ipv6_bare, " [IPv6, no Ethernet]"),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script below_tcp", tests, NULL, NULL);
}
