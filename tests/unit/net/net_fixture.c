// SPDX-License-Identifier: BSD-3-Clause
//
// The fixture of net/'s tests, see net_fixture.h.
// Bytes are laid down offset by offset, as the RFCs draw them.
// Used by the tests of net/.
#include "net_fixture.h"

#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/mbufs.h"
#include "support/reference.h"

const struct mac_addr OUR_MAC = {{0x02, 0, 0, 0, 0, 0x02}};
const struct mac_addr PEER_MAC = {{0x02, 0, 0, 0, 0, 0x01}};
const struct mac_addr OTHER_MAC = {{0x02, 0, 0, 0, 0, 0x09}};
const struct mac_addr BROADCAST_MAC = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
const struct mac_addr ALL_NODES_MAC = {{0x33, 0x33, 0, 0, 0, 0x01}};
const struct mac_addr SOLICITED_MAC = {{0x33, 0x33, 0xff, 0, 0, 0x02}};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct plx_addr addr(const char *text)
{
	struct plx_addr value;

	assert_int_equal(plx_addr_parse(text, &value), 0);
	return value;
}

struct net_fixture fixture_prepare(void)
{
	struct net_fixture f = {
		.pool = mbufs_pool(0, POOL_MBUFS),
		.addresses = {{.addr = addr("198.18.0.2"), .prefix_len = 24},
			      {.addr = addr("fd00::2"), .prefix_len = 64}},
		.routes = {{.prefix = addr("0.0.0.0"), .gateway = addr("198.18.0.254")},
			   {.prefix = addr("::"), .gateway = addr("fd00::fe")}},
		.now = 1000 * PLX_SECOND,
	};

	f.config = (struct plx_stack_config){
		.pool = f.pool,
		.numa_node = -1,
		.link = PLX_LINK_ETHERNET,
		.mtu_bytes = 1500,
		.n_addresses = 2,
		.n_routes = 2,
		.max_neighbors = 16,
		.pings_per_s = 100000,
	};
	memcpy(f.config.mac, OUR_MAC.bytes, sizeof(f.config.mac));
	f.stats.size = sizeof(f.stats);
	return f;
}

// The arrays live in the fixture, unless a test has brought its own.
static int create(struct net_fixture *f, const char **error)
{
	if (f->config.addresses == NULL)
		f->config.addresses = f->addresses;
	if (f->config.routes == NULL)
		f->config.routes = f->routes;
	f->config.neighbors = f->neighbors;
	f->in_use_before = mbufs_in_use(f->pool);
	random_init_seed(&f->random, 1);
	return net_create(&f->net, &f->config, &f->stats, &f->random, error);
}

void fixture_create(struct net_fixture *f)
{
	const char *error = NULL;

	if (create(f, &error) != 0)
		fail_msg("%s", error);
}

void fixture_open(struct net_fixture *f)
{
	struct rte_mbuf *m;

	fixture_create(f);
	while (net_poll(f->net, f->now) == 0)
		;
	while (answer_pop(f->net, &m, 1) == 1)
		rte_pktmbuf_free(m);
	memset(f->stats.counters, 0, sizeof(f->stats.counters));
}

void fixture_default(struct net_fixture *f)
{
	*f = fixture_prepare();
	fixture_open(f);
}

const char *fixture_refusal(struct net_fixture *f)
{
	const char *error = NULL;
	int status = create(f, &error);

	if (status == 0) {
		net_destroy(f->net);
		assert_null(error);
		return NULL;
	}
	assert_int_equal(status, -EINVAL);
	assert_null(f->net);
	assert_non_null(error);
	return error;
}

void fixture_close(struct net_fixture *f)
{
	net_destroy(f->net);
	assert_int_equal(mbufs_in_use(f->pool), f->in_use_before);
}

