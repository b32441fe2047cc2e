// SPDX-License-Identifier: BSD-3-Clause
//
// A table of matrix.def walked through: which cells it has, what they are called, which row holds
// each, and that the engine does in each what its row says. See matrix.h.
// Called by matrix_*_test.c.
#include "matrix.h"

#include <stdio.h>
#include <string.h>

static unsigned events_of(const struct matrix_table *table)
{
	unsigned n = 1;

	for (unsigned i = 0; i < MATRIX_COLUMNS && table->columns[i].count != 0; i++)
		n *= table->columns[i].count;
	return n;
}

// The first column changes slowest.
static struct matrix_event event_at(const struct matrix_table *table, enum matrix_state state,
				    unsigned number)
{
	struct matrix_event event = {.state = state};

	for (unsigned i = MATRIX_COLUMNS; i-- > 0;) {
		unsigned count = table->columns[i].count;

		if (count == 0)
			continue;
		event.columns[i] = 1u << number % count;
		number /= count;
	}
	return event;
}

static bool holds(const struct matrix_row *row, const struct matrix_table *table,
		  const struct matrix_event *event)
{
	for (unsigned i = 0; i < MATRIX_COLUMNS && table->columns[i].count != 0; i++)
		if ((row->columns[i] & event->columns[i]) == 0)
			return false;
	return (row->states & event->state) != 0;
}

// The first row from `row` on that holds the event; NULL when none does.
static const struct matrix_row *next_row(const struct matrix_row *row,
					 const struct matrix_table *table,
					 const struct matrix_event *event)
{
	for (; row < table->rows + table->n_rows; row++)
		if (holds(row, table, event))
			return row;
	return NULL;
}

static void name_cell(const struct matrix_table *table, const struct matrix_event *event,
		      char text[MATRIX_TEXT_BYTES])
{
	snprintf(text, MATRIX_TEXT_BYTES, "%s", matrix_state_name(event->state));
	for (unsigned i = 0; i < MATRIX_COLUMNS && table->columns[i].count != 0; i++) {
		const struct matrix_column *column = &table->columns[i];
		size_t len = strlen(text);

		snprintf(text + len, MATRIX_TEXT_BYTES - len, ", %s%s", column->title,
			 column->names[__builtin_ctz(event->columns[i])]);
	}
}

static unsigned check_cell(void **state, const struct matrix_table *table,
			   const struct matrix_event *event)
{
	const struct matrix_row *row = next_row(table->rows, table, event);
	char name[MATRIX_TEXT_BYTES], about[2 * MATRIX_TEXT_BYTES];
	struct fixture *f = fixture_plan(state);
	struct matrix_cell cell;

	if (row == NULL) // matrix_check_table() says which one has none
		return 1;
	cell = matrix_enter(state, event->state, table->plan(f, event));
	name_cell(table, event, name);
	snprintf(about, sizeof(about), "matrix.def:%d (%s): %s", row->line, row->clause, name);
	f->about = about;
	return matrix_leave(state, &cell, table->judge(&cell, event, row), row);
}

void matrix_check_state(void **state, const struct matrix_table *table, enum matrix_state which)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < events_of(table); i++) {
		struct matrix_event event = event_at(table, which, i);

		if (table->is_cell(&event))
			faults += check_cell(state, table, &event);
	}
	assert_int_equal(faults, 0);
}

// Marks the row that holds the cell. Returns how many faults there are: none, or two, hold it.
static unsigned check_rows(const struct matrix_table *table, const struct matrix_event *event,
			   bool *is_used)
{
	const struct matrix_row *first = next_row(table->rows, table, event), *second;
	char name[MATRIX_TEXT_BYTES];

	name_cell(table, event, name);
	if (first == NULL) {
		print_error("matrix.def: no row for %s\n", name);
		return 1;
	}
	is_used[first - table->rows] = true;
	second = next_row(first + 1, table, event);
	if (second != NULL)
		print_error("matrix.def:%d and %d: both for %s\n", first->line, second->line, name);
	return second != NULL;
}

void matrix_check_table(const struct matrix_table *table)
{
	bool is_used[MATRIX_ROWS_MAX] = {false};
	unsigned faults = 0;

	assert_in_range(table->n_rows, 1, MATRIX_ROWS_MAX);
	for (unsigned i = 0; i < events_of(table) * MATRIX_STATE_COUNT; i++) {
		struct matrix_event event =
			event_at(table, (enum matrix_state)(1u << i / events_of(table)),
				 i % events_of(table));

		if (table->is_cell(&event))
			faults += check_rows(table, &event, is_used);
	}
	for (unsigned i = 0; i < table->n_rows; i++) {
		if (!is_used[i])
			print_error("matrix.def:%d: no cell is in this row\n", table->rows[i].line);
		faults += !is_used[i];
	}
	assert_int_equal(faults, 0);
}
