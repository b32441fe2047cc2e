// SPDX-License-Identifier: BSD-3-Clause
//
// What is read of a connection whose turn comes: its own lines, by them the record it sends, by that the payload.
// Each is asked for so many turns ahead that the one before has come from memory.
// Called by output_list_pop().
#include "tcp/output_list.h"

#include "tcp/send_queue.h"

enum { PAYLOAD_AHEAD = 4, RECORD_AHEAD = 9, CONN_AHEAD = OUTPUT_STRANDS - 1 };
static_assert(PAYLOAD_AHEAD < RECORD_AHEAD && RECORD_AHEAD < CONN_AHEAD, "one by the other");

static void fetch_payload(const struct tcp *tcp, const struct send_segment *seg)
{
	if (seg->kind == SEND_SLAB)
		send_slab_prefetch(tcp, seg->slab, seg->offset + seg->len_bytes);
}

void output_list_fetch(const struct tcp *tcp)
{
	uint32_t record = output_list_ahead(tcp, RECORD_AHEAD)->queue.unsent;
	uint32_t payload = output_list_ahead(tcp, PAYLOAD_AHEAD)->queue.unsent;

	conn_prefetch(output_list_ahead(tcp, CONN_AHEAD));
	if (record != INDEX_NONE)
		send_segment_prefetch(tcp, record);
	if (payload != INDEX_NONE)
		fetch_payload(tcp, send_segment_at(tcp, payload));
}