struct frame frame_ethernet(const struct mac_addr *dst, const struct mac_addr *src, uint16_t type,
			    const void *payload, size_t len_bytes)
{
	struct frame frame = {.len_bytes = ETH + len_bytes};

	assert_true(frame.len_bytes <= sizeof(frame.bytes));
	memcpy(frame.bytes, dst, 6);
	memcpy(frame.bytes + 6, src, 6);
	put16(frame.bytes + 12, type);
	memcpy(frame.bytes + ETH, payload, len_bytes);
	return frame;
}

void frame_fix_ipv4_checksum(struct frame *frame)
{
	uint8_t *ip = frame->bytes + ETH;

	put16(ip + 10, 0);
	put16(ip + 10, reference_checksum(ip, (ip[0] & 15) * 4));
}

static struct frame frame_ipv4(const struct plx_addr *src, const struct plx_addr *dst,
			       uint8_t protocol, const void *payload, size_t len_bytes)
{
	uint8_t ip[FRAME_MAX_BYTES] = {0x45, [6] = 0x40, [8] = 64, protocol};
	struct frame frame;

	put16(ip + 2, (uint16_t)(20 + len_bytes));
	memcpy(ip + 12, src->bytes + 12, 4);
	memcpy(ip + 16, dst->bytes + 12, 4);
	memcpy(ip + 20, payload, len_bytes);
	frame = frame_ethernet(&OUR_MAC, &PEER_MAC, 0x0800, ip, 20 + len_bytes);
	frame_fix_ipv4_checksum(&frame);
	return frame;
}

struct frame frame_ip(const char *src, const char *dst, uint8_t protocol, const void *payload,
		      size_t len_bytes)
{
	struct plx_addr from = addr(src), to = addr(dst);
	uint8_t ip[FRAME_MAX_BYTES] = {0x60, [6] = protocol, 64};

	if (plx_addr_is_ipv4(&to))
		return frame_ipv4(&from, &to, protocol, payload, len_bytes);
	put16(ip + 4, (uint16_t)len_bytes);
	memcpy(ip + 8, from.bytes, 16);
	memcpy(ip + 24, to.bytes, 16);
	memcpy(ip + 40, payload, len_bytes);
	return frame_ethernet(&OUR_MAC, &PEER_MAC, 0x86dd, ip, 40 + len_bytes);
}

struct frame frame_tcp(const char *src, const char *dst)
{
	static const uint8_t segment[20] = {0x10, 0, 0, 80, [12] = 0x50, 0x10};

	return frame_ip(src, dst, TCP, segment, sizeof(segment));
}

struct frame frame_arp(uint16_t operation, const struct mac_addr *sender_mac, const char *sender,
		       const char *target)
{
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, (uint8_t)operation};
	struct plx_addr spa = addr(sender), tpa = addr(target);

	memcpy(arp + 8, sender_mac, 6);
	memcpy(arp + 14, spa.bytes + 12, 4);
	if (operation == 2)
		memcpy(arp + 18, &OUR_MAC, 6);
	memcpy(arp + 24, tpa.bytes + 12, 4);
	return frame_ethernet(operation == 1 ? &BROADCAST_MAC : &OUR_MAC, sender_mac, 0x0806, arp,
			      sizeof(arp));
}

void frame_fix_icmpv6_checksum(struct frame *frame)
{
	uint8_t *message = frame->bytes + IPV6_PAYLOAD;
	struct plx_addr src, dst;

	memcpy(&src, frame->bytes + ETH + 8, 16);
	memcpy(&dst, frame->bytes + ETH + 24, 16);
	put16(message + 2, 0);
	put16(message + 2,
	      reference_transport_checksum(&src, &dst, ICMPV6, message,
					   frame->len_bytes - IPV6_PAYLOAD));
}

struct frame frame_icmpv6(const char *src, const char *dst, uint8_t *message, size_t len_bytes)
{
	struct frame frame = frame_ip(src, dst, ICMPV6, message, len_bytes);

	frame_fix_icmpv6_checksum(&frame);
	return frame;
}

struct frame frame_echo(const char *src, const char *dst, size_t data_bytes)
{
	struct plx_addr to = addr(dst);
	bool is_ipv4 = plx_addr_is_ipv4(&to);
	uint8_t message[FRAME_MAX_BYTES] = {is_ipv4 ? 8 : 128, [4] = 0x12, 0x34, 0, 7};

