// SPDX-License-Identifier: BSD-3-Clause
//
// What is done on a rig, again and again, and measured: a scene is one burst of it. The figure of a scene
// is what some phases of one side took for one operation: a turn, a segment, a connection.
// Called by the benchmarks of the stack.
#ifndef MICRO_SCENE_H
#define MICRO_SCENE_H

#include "rig.h"

// What an operation is.
enum scene_unit {
	SCENE_TURN,	// of one connection of the burst
	SCENE_RECEIVED, // a frame of that side
	SCENE_SENT,
	SCENE_FRAME, // of either
};

enum {
	SCENE_INPUT = 1u << PHASE_INPUT,
	SCENE_POLL = 1u << PHASE_POLL,
	SCENE_APPLICATION = 1u << PHASE_APPLICATION,
	SCENE_OUTPUT = 1u << PHASE_OUTPUT,
	SCENE_ALL = (1u << PHASES) - 1,
};

struct scene {
	void (*prepare)(struct rig *rig); // NULL: nothing to do
	// One burst; returns how many turns of a connection that was.
	unsigned (*burst)(struct rig *rig);
	rig_application server;
	rig_application client;
	bool is_of_client; // the figure
	unsigned phases;
	enum scene_unit unit;
	unsigned in; // frames a turn brings to that side and takes from it; 0 both: not looked at
	unsigned out;
};

// The figure, and its phases as parts of it where there are several.
double scene_measure(struct rig *rig, const struct scene *scene);

// A request of 64 bytes, answered by as many. The answer's acknowledgement comes with the next request,
// or by itself.
extern const struct scene scene_request, scene_request_acked, scene_request_client;

// The second of them, for each frame.
extern const struct scene scene_request_frame;

// 64 bytes or a full segment one way, read at once; every second one is acknowledged.
extern const struct scene scene_small_in, scene_small_out, scene_full_in, scene_full_out;
extern const struct scene scene_ack_in, scene_ack_out;

// The same with full segments, and with 64 KB at a time: all that the receiving side does for a segment,
// and all that the sending side does. By copying, and without.
extern const struct scene scene_receive_copy, scene_receive_mbuf;
extern const struct scene scene_send_copy, scene_send_external;
extern const struct scene scene_bulk_receive_copy, scene_bulk_receive_mbuf;
extern const struct scene scene_bulk_send_copy, scene_bulk_send_external;

// Lives until the server has as many TIME_WAIT entries as it may.
void scene_fill_time_wait(struct rig *rig);

// A connection with one request, its whole life: SYN, SYN+ACK, ACK with the request, answer with FIN, FIN,
// ACK. The server closes first.
extern const struct scene scene_life_passive, scene_life_active;

#endif
