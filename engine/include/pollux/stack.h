/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack: one core's share of TCP, and the four phases of its loop. Not thread-safe and not
 * meant to be: one stack belongs to one EAL (or registered) thread; stacks share nothing, so a
 * process may have as many as it likes. The engine reads no clock: `now` is an argument, never
 * earlier than in the call before (an earlier one counts as the one before).
 *
 *     for (;;) {
 *         plx_time now = ...;
 *         n = rte_eth_rx_burst(port, queue, frames, 32);
 *         plx_input(stack, frames, n, now);                     phase 1
 *         n = plx_poll(stack, events, 64, now);                 phase 2, then 3: act on the events
 *         n = plx_output(stack, frames, 32, now);               phase 4
 *         send all n frames before asking for more
 *     }
 */
#ifndef POLLUX_STACK_H
#define POLLUX_STACK_H

#include <pollux/event.h>
#include <pollux/option.h>
#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a frame begins with. */
enum plx_link {
	PLX_LINK_ETHERNET, /**< Ethernet II; the stack does ARP and neighbour discovery */
	PLX_LINK_IP, /**< bare IPv4 or IPv6: a packet is an mbuf of any pool whose data begins with the IP header; the embedder does layer 2, and no routes are needed */
};

/** What the port does for us. Nothing is assumed that is not set. */
enum plx_offload {
	PLX_OFFLOAD_RX_IPV4_CHECKSUM = 1u << 0, /**< received mbufs carry a verdict in ol_flags */
	PLX_OFFLOAD_RX_TCP_CHECKSUM = 1u << 1,
	PLX_OFFLOAD_TX_IPV4_CHECKSUM = 1u << 2, /**< the port fills in what ol_flags ask for */
	PLX_OFFLOAD_TX_TCP_CHECKSUM = 1u << 3,
	PLX_OFFLOAD_TX_MULTI_SEGS = 1u << 4, /**< the port sends chained mbufs */
	PLX_OFFLOAD_TX_BY_REFERENCE = 1u
		<< 5, /**< the port hands our mbufs on to another reader (net_ring): retained payload is copied */
	PLX_OFFLOAD_TX_ANY_MEMORY = 1u
		<< 6, /**< the port reads all memory of the process, registered or not (drivers that copy by CPU) */
	/**
	 * The port cuts a frame of several TCP segments, as RTE_MBUF_F_TX_TCP_SEG asks. Needs TX_TCP_CHECKSUM,
	 * TX_MULTI_SEGS and, where the stack has an IPv4 address, TX_IPV4_CHECKSUM; cannot be with TX_BY_REFERENCE.
	 */
	PLX_OFFLOAD_TX_TSO = 1u << 7,
};

/**
 * What PLX_OFFLOAD_TX_TSO asks of a port at most: mbufs of a frame, and those that have a part of one segment of it, its
 * headers included. No frame holds more than an IP packet, 64 KB; segments are of 256 bytes of payload at least, but for
 * the last.
 */
#define PLX_TSO_MBUFS_MAX 33
#define PLX_TSO_SEGMENT_MBUFS_MAX 8

/** What answers a SYN without keeping anything of it (RFC 4987 3.6). */
enum plx_syn_cookies {
	PLX_SYN_COOKIES_AUTO,	/**< while the table of half-open connections is full */
	PLX_SYN_COOKIES_ALWAYS, /**< but for a SYN that reopens a connection in TIME_WAIT */
	PLX_SYN_COOKIES_NEVER,	/**< a SYN that finds the table full is dropped */
};

/** An address of the stack with its on-link prefix; `count` consecutive addresses from `addr` on. */
struct plx_address {
	struct plx_addr addr;
	uint32_t count;	    /**< 0 counts as 1 */
	uint8_t prefix_len; /**< in bits of its own family: 0..32 or 0..128 */
};

/** Destinations within `prefix` go to the next hop `gateway`. prefix_len 0 with any address of the family is the default route. */
struct plx_route {
	struct plx_addr prefix;
	struct plx_addr gateway;
	uint8_t prefix_len;
};

