// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the words of a run, see plan.h.
// Numbers come from the list in plan.def; a name and the flows are told apart here.
// Called by bench/sim/sim.
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pollux/option.h>

struct number {
	const char *key;
	size_t offset;
	uint64_t initial;
	const char *text;
};

static const struct number numbers[] = {
#define X(key, initial, text) {#key, offsetof(struct plan, key), initial, text},
#include "plan.def"
#undef X
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static uint64_t *number_of(struct plan *plan, const struct number *number)
{
	return (uint64_t *)(void *)((char *)plan + number->offset);
}

static bool read_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *text != '-';
}

// CONTROL[,EXTRA[,START[,IDLE_FROM,IDLE_UNTIL]]]
static const char *read_flow(struct plan *plan, char *text)
{
	struct plan_flow *flow = &plan->flows[plan->n_flows];
	uint64_t *const fields[] = {&flow->extra_us, &flow->start_us, &flow->idle_from_us,
				    &flow->idle_until_us};
	char *save, *word = strtok_r(text, ",", &save);
	int index;

	if (plan->n_flows == PLAN_FLOWS_MAX)
		return "too many flows";
	index = word == NULL ? -EINVAL : plx_congestion_index(word);
	if (index < 0)
		return "no such congestion control";
	flow->congestion = (unsigned)index;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		word = strtok_r(NULL, ",", &save);
		if (word != NULL && !read_number(word, fields[i]))
			return "a flow is CONTROL[,EXTRA[,START[,IDLE_FROM,IDLE_UNTIL]]]";
	}
	plan->n_flows++;
	return NULL;
}

static const char *read_word(struct plan *plan, char *word)
{
	char *value = strchr(word, '=');

	if (value == NULL)
		return "a word is KEY=VALUE";
	*value++ = '\0';
	if (strcmp(word, "flow") == 0)
		return read_flow(plan, value);
	if (strcmp(word, "name") == 0) {
		if (strpbrk(value, "\"\\") != NULL || strlen(value) >= sizeof(plan->name))
			return "a name is short and has no quotes";
		strcpy(plan->name, value);
		return NULL;
	}
	for (size_t i = 0; i < NUMBERS; i++)
		if (strcmp(word, numbers[i].key) == 0)
			return read_number(value, number_of(plan, &numbers[i]))
				? NULL
				: "a number is expected";
	return "no such key";
}

const char *plan_read(struct plan *plan, char *line)
{
	const char *fault = NULL;
	char *save;

	*plan = (struct plan){.n_flows = 0};
	for (size_t i = 0; i < NUMBERS; i++)
		*number_of(plan, &numbers[i]) = numbers[i].initial;
	for (char *word = strtok_r(line, " \n", &save); word != NULL && fault == NULL;
	     word = strtok_r(NULL, " \n", &save))
		fault = read_word(plan, word);
	if (fault == NULL && plan->n_flows == 0)
		fault = "a run needs a flow";
	if (fault == NULL && (plan->warm_us >= plan->time_us || plan->drop_every == 0))
		fault = "warm_us is less than time_us, drop_every at least 1";
	return fault;
}

void plan_help(void)
{
	const char *name;

	printf("Reads runs from standard input, one a line, and prints a JSON line for each.\n"
	       "A line is KEY=VALUE words; times in microseconds:\n"
	       "  %-17s handed through to the result\n"
	       "  %-17s CONTROL[,EXTRA[,START[,IDLE_FROM,IDLE_UNTIL]]], up to %d times: EXTRA is\n"
	       "  %-17s added to the delay of its acknowledgements\n",
	       "name", "flow", PLAN_FLOWS_MAX, "");
	for (size_t i = 0; i < NUMBERS; i++)
		printf("  %-17s %s (%llu)\n", numbers[i].key, numbers[i].text,
		       (unsigned long long)numbers[i].initial);
	printf("controls:");
	for (unsigned i = 0; (name = plx_congestion_name(i)) != NULL; i++)
		printf(" %s", name);
	printf("\n");
}
