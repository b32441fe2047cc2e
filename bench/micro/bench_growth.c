// SPDX-License-Identifier: BSD-3-Clause
//
// What a packet costs as connections become many: request turns with an acknowledgement of its own, over
// 1, 1 k, 100 k and 1 M connections in random order, each stack with as many control blocks. In turn, so
// that their ratios hold. --connections=N adds another number, which must fit into memory.
// Run by `make bench`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "scene.h"

enum { STEPS_MAX = 5, MEGABYTE = 1 << 20, SPARE_MEGABYTES = 64 };

static struct {
	unsigned n;
	uint32_t connections[STEPS_MAX];
	struct rig_plan plans[STEPS_MAX];
	struct rig rigs[STEPS_MAX];
	char names[STEPS_MAX][32];
	struct compare_case cases[STEPS_MAX];
} growth = {.n = 4, .connections = {1, 1000, 100000, 1000000}};

static double measure(unsigned step)
{
	return scene_measure(&growth.rigs[step], &scene_request_frame);
}

#define MEASURE(step)                      \
	static double measure_##step(void) \
	{                                  \
		return measure(step);      \
	}

MEASURE(0)
MEASURE(1)
MEASURE(2)
MEASURE(3)
MEASURE(4)

static const compare_measure MEASURES[STEPS_MAX] = {measure_0, measure_1, measure_2, measure_3,
						    measure_4};
static const char *const RIG_NAMES[STEPS_MAX] = {"rig0", "rig1", "rig2", "rig3", "rig4"};

// Takes --connections=N out of the arguments; returns how many are left.
static int take_option(int argc, char **argv)
{
	static const char OPTION[] = "--connections=";
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], OPTION, sizeof(OPTION) - 1) == 0 && growth.n < STEPS_MAX)
			growth.connections[growth.n++] =
				(uint32_t)strtoul(argv[i] + sizeof(OPTION) - 1, NULL, 10);
		else
			argv[kept++] = argv[i];
	}
	return kept;
}

// How many megabytes all of them take.
static unsigned plan_all(void)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < growth.n; i++) {
		growth.plans[i] = (struct rig_plan){
			.name = RIG_NAMES[i],
			.connections = growth.connections[i],
			.slots = growth.connections[i] + RIG_BURST,
			.time_wait = 60 * PLX_SECOND,
		};
		bytes += rig_bytes(&growth.plans[i]);
	}
	return (unsigned)(bytes / MEGABYTE) + SPARE_MEGABYTES;
}

static void open_all(int socket)
{
	for (unsigned i = 0; i < growth.n; i++) {
		rig_create(&growth.rigs[i], &growth.plans[i], socket);
		rig_open(&growth.rigs[i]);
		snprintf(growth.names[i], sizeof(growth.names[i]), "%u connection%s",
			 growth.connections[i], growth.connections[i] == 1 ? "" : "s");
		growth.cases[i] = (struct compare_case){
			.what = growth.names[i], .unit = "cycles", .ours = MEASURES[i]};
	}
}

int main(int argc, char **argv)
{
	struct compare_set set = {
		.name = "growth",
		.conditions = "per packet, no device, IPv4, random order, bursts of 32, checksums "
			      "in software",
		.cases = growth.cases,
	};

	argc = take_option(argc, argv);
	compare_open(argc, argv);
	open_all(heap_create(plan_all()));
	set.count = growth.n;
	compare_measure_set(&set);
	for (unsigned i = 0; i < growth.n; i++)
		rig_destroy(&growth.rigs[i]);
	return compare_close();
}
