// SPDX-License-Identifier: BSD-3-Clause
//
// Segments as bytes on their way out: TCP and IP header, checksum by software or left to the port, link
// header. Segments of a connection go to the caller's burst; those without one (RST, SYN+ACK, challenge)
// to the answer queue, in the received mbuf where that is ours alone.
// Called by tcp/output for connections, by reset, half_open, time_wait for answers.
#ifndef TCP_SEGMENT_TX_H
#define TCP_SEGMENT_TX_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

struct send_segment;

// Where plx_output() collects frames.
struct tx_burst {
	struct rte_mbuf **frames;
	unsigned n;
	unsigned max;
};

static inline unsigned tx_burst_room(const struct tx_burst *burst)
{
	return burst->max - burst->n;
}

enum tx_result {
	TX_SENT,	// or held until the next hop answers: as far as TCP knows it is on the wire
	TX_NO_MEMORY,	// nothing was sent; try again in the next iteration
	TX_UNREACHABLE, // no way to the peer
};

// A segment of a connection without payload: SYN, SYN+ACK, ACK, FIN, RST by `flags`, at `seq`.
enum tx_result segment_tx_control(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
				  uint32_t seq, uint8_t flags);

// A segment with `len_bytes` of payload, which begins at record `idx` and ends with a record. It is
// ECN-capable when all of it is new and the connection is (RFC 3168 6.1.5).
enum tx_result segment_tx_data(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			       uint32_t idx, uint32_t len_bytes, uint8_t flags);

// A segment of all of one record, which lies in a slab, by a connection without ECN, where the port computes
// nothing: what segment_tx_data() comes to then.
enum tx_result segment_tx_slab(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			       const struct send_segment *record, uint8_t flags);

// May segment_tx_slab() be called?
static inline bool segment_tx_is_plain(const struct tcp *tcp)
{
	return (tcp->config.offloads & (PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_IPV4_CHECKSUM))
		== 0;
}

// Several segments of new data as one frame, which the port cuts. FIN and PSH of `flags` are the last one's,
// CWR is the first one's.
struct segment_cut;
enum tx_result segment_tx_cut(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			      const struct segment_cut *cut, uint8_t flags);

// One record's bytes as an mbuf that refers to them; a slab's are copied. NULL without memory.
struct rte_mbuf *segment_tx_piece(struct tcp *tcp, const struct send_segment *seg);

// An acknowledgement of what has arrived so far, at once, by the answer queue: what comes next changes it.
void segment_tx_early_ack(struct tcp *tcp, struct tcp_conn *c);

// Records that a segment may be chained of; what consists of more is copied into one buffer.
enum { SEGMENT_PIECES_MAX = 8 };

// The most payload that one buffer holds.
uint32_t segment_tx_copy_max(const struct tcp *tcp);

// The most payload a segment may have for the sake of buffers and port, whatever the MSS.
uint32_t segment_tx_payload_max(const struct tcp *tcp);

// A segment that belongs to no control block.
struct answer {
	const struct flow_key *key; // seen from us
	struct tcp_header tcp;	    // ports are taken from the key
	uint8_t hop_limit;
	uint8_t dscp;
};

// Sends it by the answer queue, in seg's mbuf if there is one that may be reused (`seg` may be NULL).
// PLX_DROP_NONE, or why it could not be sent. Fills in the ports of `answer`.
enum plx_drop segment_tx_answer(struct tcp *tcp, struct answer *answer, struct segment *seg);

#endif
