// SPDX-License-Identifier: BSD-3-Clause
//
// A report whose figures are made by hand, of a run in which all went well, and what a reader or a
// program is told of it.
// Called by the tests of apps/report.
#ifndef PROGRAM_REPORT_FIXTURE_H
#define PROGRAM_REPORT_FIXTURE_H

#include "support/cmocka_headers.h"

#include <jansson.h>

#include "apps/report.h"

int report_setup(void **state);
int report_teardown(void **state);

#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

// The table, until the next call.
const char *printed(const struct report *report);

// The JSON, to be given back by json_decref().
json_t *written(const struct report *report);

// A number of an object of it.
double number(const json_t *json, const char *object, const char *key);

#endif
