// SPDX-License-Identifier: BSD-3-Clause
//
// Echo of both families answered byte for byte, in place and in copies; errors about our segments;
// everything else dropped for its reason (RFC 1122 3.2.2, RFC 4443).
// Room: engine/net/icmp.
#include <string.h>

#include <rte_mbuf.h>

#include "net_fixture.h"
#include "support/mbufs.h"
#include "support/reference.h"

// The peer of both families is known, so that answers go at once.
static void open_with_peer(struct net_fixture *f)
{
	struct plx_addr ipv4 = addr("198.18.0.1"), ipv6 = addr("fd00::1");

	fixture_open(f);
	neighbor_learn(f->net, &ipv4, &PEER_MAC, NEIGHBOR_ASKS, f->now);
	neighbor_learn(f->net, &ipv6, &PEER_MAC, NEIGHBOR_ASKS, f->now);
}

static struct frame reply_ipv4(const struct frame *request)
{
	struct frame reply = *request;
	uint8_t *ip = reply.bytes + ETH, *icmp = ip + 20;
	size_t icmp_bytes = reply.len_bytes - IPV4_PAYLOAD;
	uint16_t checksum;

	memcpy(reply.bytes, request->bytes + 6, 6);
	memcpy(reply.bytes + 6, request->bytes, 6);
	memcpy(ip + 12, request->bytes + ETH + 16, 4);
	memcpy(ip + 16, request->bytes + ETH + 12, 4);
	icmp[0] = 0;
	icmp[2] = icmp[3] = 0;
	checksum = reference_checksum(icmp, icmp_bytes);
	icmp[2] = (uint8_t)(checksum >> 8);
	icmp[3] = (uint8_t)checksum;
	frame_fix_ipv4_checksum(&reply);
	return reply;
}

static struct frame reply_ipv6(const struct frame *request)
{
	struct frame reply = *request;

	memcpy(reply.bytes, request->bytes + 6, 6);
	memcpy(reply.bytes + 6, &OUR_MAC, 6);
	memcpy(reply.bytes + ETH + 8, request->bytes + ETH + 24, 16);
	memcpy(reply.bytes + ETH + 24, request->bytes + ETH + 8, 16);
	reply.bytes[IPV6_PAYLOAD] = 129;
	frame_fix_icmpv6_checksum(&reply);
	return reply;
}

static void an_echo_is_answered(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 56, 1400, 1472};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		struct frame request = frame_echo("198.18.0.1", "198.18.0.2", sizes[i]);
		struct frame expected = reply_ipv4(&request), got;
		struct net_fixture f = fixture_prepare();

		open_with_peer(&f);
		expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
		got = expect_sent(&f);
		expect_same(&got, &expected);
		assert_int_equal(counted(&f, PLX_COUNTER_ICMP_ECHO_ANSWERED), 1);
		fixture_close(&f);
	}
}

static void an_ipv6_echo_is_answered(void **state)
{
	static const size_t sizes[] = {0, 1, 56, 1452};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		struct frame request = frame_echo("fd00::1", "fd00::2", sizes[i]);
		struct frame expected = reply_ipv6(&request), got;
		struct net_fixture f = fixture_prepare();

		open_with_peer(&f);
		expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
		got = expect_sent(&f);
		expect_same(&got, &expected);
		fixture_close(&f);
	}
}

// RFC 4443 4.2: an echo to a group is answered from an address of ours, and the checksum knows.
static void an_echo_to_all_nodes_is_answered_from_our_address(void **state)
{
	struct frame request = frame_echo("fd00::1", "ff02::1", 9);
	struct frame expected = frame_echo("fd00::1", "fd00::2", 9), got;
	struct net_fixture f = fixture_prepare();

	(void)state;
	expected = reply_ipv6(&expected);
	frame_set_dst_mac(&request, &ALL_NODES_MAC);
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void padding_is_not_echoed(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 3);
	struct frame expected = reply_ipv4(&request), got;
	struct net_fixture f = fixture_prepare();

	(void)state;
	memset(request.bytes + request.len_bytes, 0xee, 60 - request.len_bytes);
	request.len_bytes = 60;
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	fixture_close(&f);
}

