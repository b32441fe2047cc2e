// SPDX-License-Identifier: BSD-3-Clause
//
// What each stack was, did and lost, for a reader: the settings that were in force, read back while
// it ran; where the cycles of its workers went; and whether its rates are those of a lossy run.
// Called by report_table.
#include "apps/report.h"

#include <inttypes.h>
#include <string.h>

#include "apps/report_format.h"

static const char *by_whom(const struct plx_settings *settings, enum plx_offload offload)
{
	return settings->offloads & offload ? "device" : "software";
}

static void print_stack_settings(FILE *out, const struct report *report,
				 const struct report_worker *worker)
{
	const struct plx_settings *settings = &worker->settings;
	char time_wait[NUMBER_BYTES], capacity[NUMBER_BYTES];

	fprintf(out, "  %-12s checksums in: IPv4 %s, TCP %s; out: IPv4 %s, TCP %s; TSO %s\n",
		worker->stack->name, by_whom(settings, PLX_OFFLOAD_RX_IPV4_CHECKSUM),
		by_whom(settings, PLX_OFFLOAD_RX_TCP_CHECKSUM),
		by_whom(settings, PLX_OFFLOAD_TX_IPV4_CHECKSUM),
		by_whom(settings, PLX_OFFLOAD_TX_TCP_CHECKSUM),
		report_port_of(report, worker)->cuts_segments ? "yes" : "no");
	fprintf(out, "  %-12s MTU %u, SYN cookies %s, ", "", settings->mtu_bytes,
		report_syn_cookies(settings));
	if (settings->time_wait == 0)
		fputs("no TIME_WAIT\n", out);
	else
		fprintf(out, "TIME_WAIT %s, at most %s\n",
			format_duration(settings->time_wait, time_wait),
			format_count(settings->max_time_wait, capacity));
}

static const char *none_if_not(bool is_on)
{
	return is_on ? "" : "no ";
}

// "delayed ACK 40 ms or 2 segments"
static void print_delayed_ack(FILE *out, const int64_t *options)
{
	char time[NUMBER_BYTES];

	if (!options[PLX_OPTION_DELAYED_ACK])
		fputs("no delayed ACK", out);
	else
		fprintf(out, "delayed ACK %s or %" PRId64 " segments",
			format_duration((plx_duration)options[PLX_OPTION_DELAYED_ACK_TIME], time),
			options[PLX_OPTION_DELAYED_ACK_SEGMENTS]);
}

static void print_connection_settings(FILE *out, const char *of,
				      const struct connection_settings *settings)
{
	const int64_t *options = settings->options;
	const struct plx_info *info = &settings->info;
	char send[NUMBER_BYTES], receive[NUMBER_BYTES];

	if (!settings->is_known)
		return;
	fprintf(out, "  %-12s %s: %s, ", "", of,
		plx_congestion_name((unsigned)options[PLX_OPTION_CONGESTION]));
	print_delayed_ack(out, options);
	fprintf(out, ", %sNagle, buffers %s/%s\n", none_if_not(options[PLX_OPTION_NAGLE] != 0),
		format_count((uint64_t)options[PLX_OPTION_SEND_BUFFER], send),
		format_count((uint64_t)options[PLX_OPTION_RECEIVE_BUFFER], receive));
	fprintf(out, "  %-12s agreed on: %stimestamps, %swindow scale, %sECN, segments of %u\n", "",
		none_if_not(info->has_timestamps), none_if_not(info->has_window_scale),
		none_if_not(info->has_ecn), info->mss_bytes);
}

static void print_settings(FILE *out, const struct report *report)
{
	const struct config *config = report->config;
	char text[REPORT_REASON_BYTES];

	fputs("\nsettings in force\n", out);
	for (unsigned i = 0; i < report->n_workers; i++) {
		const struct report_worker *worker = &report->workers[i];
		const char *stack = worker->stack->name;

		if (worker->index != 0) // they are alike
			continue;
		print_stack_settings(out, report, worker);
		for (unsigned k = 0; k < config->n_servers; k++)
			if (strcmp(config->servers[k].stack, stack) == 0)
				print_connection_settings(out,
							  report_listen(&config->servers[k], text),
							  &report->servers[k].server.settings);
		for (unsigned k = 0; k < config->n_loads; k++)
			if (strcmp(config->loads[k].stack, stack) == 0)
				print_connection_settings(out,
							  report_target(&config->loads[k], text),
							  &report->loads[k].settings);
	}
}

static double percent(uint64_t part, uint64_t all)
{
	return all > 0 ? 100 * (double)part / (double)all : 0;
}

static void print_quotient(FILE *out, uint64_t value, uint64_t by)
{
	if (by > 0)
		fprintf(out, " %8.0f", (double)value / (double)by);
	else
		fprintf(out, " %8s", "-");
}

static void print_account(FILE *out, const char *name, const struct worker_account *account)
{
	uint64_t busy = account_busy_cycles(account), all = busy + account->cycles_idle;

	fprintf(out, "  %-14s", name);
	for (unsigned i = 0; i < ACCOUNT_PHASES; i++)
		fprintf(out, " %5.1f%%", percent(account->cycles[i], all));
	fprintf(out, " %5.1f%%", percent(account->cycles_idle, all));
	print_quotient(out, busy, account->received + account->sent);
	print_quotient(out, busy, account->events);
	fprintf(out, " %9.1f%%\n", percent(account->turns - account->turns_idle, account->turns));
}

static void print_accounts(FILE *out, const struct report *report)
{
	char name[2 * CONFIG_NAME_BYTES + 16];

	fprintf(out, "\n%-16s %6s %6s %6s %6s %6s %6s %6s %8s %8s %10s\n", "cycles", "rx", "input",
		"poll", "applic", "output", "tx", "idle", "/packet", "/event", "busy turns");
	for (unsigned i = 0; i < report->n_workers; i++) {
		const struct report_worker *worker = &report->workers[i];

		snprintf(name, sizeof(name), "%s %u", worker->stack->name, worker->index);
		print_account(out, name, &worker->account);
	}
	for (unsigned i = 0; i < report->config->n_relays; i++) {
		const struct report_relay *relay = &report->relays[i];

		snprintf(name, sizeof(name), "%s-%s", relay->relay->left, relay->relay->right);
		print_account(out, name, &relay->account);
	}
}

static void print_stack_losses(FILE *out, const struct report *report,
			       const struct report_worker *worker)
{
	struct report_losses losses = report_losses_of(report, worker);
	char count[NUMBER_BYTES];

	for (unsigned i = 0; i < REPORT_LOSS_COUNT; i++)
		if (losses.n[i])
			fprintf(out, "  %-12s %-26s %14s  %s\n", worker->stack->name,
				report_loss_name((enum report_loss)i),
				format_count(losses.n[i], count),
				report_loss_text((enum report_loss)i));
}

// A rate with losses is not one to boast of.
static void print_losses(FILE *out, const struct report *report)
{
	bool is_lossy = false;

	for (unsigned i = 0; i < report->n_workers; i++)
		is_lossy |= report_losses_of(report, &report->workers[i]).is_lossy;
	fprintf(out, "\nlosses: %s\n", is_lossy ? "yes, the rates above are lossy" : "none");
	for (unsigned i = 0; i < report->n_workers; i++)
		print_stack_losses(out, report, &report->workers[i]);
}

void report_print_stacks(const struct report *report, FILE *out)
{
	if (report->n_workers > 0)
		print_settings(out, report);
	print_accounts(out, report);
	if (report->n_workers > 0)
		print_losses(out, report);
}
