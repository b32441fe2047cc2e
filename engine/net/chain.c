// SPDX-License-Identifier: BSD-3-Clause
//
// Chains of mbufs: headers brought together, padding cut off.
// Ports with small buffers make them, and reassembly does.
// Called by net_input() and net/fragment.
#include "net/chain.h"

#include "net/reuse.h"

bool chain_is_shared(const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next)
		if (rte_mbuf_refcnt_read(m) != 1)
			return true;
	return false;
}

void chain_trim(struct rte_mbuf *m, uint32_t len_bytes)
{
	struct rte_mbuf *last = m;
	uint32_t left_bytes = len_bytes;

	m->pkt_len = len_bytes;
	m->nb_segs = 1;
	for (; left_bytes > last->data_len; last = last->next) {
		left_bytes -= last->data_len;
		m->nb_segs++;
	}
	last->data_len = (uint16_t)left_bytes;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
}

// Moves `bytes`, which it has, from the front of the second mbuf to the end of the first.
static void pull_from_second(struct rte_mbuf *m, uint16_t bytes)
{
	struct rte_mbuf *second = m->next;

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
	       rte_pktmbuf_mtod(second, const uint8_t *), bytes);
	m->data_len = (uint16_t)(m->data_len + bytes);
	if (bytes < second->data_len) {
		second->data_off = (uint16_t)(second->data_off + bytes);
		second->data_len = (uint16_t)(second->data_len - bytes);
		return;
	}
	m->next = second->next;
	m->nb_segs--;
	rte_pktmbuf_free_seg(second);
}

bool chain_pull_up(struct rte_mbuf *m, uint32_t bytes)
{
	bytes = RTE_MIN(bytes, m->pkt_len);
	if (m->data_len >= bytes)
		return true;
	if (!frame_is_writable(m) || chain_is_shared(m)
	    || rte_pktmbuf_tailroom(m) < bytes - m->data_len)
		return false;
	while (m->data_len < bytes)
		pull_from_second(m, (uint16_t)RTE_MIN(bytes - m->data_len, m->next->data_len));
	return true;
}
