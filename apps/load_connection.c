// SPDX-License-Identifier: BSD-3-Clause
//
// The events of a connection and what follows from each. A request is lost in one place
// (lose_request), a connection in two (fail, when we give it up; on_ended, when it ends), so that
// every incident is counted once.
// Called by load.
#include "apps/load_connection.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define TUPLES_TRIED 8 // pairs of source and port per attempt, before it waits
#define CONNECT_AGAIN_AFTER (10 * PLX_MILLISECOND)

void load_connection_set_state(struct load *load, struct load_connection *c, enum load_state state,
			       plx_time now)
{
	if (c->state < LOAD_LISTS)
		TAILQ_REMOVE(&load->lists[c->state], c, link);
	if (state < LOAD_LISTS)
		TAILQ_INSERT_TAIL(&load->lists[state], c, link);
	load->n[c->state]--;
	load->n[state]++;
	c->state = state;
	c->since = now;
}

// It has no connection, or none any more. A request that is bound to it is what it wants one for.
static void rest(struct load *load, struct load_connection *c, bool has_failed, plx_time now)
{
	enum load_state state = LOAD_WANTING;

	if (!c->has_request && load->is_over)
		state = LOAD_VACANT;
	else if (!c->has_request && has_failed)
		state = LOAD_COOLING;
	else if (!c->has_request && load->is_on_demand)
		state = LOAD_VACANT;
	load_connection_set_state(load, c, state, now);
}

void load_connection_close(struct load *load, struct load_connection *c, plx_time now)
{
	load_connection_set_state(load, c, LOAD_CLOSING, now);
	plx_close(load->stack, c->conn);
}

static void lose_request(struct load *load, struct load_connection *c, enum load_error error)
{
	load->results.errors[error]++;
	if (c->has_request)
		load->results.requests_failed++;
	c->has_request = false;
}

void load_connection_fail(struct load *load, struct load_connection *c, enum load_error error,
			  plx_time now)
{
	lose_request(load, c, error);
	if (c->state < LOAD_IDLE) {
		rest(load, c, true, now);
		return;
	}
	load_connection_set_state(load, c, LOAD_ABORTED, now);
	plx_abort(load->stack, c->conn);
}

static bool is_last_request(const struct load *load, const struct load_connection *c)
{
	return c->n_requests == load->config.requests_per_connection;
}

// What does not fit is sent on WRITABLE.
static void send_request(struct load *load, struct load_connection *c)
{
	uint32_t len;
	const char *text = load_request_text(&load->request, c->port, is_last_request(load, c),
					     &len);
	int64_t n = plx_send(load->stack, c->conn, text + c->sent_bytes, len - c->sent_bytes);

	if (n <= 0)
		return;
	c->sent_bytes += (uint32_t)n;
	c->is_sent = c->sent_bytes == len;
	load->results.tx_bytes += (uint64_t)n;
}

static void bind_request(struct load *load, struct load_connection *c, plx_time due)
{
	c->has_request = true;
	c->due = due;
	load->results.requests_sent++;
}

// The request that is bound goes out on the connection, which may still be connecting.
static void start_request(struct load *load, struct load_connection *c)
{
	c->n_requests += c->n_requests < UINT32_MAX;
	c->sent_bytes = 0;
	c->is_sent = false;
	http_reply_begin(&c->reply);
	if (load->config.echo_bytes > 0)
		load_request_begin_echo(&load->request, &c->reply);
	send_request(load, c);
}

void load_connection_begin_request(struct load *load, struct load_connection *c, plx_time due,
				   plx_time now)
{
	bind_request(load, c, due);
	if (c->state == LOAD_VACANT) {
		load_connection_set_state(load, c, LOAD_WANTING, now);
		return;
	}
	load_connection_set_state(load, c, LOAD_BUSY, now);
	start_request(load, c);
}

// It is established and has no request.
static void go_on(struct load *load, struct load_connection *c, plx_time now)
{
	if (load->is_over || now >= load->end_at)
		load_connection_close(load, c, now);
	else if (!load->is_open_loop && !load->is_opening)
		load_connection_begin_request(load, c, now, now);
	else if (load->schedule.next <= now && load->n[LOAD_IDLE] == 0)
		load_connection_begin_request(load, c, load_schedule_take(&load->schedule), now);
	else
		load_connection_set_state(load, c, LOAD_IDLE, now);
}

