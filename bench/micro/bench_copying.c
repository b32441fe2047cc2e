// SPDX-License-Identifier: BSD-3-Clause
//
// Receiving and sending without copying beside the calls that copy: what all phases of that side take for a
// full segment, over a thousand connections, and of 64 KB at a time over one; and that with a port that cuts large
// frames (TSO) beside one that only fills in checksums. Nobody looks at the data.
// Run by `make bench`; its instructions are counted by bench/instructions.
#include "heap.h"
#include "scene.h"

enum { HEAP_MEGABYTES = 1024, MANY = 1000 };

#define CHECKSUMS                                                                                  \
	(PLX_OFFLOAD_RX_IPV4_CHECKSUM | PLX_OFFLOAD_RX_TCP_CHECKSUM | PLX_OFFLOAD_TX_IPV4_CHECKSUM \
	 | PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY)

static struct rig many, one, summing, cutting;

#define MEASURE_AS(name, rig, scene)                          \
	static double measure_##name(void)                    \
	{                                                     \
		return scene_measure(&(rig), &scene_##scene); \
	}
#define MEASURE(rig, name) MEASURE_AS(name, rig, name)

MEASURE(many, receive_copy)
MEASURE(many, receive_mbuf)
MEASURE(many, send_copy)
MEASURE(many, send_external)
MEASURE(one, bulk_receive_copy)
MEASURE(one, bulk_receive_mbuf)
MEASURE(one, bulk_send_copy)
MEASURE(one, bulk_send_external)
MEASURE_AS(cut_copy, cutting, bulk_send_copy)
MEASURE_AS(cut_external, cutting, bulk_send_external)
MEASURE_AS(summed_copy, summing, bulk_send_copy)
MEASURE_AS(summed_external, summing, bulk_send_external)

static void create(struct rig *rig, const char *name, uint32_t connections, uint32_t offloads,
		   int socket)
{
	const struct rig_plan plan = {
		.name = name,
		.offloads = offloads,
		.connections = connections,
		.time_wait = 60 * PLX_SECOND,
	};

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
	static const struct compare_case OFFLOAD_CASES[] = {
		{"TSO, plx_send, 64 KB", "cycles", 0, measure_cut_copy, measure_summed_copy},
		{"TSO, plx_send_external, 64 KB", "cycles", 0, measure_cut_external,
		 measure_summed_external},
	};
	const struct compare_set offload_set = {
		.name = "offload",
		.reference = "checksums",
		.conditions =
			"per segment on the wire, no device, IPv4, checksums left to the port, "
			"16 segments a turn",
		.cases = OFFLOAD_CASES,
		.count = sizeof(OFFLOAD_CASES) / sizeof(OFFLOAD_CASES[0]),
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
	create(&many, "many", MANY, 0, socket);
	create(&one, "one", 1, 0, socket);
	create(&summing, "sum", 1, CHECKSUMS, socket);
	create(&cutting, "cut", 1, CHECKSUMS | PLX_OFFLOAD_TX_TSO, socket);
	compare_measure_set(&set);
	compare_measure_set(&offload_set);
	rig_destroy(&cutting);
	rig_destroy(&summing);
	rig_destroy(&one);
	rig_destroy(&many);
	return compare_close();
}
