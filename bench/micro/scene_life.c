// SPDX-License-Identifier: BSD-3-Clause
//
// A connection's whole life in six segments: SYN, SYN+ACK, ACK with the request, answer with FIN, FIN with
// ACK, ACK. The server closes first and keeps TIME_WAIT.
// Called by scene_measure().
#include <stdint.h>

#include "scene.h"

enum { REQUEST_BYTES = 64, ROOM_BYTES = 2048 };

static const uint8_t REQUEST[REQUEST_BYTES] = "request", ANSWER[REQUEST_BYTES] = "answer";

static void answer_and_close(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	if ((event->mask & PLX_EVENT_READABLE) == 0)
		return;
	plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0);
	plx_send(side->stack, event->conn, ANSWER, sizeof(ANSWER));
	plx_close(side->stack, event->conn);
}

static void read_and_close(struct side *side, const struct plx_event *event)
{
	uint8_t bytes[ROOM_BYTES];

	if ((event->mask & PLX_EVENT_READABLE) == 0)
		return;
	plx_recv(side->stack, event->conn, bytes, sizeof(bytes), 0);
	plx_close(side->stack, event->conn);
}

static unsigned live(struct rig *rig)
{
	uint64_t start = rig_begin(&rig->client, PHASE_APPLICATION);

	for (unsigned i = 0; i < RIG_BURST; i++)
		plx_send(rig->client.stack, rig_connect(rig), REQUEST, sizeof(REQUEST));
	rig_end(&rig->client, PHASE_APPLICATION, start);
	rig_output(&rig->client);
	rig_settle(rig);
	return RIG_BURST;
}

void scene_fill_time_wait(struct rig *rig)
{
	struct plx_stats stats = {.size = sizeof(stats)};
	uint64_t lives = 0;

	rig->server.application = answer_and_close;
	rig->client.application = read_and_close;
	do {
		lives += live(rig);
		plx_get_stats(rig->server.stack, &stats);
	} while (stats.time_wait == lives);
}

// Reads the settings off one connection that is given up again.
static void look(struct rig *rig)
{
	rig_application server = rig->server.application, client = rig->client.application;
	plx_conn conn = rig_connect(rig);

	rig->server.application = rig->client.application = NULL;
	rig_settle(rig);
	rig_settle(rig);
	compare_settings(rig_settings(rig, conn, rig->server.last));
	plx_abort(rig->client.stack, conn);
	rig_settle(rig);
	rig_settle(rig);
	rig_losses(rig); // that one does not count
	rig->server.application = server;
	rig->client.application = client;
}

const struct scene scene_life_passive = {
	.prepare = look,
	.burst = live,
	.server = answer_and_close,
	.client = read_and_close,
	.phases = SCENE_ALL,
	.in = 3,
	.out = 3,
};

const struct scene scene_life_active = {
	.prepare = look,
	.burst = live,
	.server = answer_and_close,
	.client = read_and_close,
	.is_of_client = true,
	.phases = SCENE_ALL,
	.in = 3,
	.out = 3,
};
