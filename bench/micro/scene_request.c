// SPDX-License-Identifier: BSD-3-Clause
//
// Requests and answers of 64 bytes over connections that last.
// Called by scene_measure().
#include <stdint.h>

#include "scene.h"

enum { REQUEST_BYTES = 64, ROOM_BYTES = 2048 };

static const uint8_t REQUEST[REQUEST_BYTES] = "request", ANSWER[REQUEST_BYTES] = "answer";

static void answer(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	if (plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0) == REQUEST_BYTES)
		plx_send(side->stack, event->conn, ANSWER, sizeof(ANSWER));
}

static void read_answer(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0);
}

static unsigned request(struct rig *rig)
{
	unsigned n = rig_burst(rig);
	uint64_t start = rig_begin(&rig->client, PHASE_APPLICATION);

	for (unsigned i = 0; i < n; i++)
		plx_send(rig->client.stack, rig_next_conn(rig), REQUEST, sizeof(REQUEST));
	rig_end(&rig->client, PHASE_APPLICATION, start);
	rig_output(&rig->client);
	rig_settle(rig);
	return n;
}

static void let_acks_ride(struct rig *rig)
{
	rig_set_option(rig, PLX_OPTION_DELAYED_ACK, 1);
	compare_settings(rig_settings(rig, rig->conns[0], rig->server.last));
}

static void ack_at_once(struct rig *rig)
{
	rig_set_option(rig, PLX_OPTION_DELAYED_ACK, 0);
	compare_settings(rig_settings(rig, rig->conns[0], rig->server.last));
}

const struct scene scene_request = {
	.prepare = let_acks_ride,
	.burst = request,
	.server = answer,
	.client = read_answer,
	.phases = SCENE_ALL,
	.in = 1,
	.out = 1,
};

const struct scene scene_request_acked = {
	.prepare = ack_at_once,
	.burst = request,
	.server = answer,
	.client = read_answer,
	.phases = SCENE_ALL,
	.in = 2,
	.out = 1,
};

const struct scene scene_request_frame = {
	.prepare = ack_at_once,
	.burst = request,
	.server = answer,
	.client = read_answer,
	.phases = SCENE_ALL,
	.unit = SCENE_FRAME,
	.in = 2,
	.out = 1,
};

const struct scene scene_request_client = {
	.prepare = let_acks_ride,
	.burst = request,
	.server = answer,
	.client = read_answer,
	.is_of_client = true,
	.phases = SCENE_ALL,
	.in = 1,
	.out = 1,
};
