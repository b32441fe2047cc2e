// SPDX-License-Identifier: BSD-3-Clause
//
// One struct net with an address of each family, a peer and a gateway on its link, and frames
// written by hand: no code of engine/wire takes part in making or judging them.
// Every fixture ends with the pool as full as it was.
// Used by the tests of net/.
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include "net/input.h"
#include "net/transmit.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"

enum {
	POOL_MBUFS = 4095,
	FRAME_MAX_BYTES = 2048,
	ETH = 14, // offsets within an untagged frame
	IPV4_PAYLOAD = ETH + 20,
	IPV6_PAYLOAD = ETH + 40,
	TCP = 6,
	ICMP = 1,
	ICMPV6 = 58,
};

// Who is who. OURS is 198.18.0.2, fd00::2 and fe80::2ff:fe00:2.
extern const struct mac_addr OUR_MAC, PEER_MAC, OTHER_MAC, BROADCAST_MAC, ALL_NODES_MAC,
	SOLICITED_MAC;

struct net_fixture {
	struct net *net;
	struct rte_mempool *pool;
	struct plx_stack_config config;
	struct plx_address addresses[4];
	struct plx_route routes[2];
	struct plx_neighbor neighbors[2];
	struct plx_stats stats;
	struct random random;
	plx_time now;
	unsigned in_use_before;
};

struct frame {
	size_t len_bytes;
	uint8_t bytes[FRAME_MAX_BYTES];
};

struct plx_addr addr(const char *text);

// The configuration above, and its defaults for everything else; change it before opening.
struct net_fixture fixture_prepare(void);

// Creates the net, which keeps pointers into the fixture; open throws its announcements away.
void fixture_create(struct net_fixture *f);
void fixture_open(struct net_fixture *f);
void fixture_default(struct net_fixture *f); // prepared and opened

// What net_create() says of the configuration: NULL for nothing.
const char *fixture_refusal(struct net_fixture *f);

// Destroys the net; fails when an mbuf is missing.
void fixture_close(struct net_fixture *f);

// Frames.
struct frame frame_ethernet(const struct mac_addr *dst, const struct mac_addr *src, uint16_t type,
			    const void *payload, size_t len_bytes);
struct frame frame_ip(const char *src, const char *dst, uint8_t protocol, const void *payload,
		      size_t len_bytes); // from PEER_MAC to OUR_MAC
struct frame frame_tcp(const char *src, const char *dst);
struct frame frame_arp(uint16_t operation, const struct mac_addr *sender_mac, const char *sender,
		       const char *target); // a request goes to everybody, a reply to OUR_MAC
struct frame frame_echo(const char *src, const char *dst, size_t data_bytes);
struct frame frame_icmpv6(const char *src, const char *dst, uint8_t *message, size_t len_bytes);
struct frame frame_solicitation(const char *src, const char *target, const struct mac_addr *mac);
struct frame frame_advertisement(const char *target, const struct mac_addr *mac, uint8_t flags);
enum { ND_SOLICITED = 0x40, ND_OVERRIDE = 0x20 };

void frame_set_dst_mac(struct frame *frame, const struct mac_addr *mac);
void frame_tag(struct frame *frame, uint16_t vlan);   // puts a tag in
void frame_fix_ipv4_checksum(struct frame *frame);    // after a change, untagged
void frame_fix_icmpv6_checksum(struct frame *frame);  // likewise
void frame_untag(struct frame *frame, uint16_t vlan); // checks a tag and takes it out

// Gives the frame to net_input().
enum net_verdict give(struct net_fixture *f, const struct frame *frame, struct net_frame *out);

// Gives it, expects this verdict and, for DROP and FOREIGN, this reason; frees what is left.
void expect_verdict(struct net_fixture *f, const struct frame *frame, enum net_verdict verdict,
		    enum plx_drop drop);

// The next frame of the answer queue.
struct frame expect_sent(struct net_fixture *f);
void expect_silence(struct net_fixture *f);
void expect_same(const struct frame *got, const struct frame *expected);

// Requests of ours: who is asked for, and of whom.
void expect_arp_request(struct net_fixture *f, const char *target, const struct mac_addr *to);
void expect_solicitation(struct net_fixture *f, const char *target, const struct mac_addr *to);

// An IP packet of ours to `dst`, with `mark` as its payload, by net_transmit(). On READY the frame
// is checked to begin with the link header and freed.
enum net_tx transmit(struct net_fixture *f, const char *dst, uint8_t mark,
		     struct neighbor_ref *ref);

// The packet of that mark and destination, as it is sent to `mac`.
void expect_packet(struct net_fixture *f, const char *dst, uint8_t mark,
		   const struct mac_addr *mac);

// The state of a neighbour; -1 when there is none.
int state_of(const struct net_fixture *f, const char *who);

// Lets time pass in steps of a millisecond at most where something is due.
void pass(struct net_fixture *f, plx_duration span);

uint64_t counted(const struct net_fixture *f, enum plx_counter counter);

#endif
