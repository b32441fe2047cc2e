// SPDX-License-Identifier: BSD-3-Clause
//
// Control blocks from creation to the last event. A block stands at most once on the ready list and
// once on the output list; one that has ended stays until both have let go of it, so that a list never
// holds an index that has been given out anew.
// Called by the rooms of tcp/ and by stack/.
#include "tcp/connections.h"

#include <errno.h>
#include <string.h>

#include "tcp/keepalive.h"
#include "tcp/listener.h"
#include "tcp/reassembly.h"
#include "tcp/receive.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/timers.h"
#include "wire/checksum.h"
#include "wire/ip.h"

struct tcp_conn *conn_create(struct tcp *tcp, const struct flow_key *key, uint64_t hash,
			     uint16_t profile, bool is_listed)
{
	uint32_t idx = pool_get(&tcp->conns);
	struct tcp_conn *c;
	uint32_t generation;

	if (idx == INDEX_NONE)
		return NULL;
	if (!is_listed && flow_table_insert(tcp->flows, hash, entry_make(ENTRY_CONN, idx)) != 0) {
		pool_put(&tcp->conns, idx);
		return NULL;
	}
	c = conn_at(tcp, idx);
	generation = c->generation;
	memset(c, 0, sizeof(*c));
	c->generation = generation;
	flow_key_copy(&c->key, key);
	c->ready_next = CONN_UNLISTED;
	c->output_next = CONN_UNLISTED;
	c->neighbor = neighbor_ref_none();
	c->rto_deadline = PLX_TIME_NEVER;
	c->ack_deadline = PLX_TIME_NEVER;
	c->fine_armed = PLX_TIME_NEVER;
	c->coarse_deadline = PLX_TIME_NEVER;
	c->pseudo_sum = checksum_halve(checksum_pseudo(&key->local, &key->remote, IP_PROTOCOL_TCP));
	c->profile = profile;
	option_profile_hold(&tcp->profiles, profile);
	send_queue_init(&c->queue);
	tcp->conns_open++;
	conn_heard(tcp, c, hash);
	return c;
}

plx_conn conn_handle(const struct tcp *tcp, const struct tcp_conn *c)
{
	return (plx_conn){.index = conn_index(tcp, c), .generation = c->generation};
}

void conn_release_if_done(struct tcp *tcp, struct tcp_conn *c)
{
	bool is_wanted = !conn_has(c, CONN_ENDED) || c->events != 0
		|| c->ready_next != CONN_UNLISTED || output_list_holds(c);

	if (!is_wanted)
		pool_put(&tcp->conns, conn_index(tcp, c));
}

static uint64_t hash_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	return tcp->heard == c ? tcp->heard_hash : flow_hash(&tcp->flow_secret, &c->key);
}

void conn_clear(struct tcp *tcp, struct tcp_conn *c)
{
	send_queue_clear(tcp, c);
	receive_clear(c);
	reassembly_clear(c);
}

// What conn_end() and conn_end_as() share; the flow table is the caller's.
static void finish(struct tcp *tcp, struct tcp_conn *c, int error)
{
	timers_stop(tcp, c);
	conn_clear(tcp, c);
	option_profile_release(&tcp->profiles, c->profile);
	state_set(c, PLX_STATE_CLOSED);
	tcp_count(tcp, error == 0 ? PLX_COUNTER_CONN_CLOSED : PLX_COUNTER_CONN_FAILED);
	c->flags |= CONN_ENDED;
	tcp->conns_open--;
	c->error = (uint8_t)-error;
	if (conn_has(c, CONN_UNFETCHED)) {
		// The user never knew the handle: no event, and the backlog has room again.
		listener_on_fetched(tcp, c);
		c->events = 0;
		conn_release_if_done(tcp, c);
		return;
	}
	c->events &= PLX_EVENT_SENT;
	conn_raise(tcp, c, error == 0 ? PLX_EVENT_CLOSED : PLX_EVENT_FAILED);
}

void conn_end(struct tcp *tcp, struct tcp_conn *c, int error)
{
	uint64_t hash = hash_of(tcp, c);

	if (conn_has(c, CONN_OFF_WIRE)) {
		tcp->conns_off_wire--;
		c->flags &= ~CONN_OFF_WIRE;
	} else if (conn_has(c, CONN_TOOK_OVER)) {
		time_wait_give_back(tcp, c, hash);
	} else {
		flow_table_remove(tcp->flows, hash, entry_make(ENTRY_CONN, conn_index(tcp, c)));
	}
	finish(tcp, c, error);
}

void conn_leave_wire(struct tcp *tcp, struct tcp_conn *c, uint32_t successor)
{
	uint64_t hash = hash_of(tcp, c);
	uint32_t entry = entry_make(ENTRY_CONN, conn_index(tcp, c));

	if (successor == INDEX_NONE)
		flow_table_remove(tcp->flows, hash, entry);
	else
		flow_table_replace(tcp->flows, hash, entry, successor);
	timers_stop(tcp, c);
	keepalive_end(c);
	c->coarse_deadline = PLX_TIME_NEVER;
	c->flags |= CONN_OFF_WIRE;
	tcp->conns_off_wire++;
}

void conn_end_as(struct tcp *tcp, struct tcp_conn *c, uint32_t successor)
{
	uint64_t hash = hash_of(tcp, c);

	flow_table_replace(tcp->flows, hash, entry_make(ENTRY_CONN, conn_index(tcp, c)), successor);
	finish(tcp, c, 0);
}

void conn_reset(struct tcp *tcp, struct tcp_conn *c, int error)
{
	c->flags |= CONN_RST_OWED;
	c->error = (uint8_t)-error;
	conn_wants_output(tcp, c);
}

void conn_raise(struct tcp *tcp, struct tcp_conn *c, unsigned events)
{
	conn_raise_at(tcp, c, conn_index(tcp, c), events);
}

bool conn_is_starved(const struct tcp *tcp, const struct tcp_conn *c)
{
	return conn_has(c, CONN_WANTS_WRITABLE) && !conn_has(c, CONN_ENDED | CONN_USER_CLOSED)
		&& c->queue.bytes < conn_option(tcp, c, PLX_OPTION_SEND_BUFFER);
}

void conn_push_output(struct tcp *tcp, struct tcp_conn *c)
{
	output_list_push(tcp, c, conn_index(tcp, c));
}
