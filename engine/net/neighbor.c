// SPDX-License-Identifier: BSD-3-Clause
//
// The life of a neighbour: INCOMPLETE, REACHABLE, STALE, DELAY, PROBE (RFC 4861 7.3.2, appendix C)
// and FAILED, which answers "unreachable" for a while so that connections hear of it, and goes on
// asking as long as it is used (RFC 7048 asks for as much). ARP entries live by it too.
// Called by transmit, arp and nd for what happens, by net_poll() for what does not.
#include "net/neighbor.h"

#include "base/clock.h"
#include "net/arp.h"
#include "net/nd.h"
#include "wire/addr.h"

#define RETRANS_TIMER PLX_SECOND		// RFC 4861 10
#define DELAY_FIRST_PROBE_TIME (5 * PLX_SECOND) // RFC 4861 10
#define REACHABLE_TIME_MIN (15 * PLX_SECOND)	// RFC 4861 6.3.2: half of 30 s,
#define REACHABLE_TIME_SPREAD_MS 30000		// up to one and a half times that
#define FAILED_TIME (10 * PLX_SECOND) // covers the SYN that TCP sends after the third second

enum { EXPIRE_BURST = 32 };

static void arm(struct net *net, uint32_t idx, plx_time deadline)
{
	timer_arm(net->neighbors.timers, idx, deadline);
}

static void enter_reachable(struct net *net, uint32_t idx, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);
	plx_duration jitter = random_below(net->random, REACHABLE_TIME_SPREAD_MS) * PLX_MILLISECOND;

	n->state = NEIGHBOR_REACHABLE;
	n->since = now;
	if (!n->is_static)
		arm(net, idx, time_add(now, REACHABLE_TIME_MIN + jitter));
}

// Nothing happens to a STALE entry until it is used.
static void enter_stale(struct net *net, uint32_t idx)
{
	neighbor_at(&net->neighbors, idx)->state = NEIGHBOR_STALE;
	timer_disarm(net->neighbors.timers, idx);
}

static void ask(struct net *net, const struct neighbor *n, bool is_unicast)
{
	struct mac_addr mac = neighbor_mac(n);
	const struct mac_addr *to = is_unicast ? &mac : NULL;

	if (plx_addr_is_ipv4(&n->addr))
		arp_send_request(net, &n->addr, to);
	else
		nd_send_solicitation(net, &n->addr, to);
}

static void fail(struct net *net, uint32_t idx, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	n->state = NEIGHBOR_FAILED;
	n->since = now;
	net_count(net, PLX_COUNTER_NEIGHBOR_FAILED);
	neighbor_drop_held(net, idx);
	arm(net, idx, time_add(now, FAILED_TIME));
}

// INCOMPLETE or PROBE: the next solicitation, or the end of patience. `due` rather than the time of
// the poll, so that three tries take three seconds; but after a leap of the clock not all at once.
static void ask_or_fail(struct net *net, uint32_t idx, plx_time due, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);
	plx_time next = time_add(due, RETRANS_TIMER);

	if (n->tries == NEIGHBOR_TRIES) {
		fail(net, idx, now);
		return;
	}
	n->tries++;
	ask(net, n, n->state == NEIGHBOR_PROBE);
	arm(net, idx, time_is_due(next, now) ? time_add(now, RETRANS_TIMER) : next);
}

static void on_timer(struct net *net, uint32_t idx, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);
	plx_time due = timer_deadline(net->neighbors.timers, idx);

	switch ((enum neighbor_state)n->state) {
	case NEIGHBOR_REACHABLE:
		enter_stale(net, idx);
		break;
	case NEIGHBOR_DELAY:
		n->state = NEIGHBOR_PROBE;
		n->tries = 0;
		ask_or_fail(net, idx, due, now);
		break;
	case NEIGHBOR_INCOMPLETE:
	case NEIGHBOR_PROBE:
		ask_or_fail(net, idx, due, now);
		break;
	case NEIGHBOR_FAILED:
		neighbor_remove(net, idx);
		break;
	case NEIGHBOR_STALE: // has no timer
		break;
	}
}

void neighbor_poll(struct net *net, plx_time now)
{
	uint32_t fired[EXPIRE_BURST];
	unsigned n;

	do {
		n = timer_wheel_expire(net->neighbors.timers, now, fired, EXPIRE_BURST);
		for (unsigned i = 0; i < n; i++)
			on_timer(net, fired[i], now);
	} while (n == EXPIRE_BURST);
}

struct neighbor_ref neighbor_find_or_begin(struct net *net, const struct plx_addr *next_hop)
{
	uint32_t idx = neighbor_find(net, next_hop);

	if (idx == INDEX_NONE)
		idx = neighbor_begin(net, next_hop);
	if (idx == INDEX_NONE)
		return neighbor_ref_none();
	return (struct neighbor_ref){idx, neighbor_at(&net->neighbors, idx)->generation};
}

void neighbor_resolve(struct net *net, uint32_t idx, plx_time now)
{
	if (neighbor_at(&net->neighbors, idx)->tries == 0)
		ask_or_fail(net, idx, now, now);
}

void neighbor_ask_again(struct net *net, uint32_t idx, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	if (time_since(now, n->since) < RETRANS_TIMER)
		return;
	n->since = now;
	ask(net, n, false);
}

void neighbor_begin_delay(struct net *net, uint32_t idx, plx_time now)
{
	neighbor_at(&net->neighbors, idx)->state = NEIGHBOR_DELAY;
	arm(net, idx, time_add(now, DELAY_FIRST_PROBE_TIME));
}

// RFC 4861 7.3.3: only of an entry that has an address can anything be confirmed.
void neighbor_restart_reachable(struct net *net, uint32_t idx, plx_time now)
{
	if (neighbor_is_usable(neighbor_at(&net->neighbors, idx)))
		enter_reachable(net, idx, now);
}

void neighbor_doubt(struct net *net, uint32_t idx)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	if (n->state == NEIGHBOR_REACHABLE && !n->is_static)
		enter_stale(net, idx);
}

void neighbor_advise_against(struct net *net, struct neighbor_ref ref)
{
	if (pool_resolve(&net->neighbors.entries, ref.idx, ref.generation) != NULL)
		neighbor_doubt(net, ref.idx);
}

// What waited is sent now, which is a use like any other.
static void on_resolved(struct net *net, uint32_t idx, plx_time now)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	if (n->held_count == 0)
		return;
	neighbor_release_held(net, idx);
	n->was_used = true;
	if (n->state == NEIGHBOR_STALE)
		neighbor_begin_delay(net, idx, now);
}

bool neighbor_learn(struct net *net, const struct plx_addr *addr, const struct mac_addr *mac,
		    enum neighbor_news news, plx_time now)
{
	uint32_t idx = neighbor_find(net, addr);
	struct mac_addr known;
	struct neighbor *n;

	if (idx == INDEX_NONE && news == NEIGHBOR_ASKS)
		idx = neighbor_begin(net, addr);
	if (idx == INDEX_NONE)
		return false;
	n = neighbor_at(&net->neighbors, idx);
	if (n->is_static)
		return true;
	known = neighbor_mac(n);
	memcpy(n->l2, mac, sizeof(*mac));
	if (news == NEIGHBOR_ANSWERS)
		enter_reachable(net, idx, now);
	else if (!neighbor_is_usable(n) || !mac_is_equal(&known, mac))
		enter_stale(net, idx);
	on_resolved(net, idx, now);
	return true;
}
