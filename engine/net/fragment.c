// SPDX-License-Identifier: BSD-3-Clause
//
// Fragments on their way into librte_ip_frag and out of it, and the books about them: what the
// library holds, gives back or gives up is found by marks on the mbufs that were frames.
// RFC 791, RFC 8200 4.5, RFC 1858, RFC 3128, RFC 5722. Called by net_input() and net_poll().
#define ALLOW_EXPERIMENTAL_API // rte_ip_frag_table_del_expired_entries()
#include "net/fragment.h"

#include <errno.h>

#include <rte_ip_frag.h>
#include <rte_mempool.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/chain.h"
#include "net/verdict.h"
#include "wire/bytes.h"
#include "wire/ipv6_extension.h"
#include "wire/offload.h"
#include "wire/tcp.h"

enum {
	PACKETS_MAX = 1 << 16,
	BUCKET_ENTRIES = 4,
	POOL_SHARE = 16,     // of the mbuf pool, what may be held
	SWEEPS_PER_LIFE = 4, // a fragment outlives its time by at most this part of it
	PACKET_MAX_BYTES = 65535,
	// An entry of the library's table: key, times and list, then a place per fragment.
	ENTRY_BYTES = RTE_ALIGN_CEIL(80 + 16 * RTE_LIBRTE_IP_FRAG_MAX_FRAG, CACHE_LINE),
	TABLE_BYTES = 4 * CACHE_LINE,
};

#define PATIENCE_MAX (120 * PLX_SECOND) // RFC 1122 3.3.2

static uint32_t bucket_count(uint32_t packets)
{
	return rte_align32pow2((packets + BUCKET_ENTRIES - 1) / BUCKET_ENTRIES);
}

const char *reassembly_check(const struct plx_stack_config *config)
{
	if (config->max_fragments > PACKETS_MAX)
		return "max_fragments: too many; give at most 65536, or 0 to drop fragments";
	if (config->max_fragments > 0
	    && (config->fragment_time == 0 || config->fragment_time > PATIENCE_MAX))
		return "fragment_time: out of range; give more than 0 and at most 120 s";
	return NULL;
}

// Every key has two buckets.
size_t reassembly_bytes(const struct plx_stack_config *config)
{
	size_t entries = (size_t)bucket_count(config->max_fragments) * BUCKET_ENTRIES * 2;

	return config->max_fragments == 0 ? 0 : memory_cost(TABLE_BYTES + entries * ENTRY_BYTES);
}

int reassembly_init(struct net *net, const struct plx_stack_config *config)
{
	struct reassembly *reassembly = &net->reassembly;

	reassembly->sweep = PLX_TIME_NEVER;
	if (config->max_fragments == 0)
		return 0;
	reassembly->patience = config->fragment_time;
	reassembly->held_max = RTE_MIN(config->max_fragments * RTE_LIBRTE_IP_FRAG_MAX_FRAG,
				       config->pool->size / POOL_SHARE + 1);
	reassembly->key.k0 = random_u64(net->random);
	reassembly->key.k1 = random_u64(net->random);
	reassembly->table = rte_ip_frag_table_create(bucket_count(config->max_fragments),
						     BUCKET_ENTRIES, config->max_fragments,
						     reassembly->patience, config->numa_node);
	return reassembly->table == NULL ? -ENOMEM : 0;
}

void reassembly_fini(struct net *net)
{
	if (net->reassembly.table != NULL)
		rte_ip_frag_table_destroy(net->reassembly.table);
}

// A mark on the first mbuf of every received frame, for the library chains them up.
static void mark_frame(struct rte_mbuf *m)
{
	m->ol_flags &= ~RTE_MBUF_F_RX_RSS_HASH;
	m->hash.usr = 1;
	for (m = m->next; m != NULL; m = m->next)
		m->hash.usr = 0;
}

static unsigned count_frames(const struct rte_mbuf *m)
{
	unsigned n = 0;

	for (; m != NULL; m = m->next)
		n += m->hash.usr;
	return n;
}

// Frees what the library has given up; how many frames that was.
static unsigned free_dead(struct rte_ip_frag_death_row *dead)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < dead->cnt; i++)
		n += count_frames(dead->row[i]);
	rte_ip_frag_free_death_row(dead, 0);
	return n;
}

static void hold(struct net *net, unsigned n)
{
	counter_add(&net->stats->frames_held, n);
}

static void release(struct net *net, unsigned n)
{
	counter_add(&net->stats->frames_held, -(uint64_t)n);
}

static void drop_held(struct net *net, unsigned n, enum plx_drop reason)
{
	release(net, n);
	counter_add(&net->stats->drops[reason], n);
}

