// SPDX-License-Identifier: BSD-3-Clause
//
// A received frame up to its transport: whose it is, martians, VLANs, padding, chains and shared
// mbufs; and that no frame, however mangled, is lost or leaked.
// Room: engine/net/input.
#include <string.h>

#include <rte_mbuf.h>

#include "net_fixture.h"
#include "support/mbufs.h"

static void expect_tcp(struct net_fixture *f, const struct frame *frame, uint16_t ip_offset)
{
	struct net_frame out;

	assert_int_equal(give(f, frame, &out), NET_TCP);
	assert_int_equal(out.ip_offset, ip_offset);
	assert_int_equal(out.transport_offset, ip_offset + out.ip.header_bytes);
	assert_int_equal(out.ip.protocol, TCP);
	assert_int_equal(out.mbuf->pkt_len, out.transport_offset + out.ip.payload_bytes);
	assert_int_equal(out.mbuf->data_len, out.mbuf->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(out.mbuf, uint8_t *), frame->bytes, out.mbuf->pkt_len);
	rte_pktmbuf_free(out.mbuf);
}

static void segments_of_both_families_come_through(void **state)
{
	struct frame ipv4 = frame_tcp("192.0.2.1", "198.18.0.2");
	struct frame ipv6 = frame_tcp("2001:db8::1", "fd00::2");
	struct plx_addr src = addr("192.0.2.1"), dst = addr("198.18.0.2");
	struct net_fixture f;
	struct net_frame out;

	(void)state;
	fixture_default(&f);
	expect_tcp(&f, &ipv4, 14);
	expect_tcp(&f, &ipv6, 14);
	assert_int_equal(give(&f, &ipv4, &out), NET_TCP);
	assert_true(plx_addr_is_equal(&out.ip.src, &src));
	assert_true(plx_addr_is_equal(&out.ip.dst, &dst));
	assert_true(mac_is_equal(&out.src_mac, &PEER_MAC));
	assert_int_equal(out.ip.payload_bytes, 20);
	assert_int_equal(out.drop, PLX_DROP_NONE);
	assert_false(out.to_group);
	rte_pktmbuf_free(out.mbuf);
	fixture_close(&f);
}

// Ethernet pads to 60 bytes, and some stations more.
static void padding_is_cut_off(void **state)
{
	struct frame ipv4 = frame_tcp("198.18.0.1", "198.18.0.2");
	struct frame ipv6 = frame_tcp("fd00::1", "fd00::2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	ipv4.len_bytes = 60;
	expect_tcp(&f, &ipv4, 14);
	ipv4.len_bytes = 1514;
	expect_tcp(&f, &ipv4, 14);
	ipv6.len_bytes += 1;
	expect_tcp(&f, &ipv6, 14);
	fixture_close(&f);
}

static void padding_is_cut_off_a_chain(void **state)
{
	struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
	static const size_t datagram[] = {400, 450, 451, 600};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(datagram); i++) {
		struct net_fixture f;
		struct net_frame out;
		uint32_t held = 0;

		fixture_default(&f);
		frame.bytes[ETH + 2] = (uint8_t)((datagram[i] - ETH) >> 8);
		frame.bytes[ETH + 3] = (uint8_t)(datagram[i] - ETH);
		frame_fix_ipv4_checksum(&frame);
		assert_int_equal(
			net_input(f.net, mbufs_frame(f.pool, frame.bytes, 900, 150), &out, f.now),
			NET_TCP);
		assert_int_equal(out.mbuf->pkt_len, datagram[i]);
		assert_int_equal(out.mbuf->nb_segs, (datagram[i] + 149) / 150);
		__rte_mbuf_sanity_check(out.mbuf, 1);
		for (const struct rte_mbuf *m = out.mbuf; m != NULL; m = m->next)
			held += m->data_len;
		assert_int_equal(held, datagram[i]);
		rte_pktmbuf_free(out.mbuf);
		fixture_close(&f);
	}
}

// Headers that lie in pieces are brought together; where there is no room for that, dropped.
static void headers_in_pieces_are_made_contiguous(void **state)
{
	struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
	struct net_fixture f;
	struct net_frame out;
	struct rte_mbuf *m;

	(void)state;
	fixture_default(&f);
	for (size_t piece = 1; piece < 40; piece++) {
		m = mbufs_frame(f.pool, frame.bytes, frame.len_bytes, piece);
		assert_int_equal(net_input(f.net, m, &out, f.now), NET_TCP);
		assert_int_equal(out.mbuf->nb_segs, 1);
		assert_memory_equal(rte_pktmbuf_mtod(out.mbuf, uint8_t *), frame.bytes,
				    frame.len_bytes);
		rte_pktmbuf_free(out.mbuf);
	}
	m = mbufs_frame(f.pool, frame.bytes, frame.len_bytes, 20);
	rte_mbuf_refcnt_update(m, 1); // not ours to write
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_DROP);
	assert_int_equal(out.drop, PLX_DROP_FRAME_SHORT);
	rte_mbuf_refcnt_update(m, -1);
	rte_pktmbuf_free(m);
	fixture_close(&f);
}

