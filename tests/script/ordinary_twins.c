// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks that must not differ, see ordinary_twins.h.
// What each does in a turn is written down as entries of a word and bytes, and these are compared.
// Called by ordinary_test.
#include "ordinary_twins.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/mbufs.h"
#include "support/pattern.h"
#include "support/seed.h"

enum {
	BUFFERS = 8192, // so many that it is no matter that chains need more of them
	EVENTS = 64,
	OUTPUTS = 32,
	READ_BYTES = 4096,
	SEND_MAX_BYTES = 4000,
	PRINTED_BYTES = 100,
};

struct entry {
	const char *what;
	size_t len_bytes;
};

static void note(struct side *s, const char *what, const void *bytes, size_t len_bytes)
{
	struct entry entry = {what, len_bytes};
	uint8_t *at = s->record.bytes + s->record.used;

	assert_true(s->record.used + sizeof(entry) + len_bytes <= TWINS_RECORD_BYTES);
	memcpy(at, &entry, sizeof(entry));
	memcpy(at + sizeof(entry), bytes, len_bytes);
	s->record.used += sizeof(entry) + len_bytes;
}

static void note_number(struct side *s, const char *what, int64_t number)
{
	note(s, what, &number, sizeof(number));
}

// The bytes in a form that may go the short way, or in one that may not: a chain, or with the word of the port that
// it took a priority tag out, which is as good as none.
static struct rte_mbuf *wrap(const struct side *s, const struct ordinary_frame *in)
{
	size_t first = s->is_general && in->cut_bytes > 0 ? in->cut_bytes : in->len_bytes;
	struct rte_mbuf *m = mbufs_frame(s->pool, in->bytes, first, 0);

	if (first < in->len_bytes) {
		struct rte_mbuf *tail = mbufs_frame(s->pool, in->bytes + first,
						    in->len_bytes - first, 0);

		assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
	}
	m->ol_flags |= in->ol_flags;
	m->vlan_tci = in->vlan_tci;
	if (s->is_general && m->nb_segs == 1 && (in->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0)
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	return m;
}

static void prepare(struct side *s, const struct ordinary_frame *in, unsigned i)
{
	struct rte_mbuf *m = wrap(s, in), *clone;

	s->given[i] = m;
	s->held[i] = NULL;
	if (in->sharing == ORDINARY_ALONE)
		return;
	clone = rte_pktmbuf_clone(m, s->pool);
	assert_non_null(clone);
	clone->ol_flags |= m->ol_flags;
	s->given[i] = in->sharing == ORDINARY_IS_CLONE ? clone : m;
	s->held[i] = in->sharing == ORDINARY_IS_CLONE ? m : clone;
}

static bool has_bytes_of(const struct rte_mbuf *m, const struct ordinary_frame *in)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];

	return rte_pktmbuf_pkt_len(m) == in->len_bytes && mbufs_copy_out(m, bytes) == in->len_bytes
		&& memcmp(bytes, in->bytes, in->len_bytes) == 0;
}

// Of one that was given, from there on.
static unsigned index_of(const struct twins *t, const struct side *s, const struct rte_mbuf *m,
			 unsigned i)
{
	while (i < t->n_burst && s->given[i] != m)
		i++;
	if (i == t->n_burst)
		fail_msg("POLLUX_SEED=%" PRIu64 ": frames are not handed back in their order",
			 t->seed);
	return i;
}

static void give_frames(struct twins *t, struct side *s)
{
	struct rte_mbuf *frames[ORDINARY_BURST];
	unsigned n_returned;

	for (unsigned i = 0; i < t->n_burst; i++) {
		prepare(s, &t->burst[i], i);
		frames[i] = s->given[i];
	}
	n_returned = plx_input(s->stack, frames, t->n_burst, t->now);
	for (unsigned r = 0, i = 0; r < n_returned; r++, i++) {
		i = index_of(t, s, frames[r], i);
		if (!has_bytes_of(frames[r], &t->burst[i]))
			fail_msg("POLLUX_SEED=%" PRIu64 ": a frame is not handed back as it came",
				 t->seed);
		note_number(s, "frame that is handed back", i);
		rte_pktmbuf_free(frames[r]);
	}
}

// What somebody else holds is as it was.
static void check_held(struct twins *t, struct side *s)
{
	for (unsigned i = 0; i < t->n_burst; i++) {
		if (s->held[i] == NULL)
			continue;
		if (!has_bytes_of(s->held[i], &t->burst[i]))
			fail_msg("POLLUX_SEED=%" PRIu64 ": a frame that is shared was written to",
				 t->seed);
		rte_pktmbuf_free(s->held[i]);
	}
}

