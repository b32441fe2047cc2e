// SPDX-License-Identifier: BSD-3-Clause
//
// Questions about a running system whose answer is a sentence for the operator: is there a link,
// and why is everything thrown away? Called by apps/ before the first frame and in the final
// report.
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "drivers/device.h"
#include "drivers/system_state.h"

#define LINK_POLL_MS 10

static const struct port *find_down(const struct system *system)
{
	for (unsigned i = 0; i < system->config.n_ports; i++)
		if (!port_has_link(&system->ports[i]))
			return &system->ports[i];
	return NULL;
}

int system_wait_for_links(struct system *system, plx_duration timeout, struct system_error *error)
{
	plx_time until = system_now(system) + timeout;
	const struct port *down;

	while ((down = find_down(system)) != NULL) {
		if (system_now(system) >= until) {
			system_error_where(error, "port %s", port_name(down));
			system_error_what(error, "%s has no link", port_device(down));
			system_error_remedy(error, "is its other end up?");
			return -ENETDOWN;
		}
		rte_delay_us_sleep(LINK_POLL_MS * 1000);
	}
	return 0;
}

// The index of the interface at the other end of a veth; 0 when it has none, or cannot be read.
static unsigned far_end(const char *interface)
{
	unsigned index = 0;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/iflink", interface);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%u", &index) != 1)
		index = 0;
	fclose(file);
	return index;
}

// The interface whose transmit offload is to be switched off: the other end of a veth, when it is
// in this network namespace. In another one the same index may be anybody's.
static void name_culprit(const struct port *port, char *name, size_t size)
{
	char own[IF_NAMESIZE], other[IF_NAMESIZE];

	snprintf(name, size, "IFACE");
	if (device_argument(port_device(port), "iface", own, sizeof(own))
	    && if_indextoname(far_end(own), other) != NULL && far_end(other) == if_nametoindex(own)
	    && strcmp(own, other) != 0)
		snprintf(name, size, "%s", other);
}

static bool explain_stack(const struct worker *worker, char *text, size_t size)
{
	struct plx_stats stats = {.size = sizeof(stats)};
	char culprit[IF_NAMESIZE];
	uint64_t good, bad;

	if (plx_get_stats(worker->stack, &stats) != 0)
		return false;
	good = stats.counters[PLX_COUNTER_TCP_RX_SEGMENTS];
	bad = stats.drops[PLX_DROP_TCP_CHECKSUM] + stats.drops[PLX_DROP_IPV4_CHECKSUM];
	if (bad <= good)
		return false;
	name_culprit(worker->port, culprit, sizeof(culprit));
	snprintf(text, size,
		 "port %s: %" PRIu64 " of %" PRIu64 " segments came with a wrong checksum: the "
		 "sender leaves it to a device that is not there; "
		 "ethtool -K %s tx off gso off tso off gro off (on the sender's side)",
		 port_name(worker->port), bad, good + bad, culprit);
	return true;
}

bool system_explain_checksum_failures(struct system *system, char *text, size_t size)
{
	for (unsigned i = 0; i < system->n_stack_workers; i++)
		if (explain_stack(&system->workers[i], text, size))
			return true;
	return false;
}