// The library stops when its row of dead is full, so it is asked until there are none.
static void expire(struct net *net, plx_time now)
{
	struct rte_ip_frag_death_row dead;
	unsigned n;

	do {
		dead.cnt = 0;
		rte_ip_frag_table_del_expired_entries(net->reassembly.table, &dead, now);
		n = free_dead(&dead);
		drop_held(net, n, PLX_DROP_IP_FRAGMENT_TIMEOUT);
	} while (n > 0);
}

void reassembly_poll(struct net *net, plx_time now)
{
	struct reassembly *reassembly = &net->reassembly;

	if (!time_is_due(reassembly->sweep, now))
		return;
	expire(net, now);
	reassembly->sweep = net->stats->frames_held == 0
		? PLX_TIME_NEVER
		: time_add(now, reassembly->patience / SWEEPS_PER_LIFE + 1);
}

// RFC 8200 4.5; RFC 1858 3 and RFC 3128 for TCP: its header is in the first fragment and in no
// other, so that nobody who looks at that is deceived.
static bool is_credible(const struct ip_header *ip, const struct ip_fragment *fragment)
{
	uint32_t end = (uint32_t)fragment->offset_bytes + ip->payload_bytes;

	if (ip->payload_bytes == 0 || end > PACKET_MAX_BYTES
	    || (fragment->more && ip->payload_bytes % 8 != 0))
		return false;
	if (ip->protocol != IP_PROTOCOL_TCP)
		return true;
	return fragment->offset_bytes == 0 ? ip->payload_bytes >= TCP_HEADER_BYTES
					   : fragment->offset_bytes >= TCP_HEADER_BYTES;
}

// The library rewrites lengths and headers, so what others look at is copied; and padding goes.
static bool make_own(struct net *net, struct net_frame *frame)
{
	uint32_t end = (uint32_t)frame->ip_offset + frame->ip.header_bytes
		+ frame->ip.payload_bytes;
	struct rte_mbuf *m = frame->mbuf;

	if (RTE_MBUF_DIRECT(m) && !chain_is_shared(m)) {
		chain_trim(m, end);
		return true;
	}
	m = rte_pktmbuf_copy(m, net->pool, 0, end);
	if (m == NULL)
		return false;
	rte_pktmbuf_free(frame->mbuf);
	frame->mbuf = m;
	return true;
}

// The library's table knows nothing of the protocol, and its hash is no secret: what it takes for
// addresses is a keyed hash of all that tells packets apart (RFC 791 3.2, RFC 8200 4.5).
static uint64_t packet_identity(const struct net *net, const struct ip_header *ip,
				const struct ip_fragment *fragment)
{
	struct {
		struct plx_addr src, dst;
		uint32_t id;
		uint32_t protocol;
	} identity = {
		.src = ip->src,
		.dst = ip->dst,
		.id = fragment->id,
		.protocol = ip->is_ipv6 ? 0 : ip->protocol,
	};

	return siphash(&identity, sizeof(identity), &net->reassembly.key);
}

static struct rte_mbuf *add_ipv4(struct net *net, const struct net_frame *frame,
				 const struct ip_fragment *fragment, plx_time now,
				 struct rte_ip_frag_death_row *dead)
{
	uint64_t identity = packet_identity(net, &frame->ip, fragment);
	struct rte_ipv4_hdr header = *rte_pktmbuf_mtod_offset(
		frame->mbuf, const struct rte_ipv4_hdr *, frame->ip_offset);

	header.packet_id = 0;
	header.src_addr = (uint32_t)(identity >> 32);
	header.dst_addr = (uint32_t)identity;
	return rte_ipv4_frag_reassemble_packet(net->reassembly.table, dead, frame->mbuf, now,
					       &header);
}

// The library wants the fragment header directly behind the IPv6 header. What stood between them
// has been looked at, and only that of the first fragment would remain (RFC 8200 4.5).
static void strip_extensions(struct net_frame *frame)
{
	uint16_t front_bytes = frame->ip_offset + IPV6_HEADER_BYTES;
	uint16_t surplus_bytes = frame->ip.header_bytes - IPV6_HEADER_BYTES
		- IPV6_FRAGMENT_HEADER_BYTES;
	uint8_t *bytes = rte_pktmbuf_mtod(frame->mbuf, uint8_t *);

	if (surplus_bytes > 0) {
		memmove(bytes + surplus_bytes, bytes, front_bytes);
		bytes = (uint8_t *)rte_pktmbuf_adj(frame->mbuf, surplus_bytes);
		frame->ip.header_bytes -= surplus_bytes;
	}
	bytes += frame->ip_offset;
	bytes[IPV6_NEXT_HEADER_OFFSET] = IPPROTO_FRAGMENT;
	store_be16(bytes + IPV6_PAYLOAD_OFFSET,
		   (uint16_t)(IPV6_FRAGMENT_HEADER_BYTES + frame->ip.payload_bytes));
}