// An mbuf that others hold is read-only, its lengths too: what has to be trimmed is copied.
static void shared_mbufs_stay_as_they_are(void **state)
{
	struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
	struct net_fixture f;
	struct net_frame out;
	struct rte_mbuf *m;

	(void)state;
	fixture_default(&f);
	m = mbufs_frame(f.pool, frame.bytes, frame.len_bytes, 0);
	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_TCP);
	assert_ptr_equal(out.mbuf, m); // nothing to trim
	rte_pktmbuf_free(out.mbuf);
	rte_pktmbuf_free(m);

	frame.len_bytes = 60;
	m = mbufs_frame(f.pool, frame.bytes, frame.len_bytes, 0);
	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_TCP);
	assert_ptr_not_equal(out.mbuf, m);
	assert_int_equal(out.mbuf->pkt_len, 54);
	assert_int_equal(m->pkt_len, 60);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(out.mbuf);
	rte_pktmbuf_free(m);
	fixture_close(&f);
}

static void frames_for_others_are_foreign(void **state)
{
	struct frame mine = frame_tcp("198.18.0.1", "198.18.0.2"), other;
	const struct mac_addr stranger = {{0x33, 0x33, 0xff, 1, 2, 3}},
			      mdns = {{1, 0, 0x5e, 0, 0, 251}};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	other = mine;
	frame_set_dst_mac(&other, &OTHER_MAC);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_FRAME_FOREIGN_MAC);
	frame_set_dst_mac(&other, &stranger);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_FRAME_FOREIGN_MAC);
	frame_set_dst_mac(&other, &mdns);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_FRAME_FOREIGN_MAC);
	other = frame_tcp("198.18.0.1", "198.18.0.3");
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_NOT_FOR_US);
	other = frame_tcp("fd00::1", "fd00::3");
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_NOT_FOR_US);
	other = frame_ip("198.18.0.1", "198.18.0.2", 17, mine.bytes, 30);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_PROTOCOL);
	other = frame_ip("198.18.0.1", "198.18.0.2", ICMPV6, mine.bytes, 30);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_PROTOCOL);
	other = frame_ip("fd00::1", "fd00::2", ICMP, mine.bytes, 30);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_PROTOCOL);
	other = frame_ip("fd00::1", "ff02::1", 17, mine.bytes, 30);
	frame_set_dst_mac(&other, &ALL_NODES_MAC);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_NOT_FOR_US);
	other = frame_ip("fd00::1", "ff02::2", ICMPV6, mine.bytes, 30);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_NOT_FOR_US);
	other = mine;
	other.bytes[12] = 0x88; // LLDP and the like
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_FRAME_ETHERTYPE);
	other = frame_ip("198.18.0.1", "255.255.255.255", 17, mine.bytes, 30);
	frame_set_dst_mac(&other, &BROADCAST_MAC);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_IP_NOT_FOR_US);
	fixture_close(&f);
}

