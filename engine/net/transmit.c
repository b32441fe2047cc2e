// SPDX-License-Identifier: BSD-3-Clause
//
// The slow way of net_transmit(): the next hop is looked up anew, or has to be asked for, or is
// known not to answer.
// Called by net_transmit() when neither the connection's own reference does nor that by which the destination was
// reached last.
#include "net/transmit.h"

static bool is_there(const struct net *net, const struct neighbor_ref *ref)
{
	return pool_resolve(&net->neighbors.entries, ref->idx, ref->generation) != NULL;
}

// The neighbour of the route to `dst`. It is remembered as that of `dst`, and by itself: many destinations have one
// gateway. False: there is no route.
static bool find_next_hop(struct net *net, const struct plx_addr *dst, struct neighbor_ref *ref)
{
	struct next_hop *last;
	struct plx_addr hop;
	bool is_direct;

	if (!route_next_hop(net, dst, &hop))
		return false;
	last = next_hop_place(net, &hop);
	is_direct = route_is_connected(net, &hop); // else another gateway leads to it
	*ref = last->ref;
	if (!is_direct || !addr_is_equal(&last->dst, &hop) || !is_there(net, ref))
		*ref = neighbor_find_or_begin(net, &hop);
	if (is_direct)
		*last = (struct next_hop){hop, *ref};
	*next_hop_place(net, dst) = (struct next_hop){*dst, *ref};
	return true;
}

enum net_tx net_transmit_unresolved(struct net *net, struct rte_mbuf *m, struct neighbor_ref *ref,
				    const struct plx_addr *dst, plx_time now)
{
	uint8_t *l2 = transmit_link_at(net, m);
	enum neighbor_answer answer = neighbor_header(net, *ref, l2, now);

	if (answer == NEIGHBOR_GONE) {
		if (!find_next_hop(net, dst, ref)) {
			rte_pktmbuf_free(m);
			return NET_TX_UNREACHABLE;
		}
		answer = neighbor_header(net, *ref, l2, now);
	}
	switch (answer) {
	case NEIGHBOR_USABLE:
		return transmit_ready(net, m);
	case NEIGHBOR_UNRESOLVED:
		neighbor_hold(net, ref->idx, m);
		neighbor_resolve(net, ref->idx, now);
		return NET_TX_HELD;
	case NEIGHBOR_UNREACHABLE:
		neighbor_ask_again(net, ref->idx, now);
		rte_pktmbuf_free(m);
		return NET_TX_UNREACHABLE;
	case NEIGHBOR_GONE: // there is no entry to be had
		break;
	}
	rte_pktmbuf_free(m);
	net_count(net, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED);
	return NET_TX_DROPPED;
}

enum net_tx net_transmit_answer(struct net *net, struct rte_mbuf *m, struct neighbor_ref *ref,
				const struct plx_addr *dst, plx_time now)
{
	enum net_tx outcome = net_transmit(net, m, ref, dst, now);

	if (outcome == NET_TX_READY && !answer_push(net, m))
		return NET_TX_QUEUE_FULL;
	return outcome;
}

enum plx_drop net_tx_drop(enum net_tx outcome)
{
	switch (outcome) {
	case NET_TX_READY:
	case NET_TX_HELD:
		return PLX_DROP_NONE;
	case NET_TX_UNREACHABLE:
		return PLX_DROP_NEIGHBOR_UNREACHABLE;
	case NET_TX_DROPPED:
		return PLX_DROP_NEIGHBOR_TABLE_FULL;
	case NET_TX_QUEUE_FULL:
		break;
	}
	return PLX_DROP_STACK_NO_BUFFER;
}
