// SPDX-License-Identifier: BSD-3-Clause
//
// What the stack takes without a device: segments in and out, a request turn, a connection's life, of
// both families, over one connection and over a thousand in random order. Frames come from a second
// stack, in bursts of 32; checksums are made and verified in software.
// Run by `make bench`; its instructions are counted by bench/instructions.
#include <stdio.h>
#include <string.h>

#include "heap.h"
#include "scene.h"

enum {
	HEAP_MEGABYTES = 512,
	MANY = 1000,
	FEW_SLOTS = 1024,
	FEW_TIME_WAITS = 4096,
};

static struct rig rig;

#define MEASURE(name)                                      \
	static double measure_##name(void)                 \
	{                                                  \
		return scene_measure(&rig, &scene_##name); \
	}

MEASURE(request)
MEASURE(request_acked)
MEASURE(request_client)
MEASURE(small_in)
MEASURE(small_out)
MEASURE(full_in)
MEASURE(full_out)
MEASURE(ack_in)
MEASURE(ack_out)
MEASURE(life_passive)
MEASURE(life_active)

static const struct compare_case CASES[] = {
	{"request turn", "cycles", 150, measure_request, NULL},
	{"request turn, ACK by itself", "cycles", 150, measure_request_acked, NULL},
	{"request turn, client's side", "cycles", 0, measure_request_client, NULL},
	{"segment in, 64 bytes", "cycles", 0, measure_small_in, NULL},
	{"segment in, full", "cycles", 0, measure_full_in, NULL},
	{"pure ACK in", "cycles", 0, measure_ack_in, NULL},
	{"segment out, 64 bytes", "cycles", 0, measure_small_out, NULL},
	{"segment out, full", "cycles", 0, measure_full_out, NULL},
	{"pure ACK out", "cycles", 0, measure_ack_out, NULL},
};

static const struct compare_case LIVES[] = {
	{"passive life", "cycles", 750, measure_life_passive, NULL},
	{"active life", "cycles", 0, measure_life_active, NULL},
};

static void measure_set(const struct rig_plan *plan, struct compare_set *set, const char *life)
{
	char name[64], conditions[192];

	snprintf(name, sizeof(name), "stack ipv%c %s", plan->is_ipv6 ? '6' : '4', life);
	snprintf(conditions, sizeof(conditions), "no device, bursts of %u, %u control blocks",
		 plan->connections == 1 ? 1 : RIG_BURST, rig.config.max_connections);
	set->name = name;
	set->conditions = conditions;
	compare_measure_set(set);
}

static void measure_traffic(bool is_ipv6, uint32_t connections, int socket)
{
	const struct rig_plan plan = {
		.name = "bench",
		.is_ipv6 = is_ipv6,
		.connections = connections,
		.time_wait = 60 * PLX_SECOND,
	};
	struct compare_set set = {.cases = CASES, .count = sizeof(CASES) / sizeof(CASES[0])};

	rig_create(&rig, &plan, socket);
	rig_open(&rig);
	measure_set(&plan, &set, connections == 1 ? "1 connection" : "1000 connections");
	rig_destroy(&rig);
}

static void measure_lives(const struct rig_plan *plan, const char *life, int socket)
{
	struct compare_set set = {.cases = LIVES, .count = sizeof(LIVES) / sizeof(LIVES[0])};

	rig_create(&rig, plan, socket);
	scene_fill_time_wait(&rig);
	measure_set(plan, &set, life);
	rig_destroy(&rig);
}

// The table of TIME_WAIT entries is full, and for each new one the oldest goes. Counting has no use for
// cold memory nor for bursts of one.
static void measure_family(bool is_ipv6, int socket)
{
	struct rig_plan life = {
		.name = "bench",
		.is_ipv6 = is_ipv6,
		.time_wait = 60 * PLX_SECOND,
	};

	if (!compare_mode.is_counting) {
		measure_traffic(is_ipv6, 1, socket);
		measure_lives(&life, "default sizes", socket);
	}
	measure_traffic(is_ipv6, MANY, socket);
	life.slots = FEW_SLOTS;
	life.time_waits = FEW_TIME_WAITS;
	measure_lives(&life, "small tables", socket);
	life.time_wait = 0;
	measure_lives(&life, "small tables, no TIME_WAIT", socket);
}

int main(int argc, char **argv)
{
	int socket;

	compare_open(argc, argv);
	socket = heap_create(HEAP_MEGABYTES);
	measure_family(false, socket);
	measure_family(true, socket);
	return compare_close();
}
