// SPDX-License-Identifier: BSD-3-Clause
//
// Takes turns, sorts, prints, see compare.h. Counting calls each measure once unheeded, so that it is
// warm and its parts are known, then once for each part, and has callgrind write down what it collected.
// Called by every micro-benchmark.
#include "compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>

#include "heap.h"

enum { CASES_MAX = 32, NAME_BYTES = 256, TEXT_BYTES = 1024 };

struct figures {
	double values[COMPARE_TURNS];
};

// What one case has told so far.
struct result {
	struct figures ours;
	struct figures reference;
	const char *part_names[COMPARE_PARTS];
	struct figures parts[COMPARE_PARTS];
	unsigned n_parts;
	char settings[TEXT_BYTES];
	char fault[TEXT_BYTES];
};

struct compare_mode compare_mode;

static struct {
	const char *program;
	const char *path;
	const char *only;
	FILE *json;
	struct result *current; // of the measure that runs
	unsigned turn;
} run;

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", run.program, what, why);
	exit(2);
}

void compare_open(int argc, char **argv)
{
	run.program = argv[0];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--count") == 0)
			compare_mode.is_counting = true;
		else if (strncmp(argv[i], "--only=", 7) == 0)
			run.only = argv[i] + 7;
		else if (argv[i][0] == '-' || run.path != NULL)
			give_up(argv[i], "usage: [--count] [--only=TEXT] [FILE]");
		else
			run.path = argv[i];
	}
	if (compare_mode.is_counting && !RUNNING_ON_VALGRIND)
		give_up("--count", "only callgrind can count; bench/instructions runs it");
	if (run.path == NULL)
		return;
	run.json = fopen(run.path, "w");
	if (run.json == NULL)
		give_up(run.path, strerror(errno));
	if (compare_mode.is_counting) // what counts depend on besides the code
		fprintf(run.json, "{\"compiler\":\"%s\",\"dpdk\":\"%s\"}\n", __VERSION__,
			rte_version());
}

int compare_close(void)
{
	if (run.json != NULL && fclose(run.json) != 0)
		give_up(run.path, strerror(errno));
	return 0;
}

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

static void sort(struct figures *f)
{
	compare_median(f->values, COMPARE_TURNS);
}

static double median(const struct figures *f)
{
	return f->values[COMPARE_TURNS / 2];
}

void compare_part(const char *name, double value)
{
	struct result *r = run.current;
	unsigned at = 0;

	while (at < r->n_parts && strcmp(r->part_names[at], name) != 0)
		at++;
	if (at == COMPARE_PARTS)
		give_up(name, "one part too many");
	if (at == r->n_parts)
		r->part_names[r->n_parts++] = name;
	r->parts[at].values[run.turn] = value;
}

void compare_settings(const char *text)
{
	snprintf(run.current->settings, TEXT_BYTES, "%s", text);
}

void compare_fault(const char *text)
{
	if (text != NULL)
		snprintf(run.current->fault, TEXT_BYTES, "%s", text);
}

static void name_case(char *name, const struct compare_set *set, const struct compare_case *c)
{
	snprintf(name, NAME_BYTES, "%s: %s", set->name, c->what);
}

static bool is_wanted(const struct compare_set *set, const struct compare_case *c)
{
	char name[NAME_BYTES];

	name_case(name, set, c);
	return run.only == NULL || strstr(name, run.only) != NULL;
}

static void print_figures(const struct figures *f)
{
	printf(" %8.1f (%.1f to %.1f)", median(f), f->values[0], f->values[COMPARE_TURNS - 1]);
}

static void print_case(const struct compare_case *c, const struct result *r)
{
	printf("  %-34s %-7s ", c->what, c->unit);
	if (c->goal > 0)
		printf("goal %4.0f ", c->goal);
	else
		printf("          ");
	print_figures(&r->ours);
	if (c->reference != NULL) {
		printf("   against");
		print_figures(&r->reference);
		printf("   ratio %.2f", median(&r->ours) / median(&r->reference));
	}
	for (unsigned i = 0; i < r->n_parts; i++)
		printf("%s%s %.1f", i == 0 ? "   = " : ", ", r->part_names[i],
		       median(&r->parts[i]));
	printf("\n");
	if (r->fault[0] != '\0')
		printf("    LOSSY, does not count: %s\n", r->fault);
}

static void write_figures(const char *key, const struct figures *f)
{
	fprintf(run.json, "\"%s\":{\"median\":%.2f,\"min\":%.2f,\"max\":%.2f}", key, median(f),
		f->values[0], f->values[COMPARE_TURNS - 1]);
}

