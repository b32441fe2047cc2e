// SPDX-License-Identifier: BSD-3-Clause
//
// A port that cuts, see nic_peer.h.
// The handshake's window is not scaled (RFC 7323 2.2): the peer's first acknowledgement opens it.
// Called by the scenarios of segmentation offload.
#include "nic_peer.h"

#include <rte_mbuf.h>

#include "support/pattern.h"

enum { EXTERNAL_MAX_BYTES = 1 << 20, TIMESTAMP_BYTES = 12 };

struct fixture *nic_peer_plan(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.offloads = NIC_PEER_OFFLOADS;
	f->config.burst_segments = NIC_PEER_BURST;
	f->peer.mss = NIC_PEER_MSS;
	f->peer.wscale = NIC_PEER_WSCALE;
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, NIC_PEER_WINDOW);
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	return f;
}

struct fixture *nic_peer_established(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss += f->peer.timestamps ? TIMESTAMP_BYTES : 0;
	return fixture_established(state);
}

static void send_mbufs(struct fixture *f, uint32_t len_bytes, uint32_t each_bytes)
{
	for (uint32_t done = 0; done < len_bytes; done += each_bytes) {
		uint16_t n = (uint16_t)RTE_MIN(each_bytes, len_bytes - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

		assert_non_null(m);
		pattern_fill(rte_pktmbuf_append(m, n), n, 0, f->sent_bytes + done);
		assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), 0);
	}
}

static void send_external(struct fixture *f, uint32_t len_bytes)
{
	static uint8_t memory[EXTERNAL_MAX_BYTES];
	struct plx_external external = {
		.data = memory + f->sent_bytes, .len_bytes = len_bytes, .wants_sent = true};

	assert_in_range(f->sent_bytes + len_bytes, 1, sizeof(memory));
	pattern_fill(memory + f->sent_bytes, len_bytes, 0, f->sent_bytes);
	assert_int_equal(plx_send_external(f->stack, f->conn, &external), len_bytes);
}

void nic_peer_sends(struct fixture *f, enum nic_peer_way way, uint32_t len_bytes,
		    uint32_t each_bytes)
{
	if (way == BY_COPY) {
		user_sends(f, len_bytes);
		return;
	}
	if (way == BY_MBUF)
		send_mbufs(f, len_bytes, each_bytes);
	else
		send_external(f, len_bytes);
	f->sent_bytes += len_bytes;
}

void nic_peer_expects_here(struct fixture *f, uint32_t from, uint32_t len_bytes, unsigned frames,
			   struct place at)
{
	uint64_t last = 0;
	unsigned given = 0;

	for (uint32_t done = 0; done < len_bytes;) {
		uint32_t len = RTE_MIN(len_bytes - done, (uint32_t)NIC_PEER_MSS);

		expect_segment_here(f, SEG(.seq = f->snd_nxt + from + done, .len = len), at);
		done += len;
		given += f->outputs[f->next_output - 1].given != last;
		last = f->outputs[f->next_output - 1].given;
	}
	if (given != frames)
		fixture_fail(f, at.file, at.line, "it were %u frames, not %u", given, frames);
}