	for (size_t i = 0; i < data_bytes; i++)
		message[8 + i] = (uint8_t)(i * 7 + 1);
	if (!is_ipv4)
		return frame_icmpv6(src, dst, message, 8 + data_bytes);
	put16(message + 2, reference_checksum(message, 8 + data_bytes));
	return frame_ip(src, dst, ICMP, message, 8 + data_bytes);
}

struct frame frame_solicitation(const char *src, const char *target, const struct mac_addr *mac)
{
	uint8_t message[32] = {135, [24] = 1, 1};
	struct plx_addr whom = addr(target);
	char group[PLX_ADDR_TEXT_BYTES];
	struct frame frame;

	memcpy(message + 8, &whom, 16);
	if (mac != NULL)
		memcpy(message + 26, mac, 6);
	snprintf(group, sizeof(group), "ff02::1:ff%02x:%x", whom.bytes[13],
		 whom.bytes[14] << 8 | whom.bytes[15]);
	frame = frame_icmpv6(src, group, message, mac == NULL ? 24 : 32);
	frame.bytes[ETH + 7] = 255;
	frame.bytes[0] = frame.bytes[1] = 0x33;
	frame.bytes[2] = 0xff;
	memcpy(frame.bytes + 3, whom.bytes + 13, 3);
	return frame;
}

struct frame frame_advertisement(const char *target, const struct mac_addr *mac, uint8_t flags)
{
	uint8_t message[32] = {136, [4] = flags, [24] = 2, 1};
	struct plx_addr whom = addr(target);
	struct frame frame;

	memcpy(message + 8, &whom, 16);
	if (mac != NULL)
		memcpy(message + 26, mac, 6);
	frame = frame_icmpv6(target, (flags & ND_SOLICITED) != 0 ? "fd00::2" : "ff02::1", message,
			     mac == NULL ? 24 : 32);
	frame.bytes[ETH + 7] = 255;
	if ((flags & ND_SOLICITED) == 0)
		frame_set_dst_mac(&frame, &ALL_NODES_MAC);
	return frame;
}

void frame_set_dst_mac(struct frame *frame, const struct mac_addr *mac)
{
	memcpy(frame->bytes, mac, 6);
}

void frame_tag(struct frame *frame, uint16_t vlan)
{
	memmove(frame->bytes + 16, frame->bytes + 12, frame->len_bytes - 12);
	put16(frame->bytes + 12, 0x8100);
	put16(frame->bytes + 14, vlan);
	frame->len_bytes += 4;
}

void frame_untag(struct frame *frame, uint16_t vlan)
{
	const uint8_t tag[] = {0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan};

	assert_memory_equal(frame->bytes + 12, tag, sizeof(tag));
	frame->len_bytes -= 4;
	memmove(frame->bytes + 12, frame->bytes + 16, frame->len_bytes - 12);
}

enum net_verdict give(struct net_fixture *f, const struct frame *frame, struct net_frame *out)
{
	memset(out, 0xa5, sizeof(*out));
	return net_input(f->net, mbufs_frame(f->pool, frame->bytes, frame->len_bytes, 0), out,
			 f->now);
}

void expect_verdict(struct net_fixture *f, const struct frame *frame, enum net_verdict verdict,
		    enum plx_drop drop)
{
	struct net_frame out;
	enum net_verdict got = give(f, frame, &out);

	assert_int_equal(got, verdict);
	if (got == NET_DROP || got == NET_FOREIGN)
		assert_string_equal(plx_drop_name(out.drop), plx_drop_name(drop));
	if (got == NET_ANSWERED)
		assert_null(out.mbuf);
	rte_pktmbuf_free(out.mbuf);
}

