// SPDX-License-Identifier: BSD-3-Clause
//
// What two stacks have come to, held against each other, see conn_twins.h.
// Pointers differ, and the addresses of what is on its way; all else is the same.
// Called by tests of ways that must come to the same.
#include <inttypes.h>
#include <string.h>

#include <rte_mbuf.h>

#include "conn_twins.h"
#include "net/neighbor_table.h"
#include "support/mbufs.h"
#include "support/nic.h"
#include "tcp/send_queue.h"
#include "tcp/timers.h"

#define FIELD(name)                                                                          \
	{                                                                                    \
#name, offsetof(struct tcp_conn, name), sizeof(((struct tcp_conn *)0)->name) \
	}

// Enough of them to know where to look.
static const struct field {
	const char *name;
	size_t at, bytes;
} fields[] = {
	FIELD(key),
	FIELD(generation),
	FIELD(snd),
	FIELD(rcv),
	FIELD(ts_recent),
	FIELD(flags),
	FIELD(rcv_bytes),
	FIELD(events),
	FIELD(ack_segs),
	FIELD(acks_owed),
	FIELD(ready_next),
	FIELD(output_next),
	FIELD(queue),
	FIELD(cwnd),
	FIELD(ssthresh),
	FIELD(rtx),
	FIELD(recover),
	FIELD(rtt),
	FIELD(rto_deadline),
	FIELD(ack_deadline),
	FIELD(fine_armed),
	FIELD(neighbor),
	FIELD(max_snd_wnd),
	FIELD(last_sent_ms),
	FIELD(dupacks),
	FIELD(backoff),
	FIELD(pace_until_us),
	FIELD(retransmits),
	FIELD(congestion_state),
	FIELD(hystart),
	FIELD(soft_error),
};

static void fail_at(const struct twins *t, const char *about, const char *what)
{
	fail_msg("POLLUX_SEED=%" PRIu64 ": %s: they differ in %s", t->seed, about, what);
}

static const char *field_at(size_t at)
{
	for (unsigned i = 0; i < RTE_DIM(fields); i++)
		if (at - fields[i].at < fields[i].bytes)
			return fields[i].name;
	return "a field without a name here";
}

static void compare_conns(const struct twins *t, const char *about)
{
	const uint8_t *one = (const uint8_t *)t->sides[0].c, *two = (const uint8_t *)t->sides[1].c;

	for (size_t at = 0; at < sizeof(struct tcp_conn); at++) {
		if (one[at] == two[at])
			continue;
		print_error("byte %zu of the control block: %02x and %02x\n", at, one[at], two[at]);
		fail_at(t, about, field_at(at));
	}
}

static void compare_pools(const struct twins *t, const char *about, const struct pool *one,
			  const struct pool *two, const char *what)
{
	if (one->available != two->available || one->waiting != two->waiting
	    || memcmp(one->free, two->free, one->available * sizeof(one->free[0])) != 0)
		fail_at(t, about, what);
}

static bool is_same_record(const struct twins *t, uint32_t idx)
{
	const struct tcp *first = t->sides[0].tcp, *second = t->sides[1].tcp;
	const struct send_segment *one = send_segment_at(first, idx),
				  *two = send_segment_at(second, idx);

	return one->next == two->next && one->seq == two->seq && one->len_bytes == two->len_bytes
		&& one->offset == two->offset && one->sent_at == two->sent_at
		&& one->external_idx == two->external_idx && one->kind == two->kind
		&& one->flags == two->flags && (one->kind != SEND_SLAB || one->slab == two->slab)
		&& memcmp(send_segment_data(first, one), send_segment_data(second, two),
			  one->len_bytes)
		== 0;
}

static void compare_queues(const struct twins *t, const char *about)
{
	const struct tcp *one = t->sides[0].tcp, *two = t->sides[1].tcp;

	compare_pools(t, about, &one->send_segments, &two->send_segments, "free records");
	compare_pools(t, about, &one->slabs, &two->slabs, "free slabs");
	compare_pools(t, about, &one->externals, &two->externals, "free external blocks");
	for (uint32_t idx = t->sides[0].c->queue.head; idx != INDEX_NONE;
	     idx = send_segment_at(one, idx)->next)
		if (!is_same_record(t, idx))
			fail_at(t, about, "a record");
	if (memcmp(&one->ready, &two->ready, sizeof(one->ready)) != 0)
		fail_at(t, about, "the ready list");
	if (memcmp(&one->output, &two->output, sizeof(one->output)) != 0)
		fail_at(t, about, "the output list");
	if (one->is_output_blocked != two->is_output_blocked)
		fail_at(t, about, "whether output is blocked");
	if (one->spare.n != two->spare.n || one->mbufs_free != two->mbufs_free)
		fail_at(t, about, "spare buffers");
}

