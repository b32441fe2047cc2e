// SPDX-License-Identifier: BSD-3-Clause
//
// A transfer over a pair, see transfer.h.
// Connections are told apart by the client's port: the server accepts them in whatever order they come.
// Called by tests/pair.
#include "support/transfer.h"

#include <inttypes.h>

enum { PORT = 5001 };

struct end {
	struct stream streams[TRANSFER_CONNECTIONS];
	uint16_t ports[TRANSFER_CONNECTIONS]; // the client's
	unsigned count;
};

struct exchange {
	struct end ends[PAIR_SIDES];
	struct transfer *transfer;
};

static struct plx_info info_of(struct pair *pair, const struct pair_side *side, plx_conn conn)
{
	struct plx_info info = {.size = sizeof(info)};

	if (plx_get_info(side->stack, conn, &info) != 0)
		pair_fail(pair, "plx_get_info of a living connection");
	return info;
}

static struct stream *stream_of_port(struct pair *pair, struct end *end, uint16_t port)
{
	for (unsigned i = 0; i < end->count; i++)
		if (end->ports[i] == port)
			return &end->streams[i];
	pair_fail(pair, "a connection from port %u, which nobody opened", port);
}

static struct stream *accept_stream(struct pair *pair, struct pair_side *side, plx_conn conn)
{
	struct exchange *exchange = side->context;
	struct plx_info info = info_of(pair, side, conn);
	struct end *end = &exchange->ends[PAIR_SERVER];
	struct stream *s = stream_of_port(pair, end, info.remote_port);

	s->conn = conn;
	plx_conn_set_user(side->stack, conn, s);
	if (s == end->streams)
		exchange->transfer->iss_down = info.iss;
	return s;
}

static void on_event(struct pair *pair, struct pair_side *side, const struct plx_event *event)
{
	struct stream *s = event->user;

	if ((event->mask & PLX_EVENT_ACCEPTED) != 0)
		s = accept_stream(pair, side, event->conn);
	stream_on_event(s, event);
	if ((event->mask & PLX_EVENT_FAILED) != 0)
		pair_fail(pair, "the connection failed with %" PRId32, event->error);
}

static void on_turn(struct pair *pair, struct pair_side *side)
{
	struct exchange *exchange = side->context;
	struct end *end = &exchange->ends[side - pair->sides];

	for (unsigned i = 0; i < end->count; i++)
		stream_on_turn(&end->streams[i], pair, side);
}

static bool is_done(struct pair *pair)
{
	const struct exchange *exchange = pair->sides[0].context;

	for (unsigned role = 0; role < PAIR_SIDES; role++)
		for (unsigned i = 0; i < exchange->ends[role].count; i++)
			if (!stream_is_done(&exchange->ends[role].streams[i]))
				return false;
	return true;
}

// The share of the i-th of n.
static uint64_t share(uint64_t bytes, unsigned i, unsigned n)
{
	return bytes * (i + 1) / n - bytes * i / n;
}

static void begin_stream(struct pair *pair, struct exchange *exchange, unsigned i)
{
	struct transfer *transfer = exchange->transfer;
	struct end *client = &exchange->ends[PAIR_CLIENT], *server = &exchange->ends[PAIR_SERVER];
	uint64_t up = share(transfer->bytes_up, i, transfer->connections);
	uint64_t down = share(transfer->bytes_down, i, transfer->connections);
	uint32_t salt = ((uint32_t)pair->seed * TRANSFER_CONNECTIONS + i) * 2;
	struct plx_info info;

	stream_init(&client->streams[i], salt + 1, up, salt + 2, down);
	stream_init(&server->streams[i], salt + 2, down, salt + 1, up);
	for (unsigned role = 0; role < PAIR_SIDES; role++) {
		exchange->ends[role].streams[i].rest_ppm = transfer->rest_ppm;
		exchange->ends[role].streams[i].rest_max = transfer->rest_max;
	}
	client->streams[i].conn = pair_connect(pair, PORT, &client->streams[i], transfer->options,
					       transfer->n_options);
	info = info_of(pair, &pair->sides[PAIR_CLIENT], client->streams[i].conn);
	client->ports[i] = server->ports[i] = info.local_port;
	client->count = server->count = i + 1;
	if (i == 0)
		transfer->iss_up = info.iss;
}

void transfer_run(struct pair *pair, struct transfer *transfer)
{
	struct exchange exchange = {.transfer = transfer};

	if (transfer->connections == 0)
		transfer->connections = 1;
	for (unsigned role = 0; role < PAIR_SIDES; role++) {
		pair->sides[role].context = &exchange;
		pair->sides[role].on_event = on_event;
		pair->sides[role].on_turn = on_turn;
	}
	pair_listen(pair, PORT, transfer->options, transfer->n_options);
	for (unsigned i = 0; i < transfer->connections; i++)
		begin_stream(pair, &exchange, i);
	pair_run(pair, is_done, transfer->limit);
	for (unsigned role = 0; role < PAIR_SIDES; role++) {
		pair->sides[role].on_event = NULL;
		pair->sides[role].on_turn = NULL;
		for (unsigned i = 0; i < transfer->connections; i++)
			stream_fini(&exchange.ends[role].streams[i]);
	}
}