struct frame expect_sent(struct net_fixture *f)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	struct frame frame = {0};
	struct rte_mbuf *m = NULL;

	assert_int_equal(answer_pop(f->net, &m, 1), 1);
	__rte_mbuf_sanity_check(m, 1);
	frame.len_bytes = mbufs_copy_out(m, bytes);
	assert_true(frame.len_bytes <= sizeof(frame.bytes));
	memcpy(frame.bytes, bytes, frame.len_bytes);
	rte_pktmbuf_free(m);
	return frame;
}

void expect_silence(struct net_fixture *f)
{
	assert_int_equal(answer_count(f->net), 0);
}

void expect_same(const struct frame *got, const struct frame *expected)
{
	assert_int_equal(got->len_bytes, expected->len_bytes);
	assert_memory_equal(got->bytes, expected->bytes, expected->len_bytes);
}

void expect_arp_request(struct net_fixture *f, const char *target, const struct mac_addr *to)
{
	struct frame expected = frame_arp(1, &OUR_MAC, "198.18.0.2", target);
	struct frame got = expect_sent(f);

	frame_set_dst_mac(&expected, to);
	expect_same(&got, &expected);
}

void expect_solicitation(struct net_fixture *f, const char *target, const struct mac_addr *to)
{
	struct frame expected = frame_solicitation("fd00::2", target, &OUR_MAC);
	struct frame got = expect_sent(f);

	memcpy(expected.bytes + 6, &OUR_MAC, 6);
	if (to != NULL) {
		struct plx_addr unicast = addr(target);

		frame_set_dst_mac(&expected, to);
		memcpy(expected.bytes + ETH + 24, &unicast, 16);
		frame_fix_icmpv6_checksum(&expected);
	}
	expect_same(&got, &expected);
}

// As a frame, whose link header a packet that is handed over has not got yet.
static struct frame packet(const char *dst, uint8_t mark, const struct mac_addr *mac)
{
	struct plx_addr to = addr(dst);
	struct frame frame = frame_ip(plx_addr_is_ipv4(&to) ? "198.18.0.2" : "fd00::2", dst, TCP,
				      &mark, sizeof(mark));

	memcpy(frame.bytes, mac, 6);
	memcpy(frame.bytes + 6, &OUR_MAC, 6);
	return frame;
}

enum net_tx transmit(struct net_fixture *f, const char *dst, uint8_t mark, struct neighbor_ref *ref)
{
	struct neighbor_ref none = neighbor_ref_none();
	struct frame frame = packet(dst, mark, &PEER_MAC);
	struct rte_mbuf *m = mbufs_frame(f->pool, frame.bytes + ETH, frame.len_bytes - ETH, 0);
	struct plx_addr to = addr(dst);
	enum net_tx outcome = net_transmit(f->net, m, ref == NULL ? &none : ref, &to, f->now);

	if (outcome == NET_TX_READY) {
		assert_int_equal(m->pkt_len, frame.len_bytes);
		assert_int_equal(m->data_len, frame.len_bytes);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), frame.bytes, frame.len_bytes);
		rte_pktmbuf_free(m);
	}
	return outcome;
}

void expect_packet(struct net_fixture *f, const char *dst, uint8_t mark, const struct mac_addr *mac)
{
	struct frame expected = packet(dst, mark, mac), got = expect_sent(f);

	expect_same(&got, &expected);
}

int state_of(const struct net_fixture *f, const char *who)
{
	struct plx_addr whom = addr(who);
	uint32_t idx = neighbor_find(f->net, &whom);

	return idx == INDEX_NONE ? -1 : neighbor_at(&f->net->neighbors, idx)->state;
}

void pass(struct net_fixture *f, plx_duration span)
{
	plx_time end = f->now + span;
	plx_time next = net_next_deadline(f->net);

	while (next <= end) {
		// A deadline may be early, never late.
		f->now = next > f->now ? next : f->now + PLX_MILLISECOND;
		if (f->now > end)
			break;
		next = net_poll(f->net, f->now);
	}
	f->now = end;
	net_poll(f->net, f->now);
}

uint64_t counted(const struct net_fixture *f, enum plx_counter counter)
{
	return f->stats.counters[counter];
}