/** A neighbour that needs no resolving and never ages. */
struct plx_neighbor {
	struct plx_addr addr;
	uint8_t mac[6];
};

/**
 * How a stack is made. Fill it with plx_stack_config_init() and change what differs. Arrays and
 * strings are copied; the mempool is used, not owned, and must outlive the stack. Its buffers have
 * RTE_PKTMBUF_HEADROOM + 256 bytes at least.
 */
struct plx_stack_config {
	size_t size;		  /**< sizeof(struct plx_stack_config) */
	const char *name;	  /**< for the names of its memory; "pollux" by default */
	struct rte_mempool *pool; /**< for headers and copies; the port's receive pool too */
	int numa_node;		  /**< where memory is taken; -1 = any */

	enum plx_link link;
	uint8_t mac[6];
	uint16_t vlan; /**< 802.1Q VID that frames carry, 1..4094; 0 = untagged */
	uint16_t
		outer_vlan; /**< VID of a second tag in front of that (QinQ): sent as 802.1ad, heard as that or as 802.1Q; 0 = none, frames with two tags are foreign */
	uint16_t zone;	    /**< part of the connection key; tells overlapping networks apart */
	uint16_t mtu_bytes; /**< of IP: 1500 by default, 576 (with IPv6: 1280) to 9000 */
	uint32_t offloads;  /**< of enum plx_offload */

	const struct plx_address *addresses;
	unsigned n_addresses; /**< at least 1, at most 64 */
	const struct plx_route *routes;
	unsigned n_routes; /**< at most 64 */
	const struct plx_neighbor *neighbors;
	unsigned n_neighbors;
	uint32_t max_neighbors; /**< 1024 by default */

	uint32_t
		max_fragments; /**< packets under reassembly at once, of at most 8 fragments each and together a sixteenth of the pool; 256 by default, 0 = fragments are dropped */
	plx_duration
		fragment_time; /**< how long a packet's first fragment waits for the rest; 60 s by default, at most 120 s */

	uint32_t max_connections; /**< control blocks, 320 bytes each; 65536 by default */
	uint32_t max_half_open;	  /**< 64 or 96 bytes each and family; 16384 by default */
	uint32_t
		max_time_wait; /**< 64 or 96 bytes each and family; 65536 by default; when full the oldest goes */
	uint32_t max_listeners; /**< 1024 by default */
	uint32_t
		max_send_segments; /**< segments queued for sending, all connections; 0 = from the pool's size */
	plx_duration
		time_wait; /**< 2 MSL; 60 s by default, 0 = no TIME_WAIT (load generation only) */

	uint16_t port_first; /**< ephemeral ports (RFC 6056), 1024 by default */
	uint16_t port_last;  /**< 65535 by default */

	bool answer_nobody;  /**< RST for segments to no connection; true by default */
	uint32_t rsts_per_s; /**< bound on those; 100000 by default, 0 = no bound */
	bool rfc5961; /**< RST, SYN and ACK are believed as RFC 5961 says, else as RFC 793 did; true by default */
	uint32_t challenge_acks_per_s; /**< RFC 5961 7; 1000 by default */
	enum plx_syn_cookies syn_cookies;
	bool drop_syn_fin; /**< SYN with FIN is dropped; else the SYN counts (RFC 9293 3.10.7.2), which is the default */
	uint32_t pings_per_s; /**< ICMP echo answers; 100000 by default, 0 = no bound */
	bool return_foreign; /**< plx_input() hands back frames that are not for this stack, instead of dropping them */
	uint16_t
		burst_segments; /**< most segments one connection sends per plx_output() turn; 16 by default */

	bool seeded; /**< tests only: secrets and random numbers come from `seed`, so that runs repeat */
	uint64_t seed;
};

/** The version of the library, "0.1.0". */
PLX_API const char *plx_version(void);

/** Sets every field to its default. */
PLX_API void plx_stack_config_init(struct plx_stack_config *config);

/**
 * How many bytes plx_stack_create() will take for this configuration, so that memory can be
 * reserved before. Does not count the mempool. The configuration need not name a pool yet.
 */