static struct rte_mbuf *add_ipv6(struct net *net, struct net_frame *frame,
				 const struct ip_fragment *fragment, plx_time now,
				 struct rte_ip_frag_death_row *dead)
{
	uint64_t identity = packet_identity(net, &frame->ip, fragment);
	struct {
		struct rte_ipv6_hdr ip;
		struct rte_ipv6_fragment_ext fragment;
	} headers;

	strip_extensions(frame);
	frame->mbuf->l3_len = IPV6_HEADER_BYTES + IPV6_FRAGMENT_HEADER_BYTES;
	memcpy(&headers, rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *, frame->ip_offset),
	       sizeof(headers));
	memset(headers.ip.src_addr, 0, sizeof(headers.ip.src_addr));
	memset(headers.ip.dst_addr, 0, sizeof(headers.ip.dst_addr));
	memcpy(headers.ip.src_addr, &identity, sizeof(identity));
	headers.fragment.id = 0;
	return rte_ipv6_frag_reassemble_packet(net->reassembly.table, dead, frame->mbuf, now,
					       &headers.ip, &headers.fragment);
}

// What the port said of the pieces does not hold for the whole.
static void forget_reception(struct rte_mbuf *m)
{
	m->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	m->tx_offload = 0;
}

// `frame` is one of the `n` that the library has just given up: alone, there was no entry to be had.
static enum net_verdict give_up(struct net *net, struct net_frame *frame, unsigned n)
{
	enum plx_drop reason = n == 1 ? PLX_DROP_IP_FRAGMENT_FULL : PLX_DROP_IP_FRAGMENT_OVERLAP;

	frame->mbuf = NULL;
	drop_held(net, n - 1, reason);
	return verdict_drop(frame, reason);
}

static bool on_whole_packet(struct net *net, struct net_frame *frame, struct rte_mbuf *whole,
			    enum net_verdict *verdict)
{
	unsigned others = count_frames(whole) - 1;

	frame->mbuf = whole;
	forget_reception(whole);
	// The ping of death: the IPv4 length field has wrapped.
	if (whole->pkt_len - frame->ip_offset
	    > PACKET_MAX_BYTES + (frame->ip.is_ipv6 ? IPV6_HEADER_BYTES : 0)) {
		drop_held(net, others, PLX_DROP_IP_FRAGMENT_MALFORMED);
		*verdict = verdict_drop(frame, PLX_DROP_IP_FRAGMENT_MALFORMED);
		return false;
	}
	release(net, others);
	counter_add(&net->stats->counters[PLX_COUNTER_FATE_REASSEMBLED], others);
	net_count(net, PLX_COUNTER_IP_REASSEMBLED);
	return true;
}

static enum plx_drop admit(struct net *net, struct net_frame *frame,
			   const struct ip_fragment *fragment)
{
	if (net->reassembly.table == NULL)
		return PLX_DROP_IP_FRAGMENT;
	if (!is_credible(&frame->ip, fragment))
		return PLX_DROP_IP_FRAGMENT_MALFORMED;
	if (net->stats->frames_held >= net->reassembly.held_max)
		return PLX_DROP_IP_FRAGMENT_FULL;
	return make_own(net, frame) ? PLX_DROP_NONE : PLX_DROP_STACK_NO_BUFFER;
}

bool fragment_completes(struct net *net, struct net_frame *frame,
			const struct ip_fragment *fragment, plx_time now, enum net_verdict *verdict)
{
	struct reassembly *reassembly = &net->reassembly;
	struct rte_ip_frag_death_row dead;
	struct rte_mbuf *whole;
	enum plx_drop drop;

	if (reassembly->table != NULL)
		expire(net, now);
	drop = admit(net, frame, fragment);
	if (drop != PLX_DROP_NONE) {
		*verdict = verdict_drop(frame, drop);
		return false;
	}
	mark_frame(frame->mbuf);
	frame->mbuf->l2_len = frame->ip_offset;
	frame->mbuf->l3_len = frame->ip.header_bytes;
	dead.cnt = 0;
	whole = frame->ip.is_ipv6 ? add_ipv6(net, frame, fragment, now, &dead)
				  : add_ipv4(net, frame, fragment, now, &dead);
	if (whole != NULL)
		return on_whole_packet(net, frame, whole, verdict);
	if (dead.cnt > 0) {
		*verdict = give_up(net, frame, free_dead(&dead));
		return false;
	}
	hold(net, 1);
	frame->mbuf = NULL;
	if (reassembly->sweep == PLX_TIME_NEVER)
		reassembly->sweep = time_add(now, reassembly->patience + 1);
	*verdict = NET_HELD;
	return false;
}
