// SPDX-License-Identifier: BSD-3-Clause
//
// What each stack was, did and lost, for a program: its books and counters, the settings read back
// while it ran, its worker's account, and its losses. Keys in a fixed order; units in their names,
// else bytes, cycles and counts.
// Called by report_json.
#include "apps/report_json.h"

#include <string.h>

static json_t *frames_of(const struct plx_books *books)
{
	json_t *frames = json_object();

	set_count(frames, "received", books->frames_received);
	set_count(frames, "consumed", books->frames_consumed);
	set_count(frames, "answered", books->frames_answered);
	set_count(frames, "returned", books->frames_returned);
	set_count(frames, "reassembled", books->frames_reassembled);
	set_count(frames, "held", books->frames_held);
	set_count(frames, "dropped", books->frames_dropped);
	return frames;
}

static json_t *connections_of(const struct plx_books *books)
{
	json_t *connections = json_object();

	set_count(connections, "opened", books->connections_opened);
	set_count(connections, "closed", books->connections_closed);
	set_count(connections, "failed", books->connections_failed);
	set_count(connections, "open", books->connections_open);
	return connections;
}

// Drops and counters by name, those that are not zero.
static void set_statistics(json_t *object, const struct plx_stats *stats)
{
	json_t *drops = json_object(), *counters = json_object();

	for (unsigned i = PLX_DROP_NONE + 1; i < PLX_DROP_COUNT; i++)
		if (stats->drops[i])
			set_count(drops, plx_drop_name((enum plx_drop)i), stats->drops[i]);
	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++)
		if (stats->counters[i])
			set_count(counters, plx_counter_name((enum plx_counter)i),
				  stats->counters[i]);
	json_object_set_new(object, "drops", drops);
	json_object_set_new(object, "counters", counters);
}

static json_t *quotient(uint64_t value, uint64_t by)
{
	return by > 0 ? json_real((double)value / (double)by) : json_null();
}

json_t *report_account_json(const struct worker_account *from)
{
	static const char *const phases[ACCOUNT_PHASES] = {
		"cycles_receive",     "cycles_input",  "cycles_poll",
		"cycles_application", "cycles_output", "cycles_transmit",
	};
	uint64_t packets = from->received + from->sent, busy = account_busy_cycles(from);
	json_t *account = json_object();

	set_count(account, "tsc_hz", from->tsc_hz);
	set_count(account, "turns", from->turns);
	set_count(account, "turns_busy", from->turns - from->turns_idle);
	set_count(account, "turns_idle", from->turns_idle);
	set_count(account, "turns_sampled", from->turns_sampled);
	set_count(account, "turns_sampled_idle", from->turns_sampled_idle);
	set_count(account, "turns_interrupted", from->turns_interrupted);
	set_count(account, "packets_received", from->received);
	set_count(account, "packets_sent", from->sent);
	set_count(account, "packets", packets);
	set_count(account, "events", from->events);
	for (unsigned i = 0; i < ACCOUNT_PHASES; i++)
		set_count(account, phases[i], from->cycles[i]);
	set_count(account, "cycles_busy", busy);
	set_count(account, "cycles_idle", from->cycles_idle);
	json_object_set_new(account, "cycles_per_packet", quotient(busy, packets));
	json_object_set_new(account, "cycles_per_event", quotient(busy, from->events));
	return account;
}

static json_t *by_whom(const struct plx_settings *settings, enum plx_offload offload)
{
	return json_string(settings->offloads & offload ? "device" : "software");
}

static double milliseconds(int64_t duration)
{
	return (double)duration / (double)PLX_MILLISECOND;
}

