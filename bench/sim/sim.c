// SPDX-License-Identifier: BSD-3-Clause
//
// Simulated transfers as a filter: a plan a line in, a JSON line out, with what each flow got and what its stack has
// counted since measuring began. The same line gives the same answer, on every machine.
// Its words are explained by --help. Called by bench/sim/simulate.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/eal_main.h"
#include "world.h"

enum { LINE_BYTES = 4096 };

// What is told of each flow besides its bytes.
static const enum plx_counter told[] = {
	PLX_COUNTER_TCP_TX_SEGMENTS,	   PLX_COUNTER_TCP_RETRANSMITS,
	PLX_COUNTER_TCP_FAST_RETRANSMITS,  PLX_COUNTER_TCP_TIMEOUTS,
	PLX_COUNTER_TCP_TAIL_PROBES,	   PLX_COUNTER_TCP_LOST_RETRANSMITS,
	PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS,
	PLX_COUNTER_TCP_ECN_REDUCTIONS,
};

static void print_flow(const struct world *world, const struct world_flow *flow)
{
	printf("%s{\"control\":\"%s\",\"bytes\":%" PRIu64 ",\"lost\":%" PRIu64,
	       flow == world->flows ? "" : ",", plx_congestion_name(flow->plan->congestion),
	       flow->received_bytes - flow->warm_bytes, flow->lost_frames);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		printf(",\"%s\":%" PRIu64, plx_counter_name(told[i]), world_counter(flow, told[i]));
	printf("}");
}

static void print_result(const struct world *world)
{
	const struct link_model_counters *link = &world->forward.model.counters;

	printf("{\"name\":\"%s\",\"seed\":%" PRIu64 ",\"flows\":[", world->plan->name,
	       world->plan->seed);
	for (unsigned i = 0; i < world->plan->n_flows; i++)
		print_flow(world, &world->flows[i]);
	printf("],\"link\":{\"frames\":%" PRIu64 ",\"lost_in_queue\":%" PRIu64
	       ",\"lost_at_random\":%" PRIu64 ",\"lost_by_script\":%" PRIu64 ",\"marked\":%" PRIu64
	       "}",
	       link->frames, link->lost_in_queue, link->lost_at_random, world->forward.lost,
	       link->marked);
}

// NULL, or a sentence.
static const char *run(const struct plan *plan)
{
	char *samples = NULL, *losses = NULL;
	size_t samples_bytes, losses_bytes;
	FILE *sample_file = NULL, *loss_file = NULL;
	struct world world;

	if (plan->sample_us > 0) {
		sample_file = open_memstream(&samples, &samples_bytes);
		loss_file = open_memstream(&losses, &losses_bytes);
		if (sample_file == NULL || loss_file == NULL)
			abort();
	}
	world_begin(&world, plan, sample_file, loss_file);
	world_run(&world);
	if (world.error == NULL)
		print_result(&world);
	world_end(&world);
	if (sample_file != NULL) {
		fclose(sample_file);
		fclose(loss_file);
		if (world.error == NULL)
			printf(",\"samples\":[%s],\"losses\":[%s]", samples, losses);
		free(samples);
		free(losses);
	}
	if (world.error == NULL)
		printf("}\n");
	fflush(stdout);
	return world.error;
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES];

	if (argc > 1) {
		plan_help();
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	test_eal_init();
	for (unsigned number = 1; fgets(line, sizeof(line), stdin) != NULL; number++) {
		struct plan plan;
		const char *fault = plan_read(&plan, line);

		if (fault == NULL)
			fault = run(&plan);
		if (fault != NULL) {
			fprintf(stderr, "pollux_sim: line %u: %s\n", number, fault);
			return 1;
		}
	}
	return 0;
}