PLX_API size_t plx_stack_bytes(const struct plx_stack_config *config);

/**
 * Creates a stack; everything it will ever use is allocated here. The calling thread must be an
 * EAL thread or registered with rte_thread_register().
 * Returns 0 and the stack; -EINVAL a value is out of its range or contradicts another;
 * -ENOMEM not enough EAL memory (plx_stack_bytes() tells how much is needed);
 * -EPERM the thread is not known to the EAL. *stack is NULL after an error. When `error` is not
 * NULL it gets a static sentence that names the field and the remedy.
 */
PLX_API int plx_stack_create(const struct plx_stack_config *config, struct plx_stack **stack,
			     const char **error);

/** What a running stack goes by, read back from where it is used. Fixed since its creation. */
struct plx_settings {
	size_t size; /**< sizeof(struct plx_settings), set by the caller */
	/** of enum plx_offload: left to the port; what is not stands for software */
	uint32_t offloads;
	uint16_t mtu_bytes; /**< of IP */
	uint16_t burst_segments;
	uint32_t max_connections;
	uint32_t max_half_open; /**< entries of a family that the stack has addresses of */
	uint32_t max_time_wait; /**< likewise; 0 where TIME_WAIT has no length */
	uint32_t max_listeners;
	plx_duration time_wait; /**< 2 MSL; 0 = no TIME_WAIT */
	enum plx_syn_cookies syn_cookies;
	bool answer_nobody;
	bool rfc5961;
	bool drop_syn_fin;
};

/** Fills `settings`. Callable from any thread. Returns 0; -EINVAL for a wrong size. */
PLX_API int plx_get_settings(const struct plx_stack *stack, struct plx_settings *settings);

/**
 * Ends the stack: connections vanish without a segment (abort them first to have RSTs sent), every
 * mbuf goes back to its pool. NULL is ignored.
 */
PLX_API void plx_stack_destroy(struct plx_stack *stack);

/**
 * Phase 1: frames from the device. Takes ownership of all n mbufs, except those it hands back
 * when `return_foreign` is set: these are moved to the front of `frames`, in order.
 * Returns how many were handed back.
 */
PLX_API unsigned plx_input(struct plx_stack *stack, struct rte_mbuf **frames, unsigned n,
			   plx_time now);

/**
 * How many frames with one answer each may be given to plx_input() now without one being lost: a SYN+ACK, a RST, the
 * acknowledgement of the last FIN and the like wait for plx_output() in a bounded queue, and what a neighbour's address
 * lets go waits there too. More may be given; what finds
 * no room is counted (answer_queue_full). Whoever can leave frames where they are does so, but not for ever: the peer
 * may wait for the same.
 */
PLX_API unsigned plx_input_room(const struct plx_stack *stack);

/**
 * Phases 2 and 3: runs what timers are due, then fills at most `max` events; with 0 (`events` may be NULL then) it
 * only runs timers. While events are pending plx_next_deadline() is 0. What does not fit
 * stays pending. Returns how many there are. The application acts on them before phase 4.
 */
PLX_API unsigned plx_poll(struct plx_stack *stack, struct plx_event *events, unsigned max,
			  plx_time now);

/**
 * Phase 4: cuts what may be sent into frames, at most `max`, which is 2 or more. The caller owns them and sends all of
 * them, in order, before it asks for more: as far as the engine knows they are on the wire.
 * Returns how many there are; fewer than `max` means there is nothing more to send now.
 */
PLX_API unsigned plx_output(struct plx_stack *stack, struct rte_mbuf **frames, unsigned max,
			    plx_time now);

/**
 * When plx_poll() has something to do at the latest, if no frame and no call comes before:
 * never later than the first timer, possibly earlier. PLX_TIME_NEVER when nothing is armed.
 * A time in the past or 0 means "at once" (there are events or output pending).
 */
PLX_API plx_time plx_next_deadline(const struct plx_stack *stack);

#ifdef __cplusplus
}
#endif

#endif