static void read_all(struct side *s, plx_conn conn)
{
	uint8_t bytes[READ_BYTES];
	int64_t n;

	do {
		n = plx_recv(s->stack, conn, bytes, sizeof(bytes), 0);
		note_number(s, "result of plx_recv()", n);
		if (n > 0)
			note(s, "received data", bytes, (size_t)n);
	} while (n > 0);
}

// Mostly reads, often sends, now and then ends the connection.
static void act_on(struct side *s, const struct plx_event *event, struct random *dice)
{
	uint8_t bytes[SEND_MAX_BYTES];
	uint32_t len_bytes = 1 + random_below(dice, SEND_MAX_BYTES - 1);
	bool is_closing = (event->mask & PLX_EVENT_PEER_CLOSED) != 0;

	note(s, "event", event, sizeof(*event));
	if (random_below(dice, 8) != 0)
		read_all(s, event->conn);
	if (random_below(dice, 3) == 0) {
		pattern_fill(bytes, len_bytes, 0, 0);
		note_number(s, "result of plx_send()",
			    plx_send(s->stack, event->conn, bytes, len_bytes));
	}
	if (random_below(dice, is_closing ? 2 : 12) == 0)
		note_number(s, "result of plx_close()", plx_close(s->stack, event->conn));
	else if (random_below(dice, 64) == 0)
		note_number(s, "result of plx_abort()", plx_abort(s->stack, event->conn));
}

static void act(struct twins *t, struct side *s, struct random *dice)
{
	struct plx_event events[EVENTS];
	unsigned n;

	do {
		n = plx_poll(s->stack, events, EVENTS, t->now);
		for (unsigned i = 0; i < n; i++)
			act_on(s, &events[i], dice);
	} while (n == EVENTS);
}

static void take_output(struct twins *t, struct side *s)
{
	struct rte_mbuf *frames[OUTPUTS];
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	unsigned n;

	do {
		n = plx_output(s->stack, frames, OUTPUTS, t->now);
		for (unsigned i = 0; i < n; i++) {
			size_t len_bytes = mbufs_copy_out(frames[i], bytes);

			note(s, "frame that is sent", bytes, len_bytes);
			if (!s->is_general)
				ordinary_peers_hear(&t->peers, bytes, len_bytes);
		}
		rte_pktmbuf_free_bulk(frames, n);
	} while (n == OUTPUTS);
}

struct plx_stats twins_stats(const struct side *s)
{
	struct plx_stats stats;

	memset(&stats, 0, sizeof(stats)); // padding too is compared
	stats.size = sizeof(stats);
	assert_int_equal(plx_get_stats(s->stack, &stats), 0);
	return stats;
}

static void run_side(struct twins *t, struct side *s, struct random *dice)
{
	struct plx_stats stats;

	s->record.used = 0;
	give_frames(t, s);
	act(t, s, dice);
	take_output(t, s);
	check_held(t, s);
	stats = twins_stats(s);
	note(s, "statistics", &stats, sizeof(stats));
	note_number(s, "deadline", (int64_t)plx_next_deadline(s->stack));
}

static void print_stats(const struct plx_stats *one, const struct plx_stats *two)
{
	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++)
		if (one->counters[i] != two->counters[i])
			print_error("%s: %" PRIu64 " and %" PRIu64 "\n", plx_counter_name(i),
				    one->counters[i], two->counters[i]);
	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		if (one->drops[i] != two->drops[i])
			print_error("drop %s: %" PRIu64 " and %" PRIu64 "\n", plx_drop_name(i),
				    one->drops[i], two->drops[i]);
}

static void print_burst(const struct twins *t)
{
	for (unsigned i = 0; i < t->n_burst; i++) {
		const struct ordinary_frame *in = &t->burst[i];

		print_error("%u: cut %zu, sharing %d, ol_flags %" PRIx64 ":", i, in->cut_bytes,
			    (int)in->sharing, in->ol_flags);
		for (size_t k = 0; k < in->len_bytes && k < PRINTED_BYTES; k++)
			print_error(" %02x", in->bytes[k]);
		print_error(" (%zu bytes)\n", in->len_bytes);
	}
}

// Of two records that are not the same.
static void __attribute__((noreturn)) fail_at_difference(const struct twins *t)
{
	const struct record *one = &t->sides[0].record, *two = &t->sides[1].record;
	struct plx_stats stats[] = {twins_stats(&t->sides[0]), twins_stats(&t->sides[1])};
	const char *what = "number of things done";

	for (size_t at = 0; at < one->used && at < two->used;) {
		const uint8_t *a = one->bytes + at, *b = two->bytes + at;
		struct entry x, y;

		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (x.what != y.what || x.len_bytes != y.len_bytes
		    || memcmp(a + sizeof(x), b + sizeof(y), x.len_bytes) != 0) {
			what = x.what;
			print_error("%s or %s\n", x.what, y.what);
			break;
		}
		at += sizeof(x) + x.len_bytes;
	}
	print_burst(t);
	print_stats(&stats[0], &stats[1]);
	fail_msg("POLLUX_SEED=%" PRIu64 ": the %s differs", t->seed, what);
	abort();
}

