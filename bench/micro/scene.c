// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a scene in windows and makes its figure, see scene.h.
// Called by the benchmarks of the stack.
#include "scene.h"

#include <stdio.h>

enum {
	TURNS = 2048,	      // in a window: each of a thousand connections twice
	TURNS_COUNTED = 1024, // where only instructions matter
};

struct windows {
	double total[COMPARE_WINDOWS];
	double phase[PHASES][COMPARE_WINDOWS];
};

static uint64_t operations(const struct scene *scene, const struct side *side, uint64_t turns)
{
	switch (scene->unit) {
	case SCENE_RECEIVED:
		return side->received;
	case SCENE_SENT:
		return side->sent;
	case SCENE_FRAME:
		return side->received + side->sent;
	default:
		return turns;
	}
}

// The exchange must be the one that the scene is named for.
static void check_frames(const struct scene *scene, const struct side *side, uint64_t turns)
{
	static char text[128];

	if (scene->in == 0
	    || (side->received == scene->in * turns && side->sent == scene->out * turns))
		return;
	snprintf(text, sizeof(text), "%.2f frames in and %.2f out each, not %u and %u",
		 (double)side->received / (double)turns, (double)side->sent / (double)turns,
		 scene->in, scene->out);
	compare_fault(text);
}

static uint64_t measure_window(struct rig *rig, const struct scene *scene, struct windows *windows,
			       unsigned w)
{
	struct side *side = scene->is_of_client ? &rig->client : &rig->server;
	unsigned least = compare_mode.is_counting ? TURNS_COUNTED : TURNS;
	uint64_t turns = 0, n;

	rig_reset(rig, side, scene->phases);
	while (turns < least)
		turns += scene->burst(rig);
	n = operations(scene, side, turns);
	compare_add_operations(n);
	windows->total[w] = 0;
	for (unsigned phase = 0; phase < PHASES; phase++) {
		windows->phase[phase][w] = rig_cycles(side, (enum phase)phase) / (double)n;
		if ((scene->phases & 1u << phase) != 0)
			windows->total[w] += windows->phase[phase][w];
	}
	return turns;
}

// The first window warms up: what went before is still on its way, and nothing of it is kept.
static void run_windows(struct rig *rig, const struct scene *scene, struct windows *windows)
{
	const struct side *side = scene->is_of_client ? &rig->client : &rig->server;
	bool is_collecting = compare_mode.is_collecting;

	compare_mode.is_collecting = false;
	measure_window(rig, scene, windows, 0);
	compare_mode.is_collecting = is_collecting;
	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t turns = measure_window(rig, scene, windows, w);

		check_frames(scene, side, turns);
	}
	rig->counted = NULL;
}

double scene_measure(struct rig *rig, const struct scene *scene)
{
	bool has_parts = (scene->phases & (scene->phases - 1)) != 0;
	struct windows windows;

	rig->server.application = scene->server;
	rig->client.application = scene->client;
	if (scene->prepare != NULL)
		scene->prepare(rig);
	run_windows(rig, scene, &windows);
	for (unsigned phase = 0; has_parts && phase < PHASES; phase++)
		if ((scene->phases & 1u << phase) != 0)
			compare_part(rig_phase_names[phase],
				     compare_median(windows.phase[phase], compare_windows()));
	compare_fault(rig_losses(rig));
	return compare_median(windows.total, compare_windows());
}