static void write_case(const struct compare_set *set, const struct compare_case *c,
		       const struct result *r)
{
	fprintf(run.json, "{\"bench\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",", set->name, c->what,
		c->unit);
	if (c->goal > 0)
		fprintf(run.json, "\"goal\":%.0f,", c->goal);
	write_figures("pollux", &r->ours);
	if (c->reference != NULL) {
		fprintf(run.json, ",");
		write_figures(set->reference, &r->reference);
		fprintf(run.json, ",\"ratio\":%.3f", median(&r->ours) / median(&r->reference));
	}
	for (unsigned i = 0; i < r->n_parts; i++) {
		fprintf(run.json, i == 0 ? ",\"parts\":{" : ",");
		write_figures(r->part_names[i], &r->parts[i]);
	}
	fprintf(run.json, r->n_parts > 0 ? "}" : "");
	if (r->settings[0] != '\0')
		fprintf(run.json, ",\"settings\":\"%s\"", r->settings);
	if (r->fault[0] != '\0')
		fprintf(run.json, ",\"lossy\":\"%s\"", r->fault);
	fprintf(run.json, ",\"conditions\":\"%s, %s\"}\n", set->conditions, heap_pages());
}

// The call that counts: what it collected is written down under `name`.
static void collect(const struct compare_case *c, const char *name, const char *part)
{
	char trigger[NAME_BYTES + TEXT_BYTES];

	compare_mode.part = part;
	compare_mode.operations = 0;
	compare_mode.is_collecting = true;
	c->ours();
	compare_mode.is_collecting = false;
	if (compare_mode.operations == 0)
		give_up(name, "measured nothing");
	snprintf(trigger, sizeof(trigger), "%s", name);
	if (part != NULL)
		snprintf(trigger, sizeof(trigger), "%s | %s", name, part);
	CALLGRIND_DUMP_STATS_AT(trigger);
	if (run.json != NULL)
		fprintf(run.json, "{\"name\":\"%s\",\"part\":\"%s\",\"operations\":%llu}\n", name,
			part != NULL ? part : "", (unsigned long long)compare_mode.operations);
}

static void collect_case(const struct compare_set *set, const struct compare_case *c,
			 struct result *r)
{
	char name[NAME_BYTES];

	name_case(name, set, c);
	run.current = r;
	for (unsigned i = 0; i < r->n_parts; i++)
		collect(c, name, r->part_names[i]);
	if (r->n_parts == 0)
		collect(c, name, NULL);
	if (r->fault[0] != '\0')
		give_up(name, r->fault);
}

// All in their order, as in a turn, and again.
static void count_set(const struct compare_set *set, struct result *results)
{
	for (unsigned i = 0; i < set->count; i++) {
		run.current = &results[i];
		if (is_wanted(set, &set->cases[i]))
			set->cases[i].ours();
	}
	for (unsigned i = 0; i < set->count; i++)
		if (is_wanted(set, &set->cases[i]))
			collect_case(set, &set->cases[i], &results[i]);
}

// What the reference tells of itself is not shown, but for what went wrong with it.
static double measure_reference(const struct compare_case *c, struct result *r)
{
	static struct result aside;
	double value;

	if (c->reference == NULL)
		return 0;
	memset(&aside, 0, sizeof(aside));
	run.current = &aside;
	value = c->reference();
	run.current = r;
	compare_fault(aside.fault[0] != '\0' ? aside.fault : NULL);
	return value;
}

static void take_turn(const struct compare_set *set, struct result *results)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct compare_case *c = &set->cases[i];
		struct result *r = &results[i];

		if (!is_wanted(set, c))
			continue;
		run.current = r;
		r->ours.values[run.turn] = c->ours();
		r->reference.values[run.turn] = measure_reference(c, r);
	}
}

static void show(const struct compare_set *set, struct result *results)
{
	const char *settings = "";

	printf("%s", set->name);
	if (set->reference != NULL)
		printf(" against %s", set->reference);
	printf(": %s, %s; median (min to max) of %d turns\n", set->conditions, heap_pages(),
	       COMPARE_TURNS);
	for (unsigned i = 0; i < set->count; i++) {
		struct result *r = &results[i];

		if (!is_wanted(set, &set->cases[i]))
			continue;
		sort(&r->ours);
		sort(&r->reference);
		for (unsigned p = 0; p < r->n_parts; p++)
			sort(&r->parts[p]);
		if (strcmp(settings, r->settings) != 0)
			printf("  [%s]\n", r->settings);
		settings = r->settings;
		print_case(&set->cases[i], r);
		if (run.json != NULL)
			write_case(set, &set->cases[i], r);
	}
	fflush(stdout);
}

void compare_measure_set(const struct compare_set *set)
{
	static struct result results[CASES_MAX];

	if (set->count > CASES_MAX)
		give_up(set->name, "too many cases");
	memset(results, 0, sizeof(results));
	if (compare_mode.is_counting) {
		count_set(set, results);
		return;
	}
	for (run.turn = 0; run.turn < COMPARE_TURNS; run.turn++)
		take_turn(set, results);
	show(set, results);
}
