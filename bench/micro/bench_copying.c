// SPDX-License-Identifier: BSD-3-Clause
//
// Receiving and sending without copying beside the calls that copy: what all phases of that side take for a
// full segment, over a thousand connections, and of 64 KB at a time over one. Nobody looks at the data.
// Run by `make bench`; its instructions are counted by bench/instructions.
#include "heap.h"
#include "scene.h"

enum { HEAP_MEGABYTES = 512, MANY = 1000 };

static struct rig many, one;

#define MEASURE(rig, name)                                   \
	static double measure_##name(void)                   \
	{                                                    \
		return scene_measure(&(rig), &scene_##name); \
	}

MEASURE(many, receive_copy)
MEASURE(many, receive_mbuf)
MEASURE(many, send_copy)
MEASURE(many, send_external)
MEASURE(one, bulk_receive_copy)
MEASURE(one, bulk_receive_mbuf)
MEASURE(one, bulk_send_copy)
MEASURE(one, bulk_send_external)

static void create(struct rig *rig, const char *name, uint32_t connections, int socket)
{
	const struct rig_plan plan = {
		.name = name, .connections = connections, .time_wait = 60 * PLX_SECOND};

	rig_create(rig, &plan, socket);
	rig_open(rig);
}

int main(int argc, char **argv)
{
	static const struct compare_case CASES[] = {
		{"plx_recv_mbuf, full segments", "cycles", 0, measure_receive_mbuf,
		 measure_receive_copy},
		{"plx_send_external, full segments", "cycles", 0, measure_send_external,
		 measure_send_copy},
		{"plx_recv_mbuf, 64 KB", "cycles", 0, measure_bulk_receive_mbuf,
		 measure_bulk_receive_copy},
		{"plx_send_external, 64 KB", "cycles", 0, measure_bulk_send_external,
		 measure_bulk_send_copy},
	};
	const struct compare_set set = {
		.name = "copying",
		.reference = "copied",
		.conditions = "per segment, no device, IPv4, chained and "
			      "external mbufs sent as they are",
		.cases = CASES,
		.count = sizeof(CASES) / sizeof(CASES[0]),
	};
	int socket;

	compare_open(argc, argv);
	socket = heap_create(HEAP_MEGABYTES);
	create(&many, "many", MANY, socket);
	create(&one, "one", 1, socket);
	compare_measure_set(&set);
	rig_destroy(&one);
	rig_destroy(&many);
	return compare_close();
}
