// SPDX-License-Identifier: BSD-3-Clause
//
// What is read of a connection whose turn comes: its own lines, by them the record it sends, by that the payload.
// Each is asked for so many turns ahead that the one before has come.
// Called by tcp/output for every turn.
#include "tcp/output_list.h"

#include "tcp/send_queue.h"

enum { RECORD_AHEAD = 9, PAYLOAD_AHEAD = 4 };

static void fetch_payload(const struct tcp *tcp, const struct send_segment *seg)
{
	if (seg->kind == SEND_SLAB)
		send_bytes_prefetch(send_slab_data(tcp, seg), seg->len_bytes);
}

void output_list_fetch(const struct tcp *tcp)
{
	uint32_t record = output_list_ahead(tcp, RECORD_AHEAD)->queue.unsent;
	uint32_t payload = output_list_ahead(tcp, PAYLOAD_AHEAD)->queue.unsent;

	conn_prefetch(output_list_ahead(tcp, OUTPUT_STRANDS - 1));
	if (record != INDEX_NONE)
		__builtin_prefetch(send_segment_at(tcp, record), 1);
	if (payload != INDEX_NONE)
		fetch_payload(tcp, send_segment_at(tcp, payload));
}
