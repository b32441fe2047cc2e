// SPDX-License-Identifier: BSD-3-Clause
//
// What is read of a connection whose turn comes: its own lines, by them the record it sends, by that the payload.
// Each is asked for so many turns ahead that the one before has come.
// Called by tcp/output for every turn.
#include "tcp/output_list.h"

#include "tcp/send_queue.h"

enum { RECORD_AHEAD = 9, PAYLOAD_AHEAD = 4 };

void output_list_fetch(const struct tcp *tcp)
{
	uint32_t record = output_list_ahead(tcp, RECORD_AHEAD)->queue.unsent;
	uint32_t payload = output_list_ahead(tcp, PAYLOAD_AHEAD)->queue.unsent;

	conn_prefetch(output_list_ahead(tcp, OUTPUT_STRANDS - 1));
	if (record != INDEX_NONE)
		__builtin_prefetch(send_segment_at(tcp, record), 1);
	if (payload != INDEX_NONE && send_segment_at(tcp, payload)->kind == SEND_SLAB)
		send_slab_prefetch(tcp, send_segment_at(tcp, payload));
}