// Options are skipped, and the reply has none; the class of service is kept, ECN is not.
static void options_go_and_the_class_stays(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 8), expected, got;
	struct net_fixture f = fixture_prepare();

	(void)state;
	request.bytes[ETH + 1] = 0xb8;
	frame_fix_ipv4_checksum(&request);
	expected = reply_ipv4(&request);
	request.bytes[ETH + 1] = 0xbb;
	memmove(request.bytes + ETH + 24, request.bytes + ETH + 20, 16);
	memset(request.bytes + ETH + 20, 1, 4); // no operation
	request.bytes[ETH] = 0x46;
	request.bytes[ETH + 3] += 4;
	request.len_bytes += 4;
	frame_fix_ipv4_checksum(&request);
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void tagged_echoes_are_answered_with_the_tag(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct frame expected = reply_ipv4(&request), got;
	struct net_fixture f = fixture_prepare();

	(void)state;
	frame_tag(&request, 0xa02a); // priority 5, VLAN 42
	f.config.vlan = 42;
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	frame_untag(&got, 42);
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void bare_ip_echoes_are_answered_in_place(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct frame expected = reply_ipv4(&request);
	struct net_fixture f = fixture_prepare();
	struct net_frame out;
	struct rte_mbuf *m, *sent;

	(void)state;
	f.config.link = PLX_LINK_IP;
	fixture_open(&f);
	m = mbufs_frame(f.pool, request.bytes + ETH, request.len_bytes - ETH, 0);
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_ANSWERED);
	assert_int_equal(answer_pop(f.net, &sent, 1), 1);
	assert_ptr_equal(sent, m);
	assert_int_equal(sent->pkt_len, request.len_bytes - ETH);
	assert_memory_equal(rte_pktmbuf_mtod(sent, uint8_t *), expected.bytes + ETH, sent->pkt_len);
	rte_pktmbuf_free(sent);
	fixture_close(&f);
}

// How a received frame may lie in mbufs that are not ours alone to write.
enum guise { PLAIN, SHARED, CLONED, CHAINED, OTHER_POOL, NO_HEADROOM };

static struct rte_mbuf *dressed(struct net_fixture *f, const struct frame *frame, enum guise guise,
				struct rte_mbuf **kept)
{
	struct rte_mempool *pool = guise == OTHER_POOL ? mbufs_pool(1, 255) : f->pool;
	struct rte_mbuf *m = mbufs_frame(pool, frame->bytes, frame->len_bytes,
					 guise == CHAINED ? 151 : 0);

	*kept = NULL;
	if (guise == SHARED) {
		rte_mbuf_refcnt_update(m, 1);
		*kept = m;
	} else if (guise == CLONED) {
		*kept = m;
		m = rte_pktmbuf_clone(m, f->pool);
	} else if (guise == NO_HEADROOM) {
		memmove(m->buf_addr, rte_pktmbuf_mtod(m, void *), m->data_len);
		m->data_off = 0;
	}
	return m;
}

// What others hold is not written; what is ours alone goes back in the very mbuf it came in.
static void an_echo_is_copied_where_the_mbuf_is_not_ours_alone(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 700);
	struct frame expected = reply_ipv4(&request), got;
	struct net_fixture f = fixture_prepare();

	(void)state;
	open_with_peer(&f);
	for (enum guise guise = PLAIN; guise <= NO_HEADROOM; guise++) {
		struct rte_mbuf *kept, *m = dressed(&f, &request, guise, &kept);
		struct net_frame out;

		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		assert_int_equal(net_input(f.net, m, &out, f.now), NET_ANSWERED);
		assert_int_equal(f.net->answers.frames[f.net->answers.head % ANSWER_QUEUE_FRAMES]
					 == m,
				 guise == PLAIN);
		assert_int_equal(
			f.net->answers.frames[f.net->answers.head % ANSWER_QUEUE_FRAMES]->ol_flags,
			0);
		got = expect_sent(&f);
		expect_same(&got, &expected);
		if (kept != NULL) {
			assert_int_equal(rte_mbuf_refcnt_read(kept), 1);
			assert_int_equal(kept->pkt_len, request.len_bytes);
			assert_memory_equal(rte_pktmbuf_mtod(kept, uint8_t *), request.bytes,
					    request.len_bytes);
			rte_pktmbuf_free(kept);
		}
	}
	assert_int_equal(mbufs_in_use(mbufs_pool(1, 255)), 0);
	fixture_close(&f);
}

static void jumbo_echoes_are_answered_up_to_the_mtu(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 1473);
	struct net_fixture f = fixture_prepare();

	(void)state;
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_DROP, PLX_DROP_ICMP_MALFORMED);
	fixture_close(&f);
}

