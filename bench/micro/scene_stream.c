// SPDX-License-Identifier: BSD-3-Clause
//
// Segments one way, from the client to the server, which reads at once and acknowledges every second one.
// A burst is one segment of each of 32 connections, or 32 of a single one; in bulk, 64 KB of a single one.
// Called by scene_measure().
#include <stdint.h>

#include <rte_mbuf.h>

#include "scene.h"

enum { SMALL_BYTES = 64, BULK_BYTES = 1 << 16, ROOM_BYTES = 2048 };

static const uint8_t DATA[BULK_BYTES];
static size_t full_bytes;

static void read_by_copying(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	while (plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0) == sizeof(bytes))
		;
}

static void read_by_mbuf(struct side *side, const struct plx_event *event)
{
	struct rte_mbuf *m;

	while (plx_recv_mbuf(side->stack, event->conn, &m) == 0 && m != NULL)
		rte_pktmbuf_free(m);
}

typedef void (*send_fn)(struct rig *rig, plx_conn conn, size_t len_bytes);

static void send_by_copying(struct rig *rig, plx_conn conn, size_t len_bytes)
{
	plx_send(rig->client.stack, conn, DATA, len_bytes);
}

static void send_external(struct rig *rig, plx_conn conn, size_t len_bytes)
{
	const struct plx_external external = {.data = DATA, .len_bytes = (uint32_t)len_bytes};

	plx_send_external(rig->client.stack, conn, &external);
}

static void write_one(struct rig *rig, send_fn send, size_t len_bytes)
{
	uint64_t start = rig_begin(&rig->client, PHASE_APPLICATION);

	send(rig, rig_next_conn(rig), len_bytes);
	rig_end(&rig->client, PHASE_APPLICATION, start);
}

static unsigned stream(struct rig *rig, send_fn send, size_t len_bytes)
{
	bool is_one = rig->plan.connections < RIG_BURST; // its segments must not become one

	for (unsigned i = 0; i < RIG_BURST; i++) {
		write_one(rig, send, len_bytes);
		if (is_one || i == RIG_BURST - 1)
			rig_output(&rig->client);
	}
	rig_settle(rig);
	return RIG_BURST;
}

static unsigned stream_small(struct rig *rig)
{
	return stream(rig, send_by_copying, SMALL_BYTES);
}

static unsigned stream_full(struct rig *rig)
{
	return stream(rig, send_by_copying, full_bytes);
}

static unsigned stream_full_external(struct rig *rig)
{
	return stream(rig, send_external, full_bytes);
}

static unsigned stream_bulk(struct rig *rig)
{
	write_one(rig, send_by_copying, BULK_BYTES);
	rig_output(&rig->client);
	rig_settle(rig);
	return BULK_BYTES / ROOM_BYTES;
}

static unsigned stream_bulk_external(struct rig *rig)
{
	write_one(rig, send_external, BULK_BYTES);
	rig_output(&rig->client);
	rig_settle(rig);
	return BULK_BYTES / ROOM_BYTES;
}

// What is small must not wait for the delayed acknowledgement of what went before.
static void send_at_once(struct rig *rig)
{
	struct plx_info info = {.size = sizeof(info)};

	rig_set_option(rig, PLX_OPTION_NAGLE, 0);
	plx_get_info(rig->client.stack, rig->conns[0], &info);
	full_bytes = info.mss_bytes;
	compare_settings(rig_settings(rig, rig->conns[0], rig->server.last));
}

#define SCENE_STREAM(burst_, read_, client_, phases_, unit_)               \
	{                                                                  \
		.prepare = send_at_once, .burst = burst_, .server = read_, \
		.is_of_client = client_, .phases = phases_, .unit = unit_, \
	}
#define SCENE_IN(burst_, read_, phases_) SCENE_STREAM(burst_, read_, false, phases_, SCENE_RECEIVED)
#define SCENE_OUT(burst_, phases_) SCENE_STREAM(burst_, read_by_copying, true, phases_, SCENE_SENT)

const struct scene scene_small_in = SCENE_IN(stream_small, read_by_copying, SCENE_INPUT);
const struct scene scene_small_out = SCENE_OUT(stream_small, SCENE_OUTPUT);
const struct scene scene_full_in = SCENE_IN(stream_full, read_by_copying, SCENE_INPUT);
const struct scene scene_full_out = SCENE_OUT(stream_full, SCENE_OUTPUT);
const struct scene scene_ack_in = SCENE_STREAM(stream_small, read_by_copying, true, SCENE_INPUT,
					       SCENE_RECEIVED);
const struct scene scene_ack_out = SCENE_STREAM(stream_small, read_by_copying, false, SCENE_OUTPUT,
						SCENE_SENT);

const struct scene scene_receive_copy = SCENE_IN(stream_full, read_by_copying, SCENE_ALL);
const struct scene scene_receive_mbuf = SCENE_IN(stream_full, read_by_mbuf, SCENE_ALL);
const struct scene scene_send_copy = SCENE_OUT(stream_full, SCENE_ALL);
const struct scene scene_send_external = SCENE_OUT(stream_full_external, SCENE_ALL);
const struct scene scene_bulk_receive_copy = SCENE_IN(stream_bulk, read_by_copying, SCENE_ALL);
const struct scene scene_bulk_receive_mbuf = SCENE_IN(stream_bulk, read_by_mbuf, SCENE_ALL);
const struct scene scene_bulk_send_copy = SCENE_OUT(stream_bulk, SCENE_ALL);
const struct scene scene_bulk_send_external = SCENE_OUT(stream_bulk_external, SCENE_ALL);
