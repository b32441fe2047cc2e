// SPDX-License-Identifier: BSD-3-Clause
//
// Segments one way, from the client to the server, which reads at once and acknowledges every second one.
// A burst is one segment of each of 32 connections, or 32 of a single one.
// Called by scene_measure().
#include <stdint.h>

#include "scene.h"

enum { SMALL_BYTES = 64, ROOM_BYTES = 2048 };

static const uint8_t DATA[ROOM_BYTES];
static size_t full_bytes;

static void read_all(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	while (plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0) == sizeof(bytes))
		;
}

static unsigned stream(struct rig *rig, size_t len_bytes)
{
	bool is_one = rig->plan.connections < RIG_BURST; // its segments must not become one

	for (unsigned i = 0; i < RIG_BURST; i++) {
		plx_send(rig->client.stack, rig_next_conn(rig), DATA, len_bytes);
		if (is_one || i == RIG_BURST - 1)
			rig_output(&rig->client);
	}
	rig_settle(rig);
	return RIG_BURST;
}

static unsigned stream_small(struct rig *rig)
{
	return stream(rig, SMALL_BYTES);
}

static unsigned stream_full(struct rig *rig)
{
	return stream(rig, full_bytes);
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

#define SCENE_STREAM(burst_, client_, phases_, unit_)                         \
	{                                                                     \
		.prepare = send_at_once, .burst = burst_, .server = read_all, \
		.is_of_client = client_, .phases = phases_, .unit = unit_,    \
	}

const struct scene scene_small_in = SCENE_STREAM(stream_small, false, SCENE_INPUT, SCENE_RECEIVED);
const struct scene scene_small_out = SCENE_STREAM(stream_small, true, SCENE_OUTPUT, SCENE_SENT);
const struct scene scene_full_in = SCENE_STREAM(stream_full, false, SCENE_INPUT, SCENE_RECEIVED);
const struct scene scene_full_out = SCENE_STREAM(stream_full, true, SCENE_OUTPUT, SCENE_SENT);
const struct scene scene_ack_in = SCENE_STREAM(stream_small, true, SCENE_INPUT, SCENE_RECEIVED);
const struct scene scene_ack_out = SCENE_STREAM(stream_small, false, SCENE_OUTPUT, SCENE_SENT);