// RFC 1122 3.3.6: unicast does not come by broadcast.
static void unicast_in_a_group_frame_is_dropped(void **state)
{
	struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
	struct frame echo = frame_echo("198.18.0.1", "198.18.0.2", 8);
	struct frame ipv6 = frame_tcp("fd00::1", "fd00::2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	frame_set_dst_mac(&frame, &BROADCAST_MAC);
	expect_verdict(&f, &frame, NET_DROP, PLX_DROP_IP_NOT_FOR_US);
	frame_set_dst_mac(&echo, &BROADCAST_MAC);
	expect_verdict(&f, &echo, NET_DROP, PLX_DROP_IP_NOT_FOR_US);
	frame_set_dst_mac(&ipv6, &ALL_NODES_MAC);
	expect_verdict(&f, &ipv6, NET_DROP, PLX_DROP_IP_NOT_FOR_US);
	expect_silence(&f);
	fixture_close(&f);
}

// RFC 1122 3.2.1.3, RFC 4291 2.7.
static void martians_are_dropped(void **state)
{
	static const char *const sources[] = {
		"198.18.0.2", "0.0.0.0",      "0.1.2.3",	 "127.0.0.1",	   "224.0.0.1",
		"239.1.2.3",  "198.18.0.255", "255.255.255.255", "fd00::2",	   "::",
		"::1",	      "ff02::1",      "ff0e::5",	 "fe80::ff:fe00:2"};
	static const char *const fine[] = {
		"1.2.3.4",    "126.255.255.255", "128.0.0.1", "223.255.255.255",
		"240.0.0.1",  "198.18.0.254",	 "::2",	      "fe80::1",
		"2001:db8::1"};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(sources); i++) {
		struct plx_addr src = addr(sources[i]);
		struct frame frame = frame_tcp(sources[i],
					       plx_addr_is_ipv4(&src) ? "198.18.0.2" : "fd00::2");

		expect_verdict(&f, &frame, NET_DROP, PLX_DROP_IP_SOURCE);
	}
	for (unsigned i = 0; i < RTE_DIM(fine); i++) {
		struct plx_addr src = addr(fine[i]);
		struct frame frame = frame_tcp(fine[i],
					       plx_addr_is_ipv4(&src) ? "198.18.0.2" : "fd00::2");

		expect_verdict(&f, &frame, NET_TCP, PLX_DROP_NONE);
	}
	fixture_close(&f);
}

static void source_macs_must_be_somebody_elses(void **state)
{
	struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	memcpy(frame.bytes + 6, &OUR_MAC, 6);
	expect_verdict(&f, &frame, NET_DROP, PLX_DROP_FRAME_SOURCE_MAC);
	memcpy(frame.bytes + 6, &ALL_NODES_MAC, 6);
	expect_verdict(&f, &frame, NET_DROP, PLX_DROP_FRAME_SOURCE_MAC);
	fixture_close(&f);
}

static void an_untagged_stack_takes_untagged_frames(void **state)
{
	struct frame plain = frame_tcp("198.18.0.1", "198.18.0.2"), tagged = plain,
		     priority = plain;
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	frame_tag(&tagged, 42);
	expect_verdict(&f, &tagged, NET_FOREIGN, PLX_DROP_FRAME_VLAN);
	frame_tag(&priority, 0xe000); // VLAN 0: a priority and no VLAN (802.1Q 9.6)
	expect_tcp(&f, &priority, 18);
	expect_tcp(&f, &plain, 14);
	fixture_close(&f);
}

static void a_tagged_stack_takes_its_vlan_only(void **state)
{
	struct frame plain = frame_tcp("198.18.0.1", "198.18.0.2"), mine = plain, other = plain,
		     twice = plain;
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.vlan = 42;
	fixture_open(&f);
	expect_verdict(&f, &plain, NET_FOREIGN, PLX_DROP_FRAME_VLAN);
	frame_tag(&other, 43);
	expect_verdict(&f, &other, NET_FOREIGN, PLX_DROP_FRAME_VLAN);
	frame_tag(&mine, 0xa000 | 42);
	expect_tcp(&f, &mine, 18);
	frame_tag(&twice, 42);
	frame_tag(&twice, 42);
	expect_verdict(&f, &twice, NET_FOREIGN, PLX_DROP_FRAME_VLAN);
	fixture_close(&f);
}

static void a_tag_that_the_port_took_out_counts(void **state)
{
	struct frame plain = frame_tcp("198.18.0.1", "198.18.0.2"), tagged = plain;
	struct net_fixture f = fixture_prepare();
	struct net_frame out;
	struct rte_mbuf *m;

	(void)state;
	f.config.vlan = 42;
	fixture_open(&f);
	m = mbufs_frame(f.pool, plain.bytes, plain.len_bytes, 0);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x602a;
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_TCP);
	m->vlan_tci = 43;
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_FOREIGN);
	assert_int_equal(out.drop, PLX_DROP_FRAME_VLAN);
	rte_pktmbuf_free(m);

	frame_tag(&tagged, 42); // the port took one of two
	m = mbufs_frame(f.pool, tagged.bytes, tagged.len_bytes, 0);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 42;
	assert_int_equal(net_input(f.net, m, &out, f.now), NET_FOREIGN);
	rte_pktmbuf_free(m);
	fixture_close(&f);
}