struct plx_addr load_source_address(const struct load *load, uint32_t index)
{
	uint64_t words[2];
	struct plx_addr addr;

	memcpy(words, load->config.source_first.bytes, sizeof(words));
	words[1] = htobe64(be64toh(words[1]) + index);
	if (be64toh(words[1]) < index)
		words[0] = htobe64(be64toh(words[0]) + 1);
	memcpy(addr.bytes, words, sizeof(words));
	return addr;
}

static uint32_t next_of(uint32_t index, uint32_t count)
{
	return index + 1 < count ? index + 1 : 0;
}

// Sources and ports in turn, out of step by one more after each common round: so every pair has its
// turn.
static void next_tuple(struct load *load)
{
	load->next_source = next_of(load->next_source, load->n_sources);
	// In time: whoever loads it whole right after it was stored in words waits for the stores before it.
	load->next_source_address = load_source_address(load, load->next_source);
	load->next_port = next_of(load->next_port, load->n_ports);
	if (--load->turns_left == 0) {
		load->turns_left = load->turns;
		load->next_port = next_of(load->next_port, load->n_ports);
	}
}

// A connection that cannot be had now is asked for again later; any other refusal ends this
// attempt.
static bool on_refused(struct load *load, struct load_connection *c, int err, plx_time now)
{
	if (err != -EADDRNOTAVAIL && err != -ENOBUFS) {
		load_connection_fail(
			load, c, err == -ENETUNREACH ? LOAD_ERROR_UNREACHABLE : LOAD_ERROR_OTHER,
			now);
		return true;
	}
	if (!c->is_refusal_counted)
		load->results.errors[err == -ENOBUFS ? LOAD_ERROR_NO_BUFFER : LOAD_ERROR_NO_PORT]++;
	c->is_refusal_counted = true;
	load->connect_at = now + CONNECT_AGAIN_AFTER;
	return false;
}

bool load_connection_connect(struct load *load, struct load_connection *c, plx_time now)
{
	struct plx_connect_args args = {.remote = load->config.target,
					.user = c,
					.options = load->options,
					.n_options = load->config.n_options};
	uint64_t n_tuples = (uint64_t)load->n_sources * load->n_ports;
	int err = -EADDRNOTAVAIL;

	for (unsigned i = 0; i < TUPLES_TRIED && i < n_tuples && err == -EADDRNOTAVAIL; i++) {
		args.local = load->next_source_address;
		args.remote_port = (uint16_t)(load->config.port_first + load->next_port);
		err = plx_connect(load->stack, &args, &c->conn);
		next_tuple(load);
	}
	if (err < 0)
		return on_refused(load, c, err, now);

	load->results.connections_opened++;
	c->port = args.remote_port;
	c->n_requests = 0;
	c->is_peer_closed = false;
	c->is_refusal_counted = false;
	load_connection_set_state(load, c, LOAD_CONNECTING, now);
	if (!c->has_request && !load->is_open_loop && !load->is_opening)
		bind_request(load, c, now);
	if (c->has_request)
		start_request(load, c); // it rides on the handshake's third segment
	return true;
}

static void on_connected(struct load *load, struct load_connection *c, plx_time now)
{
	load->results.connections_established++;
	connection_settings_read(&load->results.settings, load->stack, c->conn);
	if (load->window < load->window_max)
		load->window++;
	if (c->has_request)
		load_connection_set_state(load, c, LOAD_BUSY, now);
	else
		go_on(load, c, now);
}

static void count_answer(struct load *load, const struct load_connection *c, plx_time now)
{
	struct load_results *results = &load->results;

	if (c->reply.status < 400) {
		results->requests_answered++;
		results->connections_answered += c->n_requests == 1;
		histogram_record(&results->latency, now - c->due);
		return;
	}
	results->requests_failed++;
	results->errors[LOAD_ERROR_BAD_STATUS]++;
	if (results->bad_status == 0)
		results->bad_status = c->reply.status;
}

// The connection is free again, unless the target closes it, which is waited for.
static void on_response(struct load *load, struct load_connection *c, plx_time now)
{
	count_answer(load, c, now);
	c->has_request = false;
	if (!c->reply.is_keep_alive || c->is_peer_closed)
		load_connection_set_state(load, c, LOAD_ENDING, now);
	else if (is_last_request(load, c))
		load_connection_close(load, c, now);
	else
		go_on(load, c, now);
}

