// SPDX-License-Identifier: BSD-3-Clause
//
// Bursts of one on the port's first queue, each within five seconds.
// Used by the tests of devices.
#include "raw.h"

#include <arpa/inet.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "child.h"
#include "drivers/port_burst.h"
#include "drivers/system_state.h"
#include "support/mbufs.h"

struct system *raw_start(const char *device)
{
	struct system_config *config = child_loopback_config();

	config->n_ports = config->n_stacks = 1;
	strcpy(config->ports[0].device, device);
	return child_start(config);
}

void raw_fill(uint8_t bytes[RAW_FRAME_BYTES], unsigned number)
{
	memset(bytes, 0xff, 6); // to all
	memcpy(bytes + 6, "\x02test", 6);
	bytes[12] = RAW_ETHERTYPE >> 8;
	bytes[13] = RAW_ETHERTYPE & 0xff;
	for (unsigned i = 14; i < RAW_FRAME_BYTES; i++)
		bytes[i] = (uint8_t)(number + i);
}

void raw_send_mbuf(struct system *system, struct rte_mbuf *frame)
{
	plx_time until = system_now(system) + 5 * PLX_SECOND;

	while (port_tx_burst(system_port(system, 0), 0, &frame, 1, 0) == 0)
		CHILD_CHECK(system_now(system) < until);
}

void raw_send_number(struct system *system, unsigned number, unsigned piece_bytes)
{
	uint8_t bytes[RAW_FRAME_BYTES];

	raw_fill(bytes, number);
	raw_send_mbuf(system, mbufs_frame(system->pools[0], bytes, sizeof(bytes), piece_bytes));
}

struct rte_mbuf *raw_receive_mbuf(struct system *system, uint16_t ethertype)
{
	plx_time until = system_now(system) + 5 * PLX_SECOND;
	struct rte_mbuf *frame;

	for (;;) {
		const struct rte_ether_hdr *header;

		CHILD_CHECK(system_now(system) < until);
		if (port_rx_burst(system_port(system, 0), 0, &frame, 1, 0) == 0)
			continue;
		header = rte_pktmbuf_mtod(frame, const struct rte_ether_hdr *);
		if (header->ether_type == htons(ethertype))
			return frame;
		rte_pktmbuf_free(frame);
	}
}

void raw_receive_number(struct system *system, unsigned number)
{
	uint8_t expected[RAW_FRAME_BYTES], received[MBUFS_FRAME_MAX_BYTES];
	struct rte_mbuf *frame = raw_receive_mbuf(system, RAW_ETHERTYPE);

	raw_fill(expected, number);
	CHILD_CHECK(mbufs_copy_out(frame, received) == RAW_FRAME_BYTES);
	CHILD_CHECK(memcmp(expected, received, RAW_FRAME_BYTES) == 0);
	CHILD_CHECK(frame->nb_segs == 1);
	rte_pktmbuf_free(frame);
}
