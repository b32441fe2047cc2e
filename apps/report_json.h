// SPDX-License-Identifier: BSD-3-Clause
//
// Between the two rooms that write the report for a program: report_json has the run as a whole,
// report_stack_json what each stack was, did and lost.
// Called by those two.
#ifndef APPS_REPORT_JSON_H
#define APPS_REPORT_JSON_H

#include <jansson.h>

#include "apps/report.h"

static inline void set_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

// An entry of books.stacks.
json_t *report_stack_json(const struct report *report, const struct report_worker *worker);

json_t *report_account_json(const struct worker_account *account);

#endif
