// SPDX-License-Identifier: BSD-3-Clause
//
// A stack on bare IP that is never polled, see tcp_fixture.h.
// Connections are made by tcp/connections, as the engine makes them.
// Called by tests of rooms of engine/tcp.
#include "tcp_fixture.h"

#include "stack/stack.h"
#include "support/mbufs.h"
#include "support/seed.h"
#include "tcp/connections.h"
#include "tcp/spare_mbufs.h"
#include "tcp/state.h"

enum { POOL_BUFFERS = 4096 };

struct tcp_fixture tcp_fixture_prepare(void)
{
	struct tcp_fixture f = {0};

	random_init_seed(&f.random, test_seed());
	plx_stack_config_init(&f.config);
	f.config.pool = mbufs_pool(0, POOL_BUFFERS);
	f.config.link = PLX_LINK_IP;
	f.config.max_connections = 256;
	f.config.max_half_open = 64;
	f.config.max_time_wait = 256;
	f.config.max_listeners = 8;
	f.config.seeded = true;
	f.config.seed = test_seed();
	return f;
}

void tcp_fixture_open(struct tcp_fixture *f)
{
	struct plx_address address = {.prefix_len = 24};
	const char *error = "";

	assert_int_equal(plx_addr_parse("198.18.0.2", &address.addr), 0);
	if (f->config.n_addresses == 0) {
		f->config.addresses = &address;
		f->config.n_addresses = 1;
	}
	f->mbufs_before = mbufs_in_use(f->config.pool);
	if (plx_stack_create(&f->config, &f->stack, &error) != 0)
		fail_msg("no stack: %s", error);
	f->tcp = &f->stack->tcp;
	tcp_set_time(f->tcp, 1000 * PLX_SECOND);
}

void tcp_fixture_close(struct tcp_fixture *f)
{
	assert_int_equal(pool_used(&f->tcp->conns), 0);
	assert_int_equal(f->tcp->conns_open, 0);
	assert_int_equal(pool_used(&f->tcp->send_segments), 0);
	assert_int_equal(pool_used(&f->tcp->slabs), 0);
	assert_int_equal(pool_used(&f->tcp->externals), 1); // the one of all permanent memory
	assert_int_equal(f->tcp->profiles.profiles[0].users, 1);
	spare_mbufs_return(f->tcp); // as plx_output() does, which nobody calls here
	assert_int_equal(mbufs_in_use(f->config.pool), f->mbufs_before);
	plx_stack_destroy(f->stack);
	assert_int_equal(mbufs_in_use(f->config.pool), f->mbufs_before);
}

struct flow_key tcp_fixture_key(const char *remote, uint16_t local_port)
{
	struct flow_key key = {.local_port = local_port, .remote_port = FIXTURE_REMOTE_PORT};

	assert_int_equal(plx_addr_parse("198.18.0.2", &key.local), 0);
	assert_int_equal(plx_addr_parse(remote, &key.remote), 0);
	return key;
}

struct tcp_conn *tcp_fixture_conn(struct tcp_fixture *f, const struct flow_key *key, uint32_t iss,
				  uint32_t irs)
{
	struct tcp_conn *c = conn_create(f->tcp, key, flow_hash(&f->tcp->flow_secret, key), 0,
					 false);

	assert_non_null(c);
	state_set(c, PLX_STATE_SYN_SENT);
	state_set(c, PLX_STATE_ESTABLISHED);
	c->iss = iss;
	c->snd.una = c->snd.nxt = c->rtx = iss + 1;
	c->irs = irs;
	c->rcv.nxt = c->rcv.adv = irs + 1;
	c->mss = 1460;
	return c;
}

void tcp_fixture_end(struct tcp_fixture *f, struct tcp_conn *c)
{
	conn_end(f->tcp, c, 0);
	tcp_fixture_settle(f);
}

void tcp_fixture_settle(struct tcp_fixture *f)
{
	struct tcp_conn *c;

	while ((c = output_list_pop(f->tcp)) != NULL)
		conn_release_if_done(f->tcp, c);
	while ((c = ready_list_pop(f->tcp)) != NULL) {
		c->events = 0;
		conn_release_if_done(f->tcp, c);
	}
	pool_commit(&f->tcp->conns);
}