void twins_turn(struct twins *t)
{
	struct random dice[] = {t->application, t->application};

	for (unsigned i = 0; i < 2; i++)
		run_side(t, &t->sides[i], &dice[i]);
	t->application = dice[0];
	if (t->sides[0].record.used != t->sides[1].record.used
	    || memcmp(t->sides[0].record.bytes, t->sides[1].record.bytes, t->sides[0].record.used)
		    != 0)
		fail_at_difference(t);
}

static void plan_path(struct seg_path *path, bool is_ipv6)
{
	*path = (struct seg_path){
		.link = PLX_LINK_ETHERNET,
		.src_mac = {{2, 0, 0, 0, 0, 1}},
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.dst_port = TWINS_PORT,
	};
	plx_addr_parse(is_ipv6 ? "fd00::1" : "198.18.0.1", &path->src);
	plx_addr_parse(is_ipv6 ? "fd00::2" : "198.18.0.2", &path->dst);
}

static void begin_side(struct twins *t, struct side *s, const struct variant *v)
{
	const struct seg_path *path = &t->peers.path;
	struct plx_address address = {.addr = path->dst, .prefix_len = v->is_ipv6 ? 64 : 24};
	struct plx_neighbor neighbor = {.addr = path->src};
	struct plx_route route = {.gateway = path->src};
	struct plx_listen_args args = {.port = TWINS_PORT};
	struct plx_stack_config config;
	plx_conn listener;

	plx_addr_parse(v->is_ipv6 ? "2001:db8::" : "0.0.0.0", &route.prefix);
	memcpy(neighbor.mac, path->src_mac.bytes, sizeof(neighbor.mac));
	plx_stack_config_init(&config);
	memcpy(config.mac, path->dst_mac.bytes, sizeof(config.mac));
	config.pool = s->pool;
	config.addresses = &address;
	config.n_addresses = 1;
	config.neighbors = &neighbor;
	config.n_neighbors = 1;
	config.routes = &route;
	config.n_routes = 1;
	config.offloads = v->offloads;
	config.return_foreign = v->returns_foreign;
	config.syn_cookies = v->syn_cookies;
	config.max_neighbors = 16;
	config.max_connections = 64;
	config.max_half_open = 64;
	config.max_time_wait = 64;
	config.max_send_segments = 4096;
	config.time_wait = PLX_SECOND;
	config.seeded = true;
	config.seed = t->seed;
	assert_int_equal(plx_stack_create(&config, &s->stack, NULL), 0);
	assert_int_equal(plx_listen(s->stack, &args, &listener), 0);
}

void twins_begin(struct twins *t, const struct variant *v)
{
	struct seg_path path;

	plan_path(&path, v->is_ipv6);
	t->seed = test_seed();
	t->now = 1000 * PLX_SECOND;
	t->n_burst = 0;
	random_init_seed(&t->application, t->seed + 1);
	ordinary_peers_init(&t->peers, &path, t->seed + 2);
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = &t->sides[i];

		s->pool = mbufs_pool(i, BUFFERS);
		s->in_use_before = mbufs_in_use(s->pool);
		s->is_general = i == 1;
		begin_side(t, s, v);
	}
}

void twins_end(struct twins *t, struct plx_stats *sums)
{
	struct plx_stats stats = twins_stats(&t->sides[0]);
	struct plx_books books = plx_books_of(&stats);

	assert_true(books.closed);
	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++)
		sums->counters[i] += stats.counters[i];
	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		sums->drops[i] += stats.drops[i];
	for (unsigned i = 0; i < 2; i++) {
		plx_stack_destroy(t->sides[i].stack);
		assert_int_equal(mbufs_in_use(t->sides[i].pool), t->sides[i].in_use_before);
	}
}

void twins_connect(struct twins *t, const struct plx_addr *remote, uint16_t remote_port)
{
	struct plx_connect_args args = {
		.local = t->peers.path.dst,
		.local_port = TWINS_PORT,
		.remote = *remote,
		.remote_port = remote_port,
	};
	int results[2];

	for (unsigned i = 0; i < 2; i++) {
		plx_conn conn;

		results[i] = plx_connect(t->sides[i].stack, &args, &conn);
	}
	assert_int_equal(results[0], results[1]);
}
