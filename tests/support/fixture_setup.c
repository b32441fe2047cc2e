// SPDX-License-Identifier: BSD-3-Clause
//
// The beginning and the end of a fixture: its plan, its stack, and the proof that nothing is left over.
// What happens in between is in fixture.c.
// Called by cmocka around every scenario, see fixture.h.
#include <stdio.h>
#include <stdlib.h>

#include "support/books.h"
#include "support/fixture.h"

enum { POOL_BUFFERS = 8192 };

struct fixture_variant fixture_ipv4 = {"IPv4", false, PLX_LINK_ETHERNET};
struct fixture_variant fixture_ipv6 = {"IPv6", true, PLX_LINK_ETHERNET};
struct fixture_variant fixture_ipv4_bare = {"IPv4, no Ethernet", false, PLX_LINK_IP};
struct fixture_variant fixture_ipv6_bare = {"IPv6, no Ethernet", true, PLX_LINK_IP};

static void plan_addresses(struct fixture *f)
{
	bool is_ipv6 = f->variant->is_ipv6;
	struct seg_path *path = &f->to_stack;

	plx_addr_parse(is_ipv6 ? "fd00::1" : "198.18.0.1", &path->src);
	plx_addr_parse(is_ipv6 ? "fd00::2" : "198.18.0.2", &path->dst);
	path->link = f->variant->link;
	path->src_port = FIXTURE_PEER_PORT;
	path->dst_port = FIXTURE_PORT;
	path->src_mac = (struct mac_addr){{2, 0, 0, 0, 0, 1}};
	path->dst_mac = (struct mac_addr){{2, 0, 0, 0, 0, 2}};
}

static void plan_config(struct fixture *f)
{
	struct plx_stack_config *config = &f->config;

	plx_stack_config_init(config);
	config->pool = mbufs_pool(0, POOL_BUFFERS);
	config->link = f->variant->link;
	config->max_neighbors = 16;
	config->max_connections = 64;
	config->max_half_open = 64;
	config->max_time_wait = 64;
	config->max_listeners = 8;
	config->max_send_segments = 4096;
	config->seeded = true;
	config->seed = 1;
	if (config->link == PLX_LINK_ETHERNET)
		memcpy(config->mac, f->to_stack.dst_mac.bytes, sizeof(config->mac));
}

// The frames of a fixture before, which the next one takes again.
static struct fixture_output *spare_outputs;

static struct fixture_output *take_outputs(void)
{
	struct fixture_output *outputs = spare_outputs;

	spare_outputs = NULL;
	return outputs != NULL ? outputs : calloc(FIXTURE_OUTPUTS, sizeof(*outputs));
}

int fixture_setup(void **state)
{
	struct fixture_variant *variant = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->outputs = take_outputs();
	if (f->outputs == NULL)
		return -1;
	f->variant = variant;
	f->now = FIXTURE_START;
	f->peer = (struct fixture_peer){
		.mss = variant->is_ipv6 ? 1440 : 1460,
		.wscale = SEG_ABSENT,
		.wnd = FIXTURE_PEER_WND,
		.isn = FIXTURE_PEER_ISN,
		.port = FIXTURE_PEER_PORT,
	};
	plan_addresses(f);
	plan_config(f);
	f->in_use_before = mbufs_in_use(f->config.pool);
	*state = f;
	return 0;
}

struct fixture *fixture_plan(void **state)
{
	return *state;
}

void fixture_set_option(struct fixture *f, enum plx_option option, int64_t value)
{
	if (f->n_options == FIXTURE_OPTIONS)
		fixture_fail(f, __FILE__, __LINE__, "too many options for a fixture");
	f->options[f->n_options++] = (struct plx_option_value){option, value};
}

// Addresses and the static neighbour are added here, unless the test has named its own.
struct fixture *fixture_bare(void **state)
{
	struct fixture *f = *state;
	struct plx_address address = {.addr = f->to_stack.dst,
				      .prefix_len = f->variant->is_ipv6 ? 64 : 24};
	struct plx_neighbor neighbor = {.addr = f->to_stack.src};
	const char *error = "?";
	int rc;

	memcpy(neighbor.mac, f->to_stack.src_mac.bytes, sizeof(neighbor.mac));
	if (f->config.n_addresses == 0) {
		f->config.addresses = &address;
		f->config.n_addresses = 1;
	}
	if (f->config.max_neighbors > 0 && f->config.link == PLX_LINK_ETHERNET
	    && f->config.neighbors == NULL) {
		f->config.neighbors = &neighbor;
		f->config.n_neighbors = 1;
	}
	f->to_stack.src_port = f->peer.port;
	f->to_stack.vlan = f->config.vlan;
	f->to_stack.outer_vlan = f->config.outer_vlan;
	judge_init(&f->judge, &f->config);
	f->judge.knows_payload = true;
	lifecycle_init(&f->life);
	rc = plx_stack_create(&f->config, &f->stack, &error);
	if (rc != 0)
		fixture_fail(f, __FILE__, __LINE__, "plx_stack_create: %s (%d)", error, rc);
	f->rcv_nxt = f->peer.isn;
	forget_output(f); // the stack announces its addresses
	return f;
}

// Everything that lives is ended, so that what is left over is a leak.
static const char *end_connections(struct fixture *f)
{
	struct plx_stats stats;
	uint32_t cursor = 0;
	plx_conn conn;

	f->holds_events = false;
	fixture_settle(f);
	if (f->is_listening && plx_close(f->stack, f->listener) != 0)
		return "the listener's handle is stale";
	while (lifecycle_next_alive(&f->life, &cursor, &conn)) {
		if (plx_abort(f->stack, conn) != 0)
			return "the handle of a living connection is stale";
		lifecycle_on_close(&f->life, conn);
	}
	fixture_settle(f);
	stats = stats_of(f);
	if (f->life.alive != 0)
		return "a connection ended without CLOSED or FAILED";
	if (stats.connections != 0)
		return "control blocks are in use without a connection";
	if (stats.listeners != 0)
		return "a listener is left over";
	return books_first_fault(&stats);
}

static void release(struct fixture *f)
{
	plx_stack_destroy(f->stack);
	judge_fini(&f->judge);
	lifecycle_fini(&f->life);
	free(spare_outputs);
	spare_outputs = f->outputs;
	free(f);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	const char *fault = NULL;
	unsigned in_use_before, missing;
	struct rte_mempool *pool;
	bool has_failed;

	if (f == NULL)
		return 0; // fixture_renew() has failed
	has_failed = f->has_failed;
	in_use_before = f->in_use_before;
	pool = f->config.pool;
	if (f->stack != NULL && !has_failed) {
		if (f->next_output != f->n_outputs)
			fault = "segments came out that the test did not expect";
		else
			fault = end_connections(f);
		if (fault != NULL)
			print_error("at the end of the scenario: %s\n", fault);
	}
	release(f);
	*state = NULL;
	missing = mbufs_in_use(pool) - in_use_before;
	if (missing != 0 && !has_failed)
		print_error("%u buffers have not come back to the pool\n", missing);
	return fault == NULL && (missing == 0 || has_failed) ? 0 : -1;
}

void fixture_renew(void **state)
{
	struct fixture *f = *state;
	struct fixture_variant *variant = f->variant;

	assert_int_equal(fixture_teardown(state), 0);
	*state = variant;
	assert_int_equal(fixture_setup(state), 0);
}