static void the_answer_waits_for_an_unknown_asker(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame expected = reply_ipv4(&request), got;
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void an_asker_that_cannot_be_reached_is_a_reason(void **state)
{
	struct frame request = frame_echo("192.0.2.1", "198.18.0.2", 56);
	struct frame request_ipv6 = frame_echo("2001:db8::1", "fd00::2", 56);
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.n_routes = 0;
	fixture_open(&f);
	expect_verdict(&f, &request, NET_DROP, PLX_DROP_NEIGHBOR_UNREACHABLE);
	expect_verdict(&f, &request_ipv6, NET_DROP, PLX_DROP_NEIGHBOR_UNREACHABLE);
	assert_int_equal(counted(&f, PLX_COUNTER_ICMP_ECHO_ANSWERED), 0);
	fixture_close(&f);
}

static void echoes_beyond_the_rate_are_dropped(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct net_fixture f = fixture_prepare();
	unsigned answered = 0;

	(void)state;
	f.config.pings_per_s = 160;
	open_with_peer(&f);
	for (unsigned i = 0; i < 100; i++) {
		struct net_frame out;
		enum net_verdict verdict = give(&f, &request, &out);

		if (verdict == NET_ANSWERED) {
			expect_sent(&f);
			answered++;
			continue;
		}
		assert_int_equal(verdict, NET_DROP);
		assert_int_equal(out.drop, PLX_DROP_ICMP_RATE);
		rte_pktmbuf_free(out.mbuf);
	}
	assert_int_equal(answered, 11);
	f.now += PLX_SECOND / 160;
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	fixture_close(&f);
}

static void zero_is_no_bound(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.pings_per_s = 0;
	open_with_peer(&f);
	for (unsigned i = 0; i < 500; i++)
		expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	fixture_close(&f);
}

static void the_port_may_be_left_the_ipv4_checksum(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 56);
	struct frame expected = reply_ipv4(&request), got;
	struct net_fixture f = fixture_prepare();
	const struct rte_mbuf *m;

	(void)state;
	f.config.offloads = PLX_OFFLOAD_TX_IPV4_CHECKSUM;
	open_with_peer(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	m = f.net->answers.frames[f.net->answers.head % ANSWER_QUEUE_FRAMES];
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	got = expect_sent(&f);
	expected.bytes[ETH + 10] = expected.bytes[ETH + 11] = 0;
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void bad_messages_are_dropped(void **state)
{
	struct frame request = frame_echo("198.18.0.1", "198.18.0.2", 57), bad;
	struct frame request_ipv6 = frame_echo("fd00::1", "fd00::2", 57);
	struct frame reply = reply_ipv4(&request);
	uint8_t short_message[7] = {8};
	struct net_fixture f = fixture_prepare();

	(void)state;
	open_with_peer(&f);
	bad = request;
	bad.bytes[IPV4_PAYLOAD + 30] ^= 4;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ICMP_CHECKSUM);
	bad = request_ipv6;
	bad.bytes[IPV6_PAYLOAD + 30] ^= 4;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ICMP_CHECKSUM);
	bad = frame_ip("198.18.0.1", "198.18.0.2", ICMP, short_message, sizeof(short_message));
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ICMP_MALFORMED);
	bad = frame_echo("198.18.0.2", "198.18.0.1", 57);
	bad = reply_ipv4(&bad); // an echo reply, to us
	memcpy(bad.bytes, &OUR_MAC, 6);
	memcpy(bad.bytes + 6, &PEER_MAC, 6);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ICMP_TYPE);
	expect_verdict(&f, &reply, NET_DROP, PLX_DROP_FRAME_SOURCE_MAC); // our own, come back
	bad = frame_echo("::", "ff02::1", 4);
	frame_set_dst_mac(&bad, &ALL_NODES_MAC);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IP_SOURCE);
	expect_silence(&f);
	fixture_close(&f);
}

// An error of either family that quotes a segment of ours: from port 49152, SEG.SEQ 0x01020304.
static struct frame error_about(const char *quoted_src, uint8_t type, uint8_t code,
				uint16_t low_word)
{
	struct plx_addr local = addr(quoted_src);
	bool is_ipv4 = plx_addr_is_ipv4(&local);
	struct frame sent = frame_tcp(quoted_src, is_ipv4 ? "192.0.2.9" : "2001:db8::9");
	uint8_t message[128] = {type, code, [6] = (uint8_t)(low_word >> 8), (uint8_t)low_word};
	size_t quoted_bytes = sent.len_bytes - ETH;
	uint16_t checksum;

	memcpy(message + 8, sent.bytes + ETH, quoted_bytes);
	memcpy(message + 8 + quoted_bytes - 20, "\xc0\x00\x00\x50\x01\x02\x03\x04", 8);
	if (!is_ipv4)
		return frame_icmpv6("2001:db8::1", "fd00::2", message, 8 + quoted_bytes);
	checksum = reference_checksum(message, 8 + quoted_bytes);
	message[2] = (uint8_t)(checksum >> 8);
	message[3] = (uint8_t)checksum;
	return frame_ip("192.0.2.1", "198.18.0.2", ICMP, message, 8 + quoted_bytes);
}

