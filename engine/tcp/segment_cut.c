// SPDX-License-Identifier: BSD-3-Clause
//
// Payload of a frame that the port cuts. An mbuf that is ours alone is chained as it is, one that is shared, and
// external memory, by reference; slabs, and memory that the port does not reach, are copied together.
// A chained mbuf keeps its `next` when the driver has let go of it, as drivers leave it: records are freed one by one.
// Called by tcp/output_cut and tcp/segment_tx.
#include "tcp/segment_cut.h"

#include <string.h>

#include "base/min.h"
#include "net/reuse.h"
#include "tcp/segment_tx.h"
#include "tcp/send_queue.h"
#include "tcp/spare_mbufs.h"
#include "wire/offload.h"

// A slab is of at most SLAB_BYTES.
static bool is_copied(const struct tcp *tcp, const struct send_segment *seg)
{
	return seg->len_bytes <= SLAB_BYTES
		|| (seg->kind == SEND_EXTERNAL
		    && (tcp->config.offloads & PLX_OFFLOAD_TX_ANY_MEMORY) == 0);
}

// Counts the mbufs of a chain before it is made.
struct pieces {
	unsigned all;
	unsigned of_segment; // that the present segment has a part of
	uint32_t room;	     // in the last one, if that is a copy
};

// The next `len_bytes`, which belong to one segment and one record; they are the record's first or not.
static void add_pieces(struct pieces *pieces, const struct tcp *tcp, const struct send_segment *seg,
		       uint32_t len_bytes, bool is_first)
{
	uint32_t each = segment_tx_copy_max(tcp);
	unsigned fresh = is_first;

	if (is_copied(tcp, seg)) {
		fresh = len_bytes > pieces->room ? (len_bytes - pieces->room + each - 1) / each : 0;
		pieces->of_segment += pieces->room > 0 && pieces->of_segment == 0;
		pieces->room += fresh * each - len_bytes;
	} else {
		pieces->of_segment += !is_first && pieces->of_segment == 0;
		pieces->room = 0;
	}
	pieces->all += fresh;
	pieces->of_segment += fresh;
}

uint32_t segment_cut_reach(const struct tcp *tcp, const struct segment_cut *cut)
{
	const struct send_segment *seg = send_segment_at(tcp, cut->idx);
	uint32_t of_record = 0, of_segment = 0, total = 0, reach = 0;
	struct pieces pieces = {0};

	while (total < cut->len_bytes) {
		uint32_t len = min_u32(cut->len_bytes - total, cut->segment_bytes - of_segment);

		len = min_u32(len, seg->len_bytes - of_record);
		add_pieces(&pieces, tcp, seg, len, of_record == 0);
		if (pieces.all > SEGMENT_CUT_PIECES_MAX
		    || pieces.of_segment > SEGMENT_CUT_SEGMENT_PIECES_MAX)
			return reach;
		total += len;
		of_record += len;
		of_segment += len;
		if (of_segment == cut->segment_bytes || total == cut->len_bytes) {
			reach = total;
			of_segment = 0;
			pieces.of_segment = 0;
		}
		if (of_record == seg->len_bytes && total < cut->len_bytes) {
			seg = send_segment_at(tcp, seg->next);
			of_record = 0;
		}
	}
	return reach;
}

// The chain while it is being made.
struct chain {
	struct rte_mbuf *head;
	struct rte_mbuf *last;
	bool is_last_copy;
};

static void append(struct chain *chain, struct rte_mbuf *m, bool is_copy)
{
	chain->last->next = m;
	chain->last = m;
	chain->head->nb_segs++;
	chain->is_last_copy = is_copy;
}

static bool append_copy(struct tcp *tcp, struct chain *chain, const struct send_segment *seg)
{
	const uint8_t *data = send_segment_data(tcp, seg);

	for (uint32_t done = 0, n; done < seg->len_bytes; done += n) {
		if (!chain->is_last_copy || rte_pktmbuf_tailroom(chain->last) == 0) {
			struct rte_mbuf *m = spare_mbufs_take(tcp);

			if (m == NULL)
				return false;
			append(chain, m, true);
		}
		n = min_u32(seg->len_bytes - done, rte_pktmbuf_tailroom(chain->last));
		memcpy(rte_pktmbuf_append(chain->last, (uint16_t)n), data + done, n);
	}
	return true;
}

static bool append_reference(struct tcp *tcp, struct chain *chain, const struct send_segment *seg)
{
	struct rte_mbuf *m = seg->mbuf;

	if (seg->kind != SEND_MBUF || !frame_is_writable(m) || m->nb_segs != 1) {
		m = segment_tx_piece(tcp, seg);
		if (m == NULL)
			return false;
		append(chain, m, false);
		return true;
	}
	offload_reset(m);
	m->data_off = (uint16_t)seg->offset;
	m->data_len = (uint16_t)seg->len_bytes;
	m->pkt_len = seg->len_bytes;
	m->next = NULL;
	rte_mbuf_refcnt_update(m, 1);
	append(chain, m, false);
	return true;
}

struct rte_mbuf *segment_cut_payload(struct tcp *tcp, const struct segment_cut *cut)
{
	struct chain chain = {.head = spare_mbufs_take(tcp)};
	uint32_t idx = cut->idx;

	chain.last = chain.head;
	for (uint32_t left = cut->len_bytes; left > 0 && chain.head != NULL;) {
		const struct send_segment *seg = send_segment_at(tcp, idx);
		bool has_memory = is_copied(tcp, seg) ? append_copy(tcp, &chain, seg)
						      : append_reference(tcp, &chain, seg);

		if (!has_memory) {
			rte_pktmbuf_free(chain.head);
			chain.head = NULL;
		}
		left -= seg->len_bytes;
		idx = seg->next;
	}
	if (chain.head == NULL) {
		tcp->mbufs_free = 0; // others have taken them: counted anew by the next poll
		return NULL;
	}
	chain.head->pkt_len = cut->len_bytes;
	chain.head->tso_segsz = cut->segment_bytes;
	return chain.head;
}
