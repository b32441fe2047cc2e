// SPDX-License-Identifier: BSD-3-Clause
//
// What held while a rig was measured, and whether its figures count: asked of the stacks, not of what
// was meant to be set, see rig.h.
// Called by the benchmarks of the stack.
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

static int64_t read_option(const struct side *side, plx_conn conn, enum plx_option option)
{
	int64_t value = -1;

	plx_get_option(side->stack, conn, option, &value);
	return value;
}

static const char *who_sums(const struct plx_settings *settings, enum plx_offload offload)
{
	return (settings->offloads & offload) != 0 ? "device" : "software";
}

static int describe_stack(const struct side *side, char *text, size_t bytes)
{
	struct plx_settings settings = {.size = sizeof(settings)};

	if (plx_get_settings(side->stack, &settings) != 0)
		return snprintf(text, bytes, "unknown");
	return snprintf(text, bytes,
			"TCP checksum received %s, sent %s, TIME_WAIT %llu s, at most %u entries, "
			"SYN cookies %s, RFC 5961 %s, ",
			who_sums(&settings, PLX_OFFLOAD_RX_TCP_CHECKSUM),
			who_sums(&settings, PLX_OFFLOAD_TX_TCP_CHECKSUM),
			(unsigned long long)(settings.time_wait / PLX_SECOND),
			settings.max_time_wait,
			settings.syn_cookies == PLX_SYN_COOKIES_AUTO		 ? "auto"
				: settings.syn_cookies == PLX_SYN_COOKIES_ALWAYS ? "always"
										 : "never",
			settings.rfc5961 ? "on" : "off");
}

static int describe(const struct side *side, plx_conn conn, char *text, size_t bytes)
{
	struct plx_info info = {.size = sizeof(info)};

	if (plx_get_info(side->stack, conn, &info) != 0)
		return snprintf(text, bytes, "unknown");
	return snprintf(
		text, bytes,
		"timestamps %s, window scale %s, ecn %s, nagle %s, delayed ack %s, "
		"congestion %s, mss %u, buffers %u/%lld",
		info.has_timestamps ? "on" : "off", info.has_window_scale ? "on" : "off",
		info.has_ecn ? "on" : "off",
		read_option(side, conn, PLX_OPTION_NAGLE) ? "on" : "off",
		read_option(side, conn, PLX_OPTION_DELAYED_ACK) ? "on" : "off",
		plx_congestion_name((unsigned)read_option(side, conn, PLX_OPTION_CONGESTION)),
		info.mss_bytes, info.receive_buffer_bytes,
		(long long)read_option(side, conn, PLX_OPTION_SEND_BUFFER));
}

const char *rig_settings(struct rig *rig, plx_conn conn, plx_conn accepted)
{
	static char text[1024];
	size_t used = (size_t)snprintf(text, sizeof(text), "server: ");

	used += (size_t)describe_stack(&rig->server, text + used, sizeof(text) - used);
	used += (size_t)describe(&rig->server, accepted, text + used, sizeof(text) - used);
	used += (size_t)snprintf(text + used, sizeof(text) - used, "; client: ");
	used += (size_t)describe_stack(&rig->client, text + used, sizeof(text) - used);
	describe(&rig->client, conn, text + used, sizeof(text) - used);
	return text;
}

static uint64_t count_losses(const struct side *side)
{
	static const enum plx_counter BAD[] = {
		PLX_COUNTER_TCP_RETRANSMITS,  PLX_COUNTER_TCP_TIMEOUTS,
		PLX_COUNTER_TX_NO_BUFFER,     PLX_COUNTER_ANSWER_QUEUE_FULL,
		PLX_COUNTER_TCP_OUT_OF_ORDER, PLX_COUNTER_CONN_FAILED,
	};
	struct plx_stats stats = {.size = sizeof(stats)};
	uint64_t n = 0;

	plx_get_stats(side->stack, &stats);
	for (unsigned i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		n += stats.counters[BAD[i]];
	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		n += stats.drops[i];
	return n;
}

const char *rig_losses(struct rig *rig)
{
	static char text[96];
	uint64_t before = rig->losses;

	rig->losses = count_losses(&rig->server) + count_losses(&rig->client);
	if (rig->losses == before)
		return NULL;
	snprintf(text, sizeof(text), "%llu drops, retransmissions and failures",
		 (unsigned long long)(rig->losses - before));
	return text;
}