static bool is_same_wheel(const struct timer_wheel *one, const struct timer_wheel *two,
			  uint32_t idx)
{
	return timer_wheel_armed(one) == timer_wheel_armed(two)
		&& timer_wheel_next(one) == timer_wheel_next(two)
		&& timer_is_armed(one, idx) == timer_is_armed(two, idx)
		&& timer_deadline(one, idx) == timer_deadline(two, idx);
}

static void compare_timers(const struct twins *t, const char *about)
{
	const struct tcp *one = t->sides[0].tcp, *two = t->sides[1].tcp;
	uint32_t idx = conn_index(one, t->sides[0].c);

	if (!is_same_wheel(one->fine, two->fine, idx))
		fail_at(t, about, "the fine wheel");
	if (!is_same_wheel(one->coarse, two->coarse, idx))
		fail_at(t, about, "the coarse wheel");
	if (memcmp(one->random, two->random, sizeof(*one->random)) != 0)
		fail_at(t, about, "random numbers drawn");
}

static void compare_neighbors(const struct twins *t, const char *about)
{
	const struct neighbor_table *one = &t->sides[0].tcp->net->neighbors,
				    *two = &t->sides[1].tcp->net->neighbors;
	const struct pool *entries = &one->entries;

	if (memcmp(entries->objects, two->entries.objects,
		   (size_t)entries->count * entries->stride_bytes)
	    != 0)
		fail_at(t, about, "the neighbours");
	if (pool_used(&one->held) != pool_used(&two->held))
		fail_at(t, about, "packets held for a neighbour");
	if (timer_wheel_next(one->timers) != timer_wheel_next(two->timers))
		fail_at(t, about, "the neighbours' timers");
}

static void compare_counters(const struct twins *t, const char *about)
{
	const struct plx_stats *one = t->sides[0].tcp->stats, *two = t->sides[1].tcp->stats;

	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++)
		if (one->counters[i] != two->counters[i])
			fail_at(t, about, plx_counter_name(i));
	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		if (one->drops[i] != two->drops[i])
			fail_at(t, about, plx_drop_name(i));
}

struct wire {
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes;
	unsigned n;
};

static void on_wire(void *context, const uint8_t *bytes, size_t len_bytes)
{
	struct wire *wire = context;

	memcpy(wire->bytes, bytes, len_bytes);
	wire->len_bytes = len_bytes;
	wire->n++;
}

// As the port puts it on the wire, which frees it.
static void send_frame(struct twins *t, const char *about, struct twin *side, unsigned i,
		       struct wire *wire)
{
	const char *fault;

	wire->n = 0;
	fault = nic_send(side->frames[i], side->offloads, on_wire, wire);
	if (fault != NULL)
		fail_at(t, about, fault);
	assert_int_equal(wire->n, 1);
}

static void compare_frames(struct twins *t, const char *about)
{
	static struct wire wires[2];

	if (t->sides[0].n_frames != t->sides[1].n_frames)
		fail_at(t, about, "the number of frames");
	for (unsigned i = 0; i < t->sides[0].n_frames; i++) {
		for (unsigned k = 0; k < 2; k++)
			send_frame(t, about, &t->sides[k], i, &wires[k]);
		if (wires[0].len_bytes != wires[1].len_bytes
		    || memcmp(wires[0].bytes, wires[1].bytes, wires[0].len_bytes) != 0)
			fail_at(t, about, "a frame");
	}
	t->sides[0].n_frames = t->sides[1].n_frames = 0;
}

void twins_expect_equal(struct twins *t, const char *about)
{
	compare_conns(t, about);
	compare_queues(t, about);
	compare_timers(t, about);
	compare_neighbors(t, about);
	compare_counters(t, about);
	compare_frames(t, about);
}