// What connections of one load or server went by: options, and what the handshake has settled.
static json_t *connection_of(const char *of, const struct connection_settings *from)
{
	const int64_t *options = from->options;
	const char *congestion = plx_congestion_name((unsigned)options[PLX_OPTION_CONGESTION]);
	json_t *to = json_object();
	static const struct {
		const char *key;
		enum plx_option option;
	} switches[] =
		{
			{"delayed_ack", PLX_OPTION_DELAYED_ACK},
			{"nagle", PLX_OPTION_NAGLE},
			{"pacing", PLX_OPTION_PACING},
			{"tail_probe", PLX_OPTION_TAIL_PROBE},
		},
	  counts[] = {
		  {"delayed_ack_segments", PLX_OPTION_DELAYED_ACK_SEGMENTS},
		  {"initial_window", PLX_OPTION_INITIAL_WINDOW},
		  {"send_buffer", PLX_OPTION_SEND_BUFFER},
		  {"receive_buffer", PLX_OPTION_RECEIVE_BUFFER},
		  {"receive_buffer_max", PLX_OPTION_RECEIVE_BUFFER_MAX},
	  };

	json_object_set_new(to, "of", json_string(of));
	json_object_set_new(to, "congestion", json_string(congestion));
	for (unsigned i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		json_object_set_new(to, switches[i].key,
				    json_boolean(options[switches[i].option] != 0));
	json_object_set_new(to, "delayed_ack_ms",
			    json_real(milliseconds(options[PLX_OPTION_DELAYED_ACK_TIME])));
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		set_count(to, counts[i].key, (uint64_t)options[counts[i].option]);
	json_object_set_new(to, "timestamps", json_boolean(from->info.has_timestamps));
	json_object_set_new(to, "window_scale", json_boolean(from->info.has_window_scale));
	set_count(to, "send_window_scale", from->info.snd_wscale);
	set_count(to, "receive_window_scale", from->info.rcv_wscale);
	json_object_set_new(to, "ecn", json_boolean(from->info.has_ecn));
	set_count(to, "max_segment", from->info.mss_bytes);
	return to;
}

// Those of which there was a connection.
static json_t *connections_in_force(const struct report *report, const char *stack)
{
	const struct config *config = report->config;
	json_t *list = json_array();
	char text[REPORT_REASON_BYTES], of[REPORT_REASON_BYTES + 8];

	for (unsigned i = 0; i < config->n_servers; i++) {
		const struct connection_settings *settings = &report->servers[i].server.settings;

		snprintf(of, sizeof(of), "server %s", report_listen(&config->servers[i], text));
		if (settings->is_known && strcmp(config->servers[i].stack, stack) == 0)
			json_array_append_new(list, connection_of(of, settings));
	}
	for (unsigned i = 0; i < config->n_loads; i++) {
		const struct connection_settings *settings = &report->loads[i].settings;

		snprintf(of, sizeof(of), "load %s", report_target(&config->loads[i], text));
		if (settings->is_known && strcmp(config->loads[i].stack, stack) == 0)
			json_array_append_new(list, connection_of(of, settings));
	}
	return list;
}

static json_t *settings_of(const struct report *report, const struct report_worker *worker)
{
	const struct plx_settings *from = &worker->settings;
	json_t *to = json_object();

	set_count(to, "mtu", from->mtu_bytes);
	json_object_set_new(to, "rx_ipv4_checksum", by_whom(from, PLX_OFFLOAD_RX_IPV4_CHECKSUM));
	json_object_set_new(to, "rx_tcp_checksum", by_whom(from, PLX_OFFLOAD_RX_TCP_CHECKSUM));
	json_object_set_new(to, "tx_ipv4_checksum", by_whom(from, PLX_OFFLOAD_TX_IPV4_CHECKSUM));
	json_object_set_new(to, "tx_tcp_checksum", by_whom(from, PLX_OFFLOAD_TX_TCP_CHECKSUM));
	json_object_set_new(to, "tso", json_boolean(report_port_of(report, worker)->cuts_segments));
	json_object_set_new(to, "time_wait_s",
			    json_real((double)from->time_wait / (double)PLX_SECOND));
	set_count(to, "max_time_wait", from->max_time_wait);
	set_count(to, "max_half_open", from->max_half_open);
	set_count(to, "max_connections", from->max_connections);
	json_object_set_new(to, "syn_cookies", json_string(report_syn_cookies(from)));
	json_object_set_new(to, "rfc5961", json_boolean(from->rfc5961));
	json_object_set_new(to, "connections", connections_in_force(report, worker->stack->name));
	return to;
}

static json_t *losses_of(const struct report *report, const struct report_worker *worker)
{
	struct report_losses from = report_losses_of(report, worker);
	json_t *losses = json_object();

	json_object_set_new(losses, "is_lossy", json_boolean(from.is_lossy));
	for (unsigned i = 0; i < REPORT_LOSS_COUNT; i++)
		set_count(losses, report_loss_name((enum report_loss)i), from.n[i]);
	return losses;
}

json_t *report_stack_json(const struct report *report, const struct report_worker *worker)
{
	json_t *stack = json_object();

	json_object_set_new(stack, "stack", json_string(worker->stack->name));
	set_count(stack, "worker", worker->index);
	json_object_set_new(stack, "closed", json_boolean(worker->books.closed));
	json_object_set_new(stack, "frames", frames_of(&worker->books));
	json_object_set_new(stack, "connections", connections_of(&worker->books));
	set_statistics(stack, &worker->stats);
	json_object_set_new(stack, "settings", settings_of(report, worker));
	json_object_set_new(stack, "account", report_account_json(&worker->account));
	json_object_set_new(stack, "losses", losses_of(report, worker));
	return stack;
}