static void errors_about_our_segments_are_handed_on(void **state)
{
	struct frame unreachable = error_about("198.18.0.2", 3, 3, 0);
	struct frame too_big = error_about("fd00::2", 2, 0, 1400);
	struct plx_addr local = addr("198.18.0.2"), remote = addr("192.0.2.9");
	struct net_fixture f;
	struct net_frame out;

	(void)state;
	fixture_default(&f);
	assert_int_equal(give(&f, &unreachable, &out), NET_ICMP_ERROR);
	assert_int_equal(out.quote.kind, ICMP_QUOTE_UNREACHABLE_HARD);
	assert_true(plx_addr_is_equal(&out.quote.local, &local));
	assert_true(plx_addr_is_equal(&out.quote.remote, &remote));
	assert_int_equal(out.quote.local_port, 49152);
	assert_int_equal(out.quote.remote_port, 80);
	assert_int_equal(out.quote.seq, 0x01020304);
	rte_pktmbuf_free(out.mbuf);
	assert_int_equal(give(&f, &too_big, &out), NET_ICMP_ERROR);
	assert_int_equal(out.quote.kind, ICMP_QUOTE_PACKET_TOO_BIG);
	assert_int_equal(out.quote.mtu, 1400);
	rte_pktmbuf_free(out.mbuf);
	expect_silence(&f); // an error is never answered (RFC 1122 3.2.2)
	fixture_close(&f);
}

static void errors_about_what_we_did_not_send_are_dropped(void **state)
{
	struct frame alien = error_about("198.18.0.9", 3, 3, 0);
	struct frame cut = error_about("198.18.0.2", 3, 3, 0);
	uint16_t checksum;
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &alien, NET_DROP, PLX_DROP_ICMP_NO_CONNECTION);
	cut.len_bytes = IPV4_PAYLOAD + 8 + 20 + 7;
	cut.bytes[ETH + 3] = (uint8_t)(cut.len_bytes - ETH);
	frame_fix_ipv4_checksum(&cut);
	memset(cut.bytes + IPV4_PAYLOAD + 2, 0, 2);
	checksum = reference_checksum(cut.bytes + IPV4_PAYLOAD, cut.len_bytes - IPV4_PAYLOAD);
	cut.bytes[IPV4_PAYLOAD + 2] = (uint8_t)(checksum >> 8);
	cut.bytes[IPV4_PAYLOAD + 3] = (uint8_t)checksum;
	expect_verdict(&f, &cut, NET_DROP, PLX_DROP_ICMP_MALFORMED);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_is_answered),
		cmocka_unit_test(an_ipv6_echo_is_answered),
		cmocka_unit_test(an_echo_to_all_nodes_is_answered_from_our_address),
		cmocka_unit_test(padding_is_not_echoed),
		cmocka_unit_test(options_go_and_the_class_stays),
		cmocka_unit_test(tagged_echoes_are_answered_with_the_tag),
		cmocka_unit_test(bare_ip_echoes_are_answered_in_place),
		cmocka_unit_test(an_echo_is_copied_where_the_mbuf_is_not_ours_alone),
		cmocka_unit_test(jumbo_echoes_are_answered_up_to_the_mtu),
		cmocka_unit_test(the_answer_waits_for_an_unknown_asker),
		cmocka_unit_test(an_asker_that_cannot_be_reached_is_a_reason),
		cmocka_unit_test(echoes_beyond_the_rate_are_dropped),
		cmocka_unit_test(zero_is_no_bound),
		cmocka_unit_test(the_port_may_be_left_the_ipv4_checksum),
		cmocka_unit_test(bad_messages_are_dropped),
		cmocka_unit_test(errors_about_our_segments_are_handed_on),
		cmocka_unit_test(errors_about_what_we_did_not_send_are_dropped),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/icmp", tests, NULL, NULL);
}
