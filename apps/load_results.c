// SPDX-License-Identifier: BSD-3-Clause
//
// The names of what can go wrong, and the sum of several workers' results.
// Called by apps/host and apps/report.
#include "apps/load.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} errors[LOAD_ERROR_COUNT] = {
#define X(name, label, text) [LOAD_ERROR_##name] = {label, text},
#include "apps/load_errors.def"
#undef X
};

const char *load_error_name(enum load_error error)
{
	return errors[error].name;
}

const char *load_error_text(enum load_error error)
{
	return errors[error].text;
}

void load_results_init(struct load_results *total)
{
	memset(total, 0, sizeof(*total));
	histogram_init(&total->latency);
}

// From the first start to the last end; a worker that still runs keeps the total running.
static void merge_times(struct load_results *total, const struct load_results *from)
{
	if (from->opening > total->opening)
		total->opening = from->opening;
	if (total->started == 0) {
		total->started = from->started;
		total->ended = from->ended;
		return;
	}
	if (from->started < total->started)
		total->started = from->started;
	if (from->ended == 0 || total->ended == 0)
		total->ended = 0;
	else if (from->ended > total->ended)
		total->ended = from->ended;
}

void load_results_merge(struct load_results *total, const struct load_results *from)
{
	merge_times(total, from);
	total->connections_opened += from->connections_opened;
	total->connections_closed += from->connections_closed;
	total->connections_failed += from->connections_failed;
	total->connections_established += from->connections_established;
	total->connections_waiting += from->connections_waiting;
	total->connections_answered += from->connections_answered;
	total->requests_sent += from->requests_sent;
	total->requests_answered += from->requests_answered;
	total->requests_failed += from->requests_failed;
	total->requests_retried += from->requests_retried;
	total->requests_unsent += from->requests_unsent;
	total->tx_bytes += from->tx_bytes;
	total->rx_bytes += from->rx_bytes;
	for (unsigned i = 0; i < LOAD_ERROR_COUNT; i++)
		total->errors[i] += from->errors[i];
	if (total->bad_status == 0)
		total->bad_status = from->bad_status;
	connection_settings_merge(&total->settings, &from->settings);
	histogram_merge(&total->latency, &from->latency);
}
