// SPDX-License-Identifier: BSD-3-Clause
//
// Takes turns, sorts, prints, see compare.h.
// Called by every micro-benchmark.
#include "compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

enum { CASES_MAX = 16 };

struct figures {
	double values[COMPARE_TURNS];
};

static int is_less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double compare_median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), is_less);
	return values[count / 2];
}

static double median(const struct figures *f)
{
	return f->values[COMPARE_TURNS / 2];
}

static void print_figures(const struct figures *f)
{
	printf(" %8.1f (%.1f to %.1f)", median(f), f->values[0], f->values[COMPARE_TURNS - 1]);
}

static void print_case(const struct compare_case *c, const struct figures *ours,
		       const struct figures *reference)
{
	printf("  %-34s %-7s goal %4.0f ", c->what, c->unit, c->goal);
	print_figures(ours);
	if (c->reference != NULL) {
		printf("   against");
		print_figures(reference);
		printf("   ratio %.2f", median(ours) / median(reference));
	}
	printf("\n");
}

static void write_figures(FILE *json, const char *key, const struct figures *f)
{
	fprintf(json, ",\"%s\":{\"median\":%.2f,\"min\":%.2f,\"max\":%.2f}", key, median(f),
		f->values[0], f->values[COMPARE_TURNS - 1]);
}

static void write_case(FILE *json, const struct compare_set *set, unsigned at,
		       const struct figures *ours, const struct figures *reference)
{
	const struct compare_case *c = &set->cases[at];

	fprintf(json, "{\"bench\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",\"goal\":%.0f", set->name,
		c->what, c->unit, c->goal);
	write_figures(json, "pollux", ours);
	if (c->reference != NULL) {
		write_figures(json, set->reference, reference);
		fprintf(json, ",\"ratio\":%.3f", median(ours) / median(reference));
	}
	fprintf(json, ",\"conditions\":\"%s, %s\"}\n", set->conditions, heap_pages());
}

int compare_run(const struct compare_set *set, int argc, char **argv)
{
	static struct figures ours[CASES_MAX], reference[CASES_MAX];
	FILE *json = argc > 1 ? fopen(argv[1], "w") : NULL;

	if (argc > 1 && json == NULL) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror(errno));
		return 2;
	}
	for (unsigned turn = 0; turn < COMPARE_TURNS; turn++) {
		for (unsigned i = 0; i < set->count; i++) {
			const struct compare_case *c = &set->cases[i];

			ours[i].values[turn] = c->ours();
			reference[i].values[turn] = c->reference ? c->reference() : 0;
		}
	}
	printf("%s against %s: %s, %s; median (min to max) of %d turns\n", set->name,
	       set->reference, set->conditions, heap_pages(), COMPARE_TURNS);
	for (unsigned i = 0; i < set->count; i++) {
		compare_median(ours[i].values, COMPARE_TURNS);
		compare_median(reference[i].values, COMPARE_TURNS);
		print_case(&set->cases[i], &ours[i], &reference[i]);
		if (json != NULL)
			write_case(json, set, i, &ours[i], &reference[i]);
	}
	if (json != NULL && fclose(json) != 0)
		return 2;
	return 0;
}