static void read_response(struct load *load, struct load_connection *c, size_t len, plx_time now)
{
	enum http_reply_verdict verdict = HTTP_REPLY_BAD;
	size_t used = 0;

	if (c->has_request && load->config.echo_bytes > 0)
		verdict = load_request_read_echo(&load->request, &c->reply, load->chunk, len,
						 &used);
	else if (c->has_request)
		verdict = http_reply_read(&c->reply, &load->repeated, load->chunk, len, &used);
	if (verdict == HTTP_REPLY_MORE)
		c->since = now;
	else if (verdict == HTTP_REPLY_COMPLETE && used == len && c->is_sent)
		on_response(load, c, now);
	else
		load_connection_fail(load, c, LOAD_ERROR_BAD_RESPONSE, now);
}

// RFC 9112 9.3.1: a target may close a connection between requests at any time; a request that
// crossed with its FIN is sent again on another connection.
static bool has_crossed(const struct load_connection *c)
{
	return c->state == LOAD_BUSY && c->is_peer_closed && c->n_requests > 1
		&& http_reply_is_untouched(&c->reply);
}

// The target has closed, and everything it sent is read.
static void on_peer_closed(struct load *load, struct load_connection *c, plx_time now)
{
	if (has_crossed(c)) {
		load->results.requests_retried++;
	} else if (c->has_request) {
		switch (http_reply_end(&c->reply)) {
		case HTTP_REPLY_COMPLETE:
			on_response(load, c, now);
			break;
		case HTTP_REPLY_SHORT:
			lose_request(load, c, LOAD_ERROR_SHORT_BODY);
			break;
		default:
			lose_request(load, c, LOAD_ERROR_BAD_RESPONSE);
		}
	}
	load_connection_close(load, c, now);
}

static void receive(struct load *load, struct load_connection *c, plx_time now)
{
	int64_t n;

	do {
		n = plx_recv(load->stack, c->conn, load->chunk, LOAD_CHUNK_BYTES, 0);
		if (n == 0)
			on_peer_closed(load, c, now);
		if (n <= 0)
			return;
		load->results.rx_bytes += (uint64_t)n;
		read_response(load, c, (size_t)n, now);
	} while (c->state < LOAD_CLOSING && (n == LOAD_CHUNK_BYTES || c->is_peer_closed));
}

static enum load_error error_of(int32_t error)
{
	switch (error) {
	case -ECONNREFUSED:
		return LOAD_ERROR_REFUSED;
	case -ECONNRESET:
		return LOAD_ERROR_RESET;
	case -ETIMEDOUT:
		return LOAD_ERROR_TIMEOUT;
	case -EHOSTUNREACH:
	case -ENETUNREACH:
		return LOAD_ERROR_UNREACHABLE;
	case -ENOBUFS:
		return LOAD_ERROR_NO_BUFFER;
	default:
		return LOAD_ERROR_OTHER;
	}
}

// The last event. A reset that answers what crossed with the target's own FIN is an end in order.
static void on_ended(struct load *load, struct load_connection *c, const struct plx_event *event,
		     plx_time now)
{
	bool is_crossed = has_crossed(c);
	bool is_settled = c->state == LOAD_CLOSING || is_crossed || !c->has_request;
	bool is_in_order = (event->mask & PLX_EVENT_CLOSED) != 0
		|| (c->is_peer_closed && is_settled && c->state != LOAD_ABORTED);

	load->connect_at = 0; // its port is free again
	load->results.requests_retried += is_crossed;
	if (is_in_order) {
		load->results.connections_closed++;
	} else {
		load->results.connections_failed++;
		if (c->state != LOAD_ABORTED)
			lose_request(load, c, error_of(event->error));
	}
	rest(load, c, !is_in_order, now);
}

void load_connection_on_event(struct load *load, struct load_connection *c,
			      const struct plx_event *event, plx_time now)
{
	if (event->mask & PLX_EVENT_PEER_CLOSED)
		c->is_peer_closed = true;
	if (event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) {
		on_ended(load, c, event, now);
		return;
	}
	if (c->state == LOAD_CLOSING || c->state == LOAD_ABORTED)
		return;
	if (event->mask & PLX_EVENT_CONNECTED)
		on_connected(load, c, now);
	if ((event->mask & PLX_EVENT_WRITABLE) && c->has_request && !c->is_sent)
		send_request(load, c);
	if (event->mask & (PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED))
		receive(load, c, now);
}
