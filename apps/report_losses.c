// SPDX-License-Identifier: BSD-3-Clause
//
// What a stack has lost, from its own counters, its loop's and its port's: whoever prints a rate
// says whether it had losses. Frames that were never for the stack are none of its losses.
// Called by report_stack_table and report_stack_json.
#include <string.h>

#include "apps/report.h"

static const struct {
	const char *key;
	const char *text;
	bool is_lossy;
} losses[REPORT_LOSS_COUNT] = {
#define X(name, key, is_lossy, text) [REPORT_LOSS_##name] = {key, text, is_lossy},
#include "apps/report_losses.def"
#undef X
};

const char *report_loss_name(enum report_loss loss)
{
	return losses[loss].key;
}

const char *report_loss_text(enum report_loss loss)
{
	return losses[loss].text;
}

enum drop_class {
	DROP_REFUSED, // what it is called unless listed below
	DROP_NOT_OURS,
	DROP_DAMAGED,
	DROP_NO_ROOM,
	DROP_CLASSES,
};

static const unsigned char class_of_drop[PLX_DROP_COUNT] = {
	[PLX_DROP_FRAME_FOREIGN_MAC] = DROP_NOT_OURS,
	[PLX_DROP_FRAME_VLAN] = DROP_NOT_OURS,
	[PLX_DROP_FRAME_ETHERTYPE] = DROP_NOT_OURS,
	[PLX_DROP_ARP_NOT_FOR_US] = DROP_NOT_OURS,
	[PLX_DROP_IP_NOT_FOR_US] = DROP_NOT_OURS,
	[PLX_DROP_IP_PROTOCOL] = DROP_NOT_OURS,
	[PLX_DROP_ICMP_TYPE] = DROP_NOT_OURS,
	[PLX_DROP_ND_NOT_FOR_US] = DROP_NOT_OURS,
	[PLX_DROP_IPV4_CHECKSUM] = DROP_DAMAGED,
	[PLX_DROP_ICMP_CHECKSUM] = DROP_DAMAGED,
	[PLX_DROP_TCP_CHECKSUM] = DROP_DAMAGED,
	[PLX_DROP_IP_FRAGMENT_FULL] = DROP_NO_ROOM,
	[PLX_DROP_NEIGHBOR_TABLE_FULL] = DROP_NO_ROOM,
	[PLX_DROP_TCP_LISTENER_BACKLOG] = DROP_NO_ROOM,
	[PLX_DROP_TCP_HALF_OPEN_FULL] = DROP_NO_ROOM,
	[PLX_DROP_TCP_CONNECTIONS_FULL] = DROP_NO_ROOM,
	[PLX_DROP_TCP_OUT_OF_ORDER_FULL] = DROP_NO_ROOM,
	[PLX_DROP_TCP_NO_BUFFER] = DROP_NO_ROOM,
	[PLX_DROP_STACK_NO_BUFFER] = DROP_NO_ROOM,
};

static void count_frames(const struct plx_stats *stats, uint64_t *n)
{
	uint64_t classes[DROP_CLASSES] = {0};

	for (unsigned i = PLX_DROP_NONE + 1; i < PLX_DROP_COUNT; i++)
		classes[class_of_drop[i]] += stats->drops[i];
	n[REPORT_LOSS_FRAMES_NO_ROOM] = classes[DROP_NO_ROOM]
		+ stats->counters[PLX_COUNTER_TCP_OUT_OF_ORDER_PRUNED];
	n[REPORT_LOSS_FRAMES_DAMAGED] = classes[DROP_DAMAGED];
	n[REPORT_LOSS_FRAMES_REFUSED] = classes[DROP_REFUSED];
}

static void count_port(const struct port_stats *stats, uint64_t *n)
{
	n[REPORT_LOSS_RX_MISSED] = stats->rx_missed;
	n[REPORT_LOSS_RX_NO_BUFFER] = stats->rx_no_buffer;
	n[REPORT_LOSS_RX_ERRORS] = stats->rx_errors;
	n[REPORT_LOSS_TX_ERRORS] = stats->tx_errors;
	n[REPORT_LOSS_LOST_ON_PURPOSE] = report_lost_on_purpose(&stats->rx_impairment)
		+ report_lost_on_purpose(&stats->tx_impairment);
}

const struct report_port *report_port_of(const struct report *report,
					 const struct report_worker *worker)
{
	unsigned i = 0;

	while (strcmp(report->config->ports[i].name, worker->stack->port) != 0)
		i++;
	return &report->ports[i];
}

struct report_losses report_losses_of(const struct report *report,
				      const struct report_worker *worker)
{
	const uint64_t *counters = worker->stats.counters;
	struct report_losses found = {
		.n =
			{
				[REPORT_LOSS_RETRANSMITS] = counters[PLX_COUNTER_TCP_RETRANSMITS],
				[REPORT_LOSS_SYN_ACK_RETRANSMITS] =
					counters[PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS],
				[REPORT_LOSS_PACKETS_GIVEN_UP] =
					counters[PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED]
					+ counters[PLX_COUNTER_ANSWER_QUEUE_FULL],
				[REPORT_LOSS_TX_REFUSED] = worker->counters.tx_refused,
				[REPORT_LOSS_TX_NO_LINK] = worker->counters.tx_no_link,
			},
	};

	count_frames(&worker->stats, found.n);
	count_port(&report_port_of(report, worker)->stats, found.n);
	for (unsigned i = 0; i < REPORT_LOSS_COUNT; i++)
		found.is_lossy |= losses[i].is_lossy && found.n[i] > 0;
	return found;
}
