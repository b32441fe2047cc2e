// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.1, passive OPEN, and what CLOSE means to a listener. Half-open entries carry the listener's
// generation, so that they end with it without being searched for.
// Called by tcp/user and the rooms of the passive handshake.
#include "tcp/listener.h"

#include <errno.h>
#include <string.h>

#include "net/interface.h"
#include "tcp/connections.h"
#include "tcp/keepalive.h"
#include "wire/addr.h"

struct listener *listener_at(const struct tcp *tcp, uint32_t idx, uint32_t generation)
{
	struct listener *listener = pool_resolve(&tcp->listeners, idx, generation);

	return listener != NULL && listener->is_open ? listener : NULL;
}

struct listener *listener_resolve(const struct tcp *tcp, plx_conn handle)
{
	if ((handle.index & LISTENER_HANDLE_BIT) == 0)
		return NULL;
	return listener_at(tcp, handle.index & ~LISTENER_HANDLE_BIT, handle.generation);
}

uint32_t listener_index(const struct tcp *tcp, const struct listener *listener)
{
	return (uint32_t)(listener - (const struct listener *)(const void *)tcp->listeners.objects);
}

// Whoever listens on many addresses has the same port on all of them.
static uint32_t *bucket_of(const struct tcp *tcp, const struct plx_addr *local, uint16_t port)
{
	uint64_t words[2];

	memcpy(words, local->bytes, sizeof(words));
	// The upper bits of the product depend on all of the lower ones.
	words[0] = (words[0] ^ words[1] ^ words[1] >> 32 ^ port) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t *)&tcp->listener_buckets[words[0] >> (64 - LISTENER_BUCKET_BITS)];
}

static struct listener *find_exact(const struct tcp *tcp, const struct plx_addr *local,
				   uint16_t port)
{
	for (uint32_t idx = *bucket_of(tcp, local, port); idx != INDEX_NONE;) {
		struct listener *listener = pool_at(&tcp->listeners, idx);

		if (listener->port == port && addr_is_equal(&listener->local, local))
			return listener;
		idx = listener->next;
	}
	return NULL;
}

struct listener *listener_find(const struct tcp *tcp, const struct plx_addr *local, uint16_t port)
{
	static const struct plx_addr any;
	struct listener *listener = find_exact(tcp, local, port);

	return listener != NULL ? listener : find_exact(tcp, &any, port);
}

static void enter_timing_class(struct tcp *tcp, struct listener *listener)
{
	plx_duration initial = (plx_duration)option_profile_value(&tcp->profiles, listener->profile,
								  PLX_OPTION_RTO_INITIAL);
	plx_duration max = (plx_duration)option_profile_value(&tcp->profiles, listener->profile,
							      PLX_OPTION_RTO_MAX);
	unsigned chosen = TIMING_CLASSES - 1;

	for (unsigned i = TIMING_CLASSES; i-- > 0;) {
		const struct timing_class *class = &tcp->timing_classes[i];

		if (class->listeners > 0 && class->initial == initial && class->max == max) {
			chosen = i;
			break;
		}
		if (class->listeners == 0)
			chosen = i;
	}
	if (tcp->timing_classes[chosen].listeners++ == 0) {
		tcp->timing_classes[chosen].initial = initial;
		tcp->timing_classes[chosen].max = max;
	}
	listener->timing_class = (uint8_t)chosen;
}

void listener_choose_timing(struct tcp *tcp, struct listener *listener)
{
	tcp->timing_classes[listener->timing_class].listeners--;
	enter_timing_class(tcp, listener);
}

int listener_open(struct tcp *tcp, const struct plx_listen_args *args, plx_conn *handle)
{
	struct listener *listener;
	uint16_t profile = 0;
	uint32_t idx;
	uint32_t *bucket;
	int rc;

	if (args->port == 0)
		return -EINVAL;
	if (!plx_addr_is_any(&args->local) && !interface_has_address(tcp->net, &args->local))
		return -EADDRNOTAVAIL;
	if (find_exact(tcp, &args->local, args->port) != NULL)
		return -EADDRINUSE;
	option_profile_hold(&tcp->profiles, profile);
	rc = option_profile_change(&tcp->profiles, &profile, args->options, args->n_options);
	idx = rc == 0 ? pool_get(&tcp->listeners) : INDEX_NONE;
	if (idx == INDEX_NONE) {
		option_profile_release(&tcp->profiles, profile);
		return rc == 0 ? -ENOBUFS : rc;
	}
	listener = pool_at(&tcp->listeners, idx);
	bucket = bucket_of(tcp, &args->local, args->port);
	*listener = (struct listener){
		.generation = listener->generation,
		.next = *bucket,
		.local = args->local,
		.port = args->port,
		.profile = profile,
		.is_open = true,
		.backlog = args->backlog == 0 ? 1024 : args->backlog,
		.user = args->user,
	};
	*bucket = idx;
	enter_timing_class(tcp, listener);
	*handle = (plx_conn){idx | LISTENER_HANDLE_BIT, listener->generation};
	return 0;
}

// Established connections that nobody has fetched all stand on the ready list.
static void abort_unfetched(struct tcp *tcp, uint32_t listener_idx, uint32_t generation)
{
	for (uint32_t idx = tcp->ready.head; idx != INDEX_NONE;) {
		struct tcp_conn *c = conn_at(tcp, idx);

		idx = c->ready_next;
		if (conn_has(c, CONN_UNFETCHED) && !conn_has(c, CONN_ENDED)
		    && c->listener == listener_idx && c->listener_generation == generation)
			conn_reset(tcp, c, -ECONNABORTED);
	}
}

void listener_close(struct tcp *tcp, struct listener *listener)
{
	uint32_t idx = listener_index(tcp, listener);
	uint32_t *link = bucket_of(tcp, &listener->local, listener->port);

	abort_unfetched(tcp, idx, listener->generation);
	while (*link != idx)
		link = &((struct listener *)pool_at(&tcp->listeners, *link))->next;
	*link = listener->next;
	listener->is_open = false;
	tcp->timing_classes[listener->timing_class].listeners--;
	option_profile_release(&tcp->profiles, listener->profile);
	pool_put(&tcp->listeners, idx);
}

void listener_on_fetched(struct tcp *tcp, struct tcp_conn *c)
{
	struct listener *listener = listener_at(tcp, c->listener, c->listener_generation);

	if (listener != NULL)
		listener->unfetched--;
	c->flags &= ~CONN_UNFETCHED;
	c->coarse_deadline = PLX_TIME_NEVER;
	keepalive_begin(tcp, c);
}