static void header_faults_have_their_reasons(void **state)
{
	struct frame ipv4 = frame_tcp("198.18.0.1", "198.18.0.2"), bad;
	struct frame ipv6 = frame_tcp("fd00::1", "fd00::2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	bad = ipv4;
	bad.bytes[ETH + 8]--;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IPV4_CHECKSUM);
	bad = ipv4;
	bad.bytes[ETH + 3]++;
	frame_fix_ipv4_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IPV4_HEADER);
	bad = ipv4;
	bad.bytes[ETH + 6] = 0x20;
	frame_fix_ipv4_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IP_FRAGMENT);
	bad = ipv4;
	bad.len_bytes = ETH + 19;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_FRAME_SHORT);
	bad.len_bytes = ETH - 1;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_FRAME_SHORT);
	bad.len_bytes = 0;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_FRAME_SHORT);
	bad = ipv6;
	bad.bytes[ETH + 5]++;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IPV6_HEADER);
	bad = ipv6;
	bad.bytes[ETH + 6] = 51; // an authentication header, which nobody here can verify
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IPV6_EXTENSION);
	fixture_close(&f);
}

// RFC 1122 3.2.1.7, RFC 8200 3: we are the end of the way.
static void a_hop_limit_of_zero_is_no_reason_to_drop(void **state)
{
	struct frame ipv4 = frame_tcp("198.18.0.1", "198.18.0.2");
	struct frame ipv6 = frame_tcp("fd00::1", "fd00::2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	ipv4.bytes[ETH + 8] = 0;
	frame_fix_ipv4_checksum(&ipv4);
	expect_tcp(&f, &ipv4, 14);
	ipv6.bytes[ETH + 7] = 0;
	expect_tcp(&f, &ipv6, 14);
	fixture_close(&f);
}

// The port is believed only where it was said to verify, and only when it says "good".
static void the_ports_word_counts_where_it_was_negotiated(void **state)
{
	struct frame bad = frame_tcp("198.18.0.1", "198.18.0.2");
	struct net_frame out;
	struct rte_mbuf *m;

	(void)state;
	bad.bytes[ETH + 10] ^= 1;
	for (unsigned i = 0; i < 4; i++) {
		bool negotiated = (i & 1) != 0, good = (i & 2) != 0;
		struct net_fixture f = fixture_prepare();

		f.config.offloads = negotiated ? PLX_OFFLOAD_RX_IPV4_CHECKSUM : 0;
		fixture_open(&f);
		m = mbufs_frame(f.pool, bad.bytes, bad.len_bytes, 0);
		m->ol_flags |= good ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : RTE_MBUF_F_RX_IP_CKSUM_BAD;
		assert_int_equal(net_input(f.net, m, &out, f.now),
				 negotiated && good ? NET_TCP : NET_DROP);
		rte_pktmbuf_free(out.mbuf);
		fixture_close(&f);
	}
}

static void bare_ip_is_told_apart_by_its_version(void **state)
{
	struct frame ipv4 = frame_tcp("198.18.0.1", "198.18.0.2");
	struct frame ipv6 = frame_tcp("fd00::1", "fd00::2");
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.link = PLX_LINK_IP;
	fixture_open(&f);
	memmove(ipv4.bytes, ipv4.bytes + ETH, ipv4.len_bytes -= ETH);
	memmove(ipv6.bytes, ipv6.bytes + ETH, ipv6.len_bytes -= ETH);
	expect_tcp(&f, &ipv4, 0);
	expect_tcp(&f, &ipv6, 0);
	ipv4.bytes[0] = 0x55;
	expect_verdict(&f, &ipv4, NET_FOREIGN, PLX_DROP_FRAME_ETHERTYPE);
	ipv4.len_bytes = 0;
	expect_verdict(&f, &ipv4, NET_DROP, PLX_DROP_FRAME_SHORT);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_of_both_families_come_through),
		cmocka_unit_test(padding_is_cut_off),
		cmocka_unit_test(padding_is_cut_off_a_chain),
		cmocka_unit_test(headers_in_pieces_are_made_contiguous),
		cmocka_unit_test(shared_mbufs_stay_as_they_are),
		cmocka_unit_test(frames_for_others_are_foreign),
		cmocka_unit_test(unicast_in_a_group_frame_is_dropped),
		cmocka_unit_test(martians_are_dropped),
		cmocka_unit_test(source_macs_must_be_somebody_elses),
		cmocka_unit_test(an_untagged_stack_takes_untagged_frames),
		cmocka_unit_test(a_tagged_stack_takes_its_vlan_only),
		cmocka_unit_test(a_tag_that_the_port_took_out_counts),
		cmocka_unit_test(header_faults_have_their_reasons),
		cmocka_unit_test(a_hop_limit_of_zero_is_no_reason_to_drop),
		cmocka_unit_test(the_ports_word_counts_where_it_was_negotiated),
		cmocka_unit_test(bare_ip_is_told_apart_by_its_version),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/input", tests, NULL, NULL);
}
