// SPDX-License-Identifier: BSD-3-Clause
//
// Every error that the public headers promise, call by call, and handles that outlive their connection.
// pollux/conn.h, stack.h, option.h, info.h, stats.h, types.h.
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

static int create(const struct plx_stack_config *config)
{
	struct plx_stack *stack = (struct plx_stack *)0x1;
	const char *error = NULL;
	int rc = plx_stack_create(config, &stack, &error);

	if (rc == 0) {
		plx_stack_destroy(stack);
	} else {
		assert_null(stack);
		assert_non_null(error);
		assert_true(strlen(error) > 0);
	}
	return rc;
}

// stack.h: -EINVAL, a value is out of its range or contradicts another.
static void create_refuses_what_is_out_of_range(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 24};
	struct plx_stack_config good = f->config, bad;

	good.addresses = &address;
	good.n_addresses = 1;
	assert_int_equal(create(&good), 0);
#define REFUSED(field, value)                            \
	do {                                             \
		bad = good;                              \
		bad.field = value;                       \
		assert_int_equal(create(&bad), -EINVAL); \
	} while (0)
	REFUSED(size, good.size - 1);
	REFUSED(pool, NULL);
	REFUSED(n_addresses, 0);
	REFUSED(n_addresses, 65);
	REFUSED(addresses, NULL);
	REFUSED(mtu_bytes, 575);
	REFUSED(mtu_bytes, 9001);
	REFUSED(vlan, 4095);
	REFUSED(n_routes, 65);
	REFUSED(port_first, 0);
	REFUSED(max_connections, 0);
	REFUSED(burst_segments, 0);
	REFUSED(link, (enum plx_link)2);
#undef REFUSED
	bad = good;
	bad.port_first = 2000;
	bad.port_last = 1999;
	assert_int_equal(create(&bad), -EINVAL);
	address.prefix_len = 33;
	assert_int_equal(create(&good), -EINVAL);
}

// stack.h: buffers of the pool hold the headers and a small payload at least.
static void create_refuses_buffers_without_room(void **state)
{
	enum { SMALL_PAYLOAD_BYTES = 256, BUFFERS = 1023 };
	struct fixture *f = fixture_plan(state);
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 24};
	struct plx_stack_config config = f->config;

	config.addresses = &address;
	config.n_addresses = 1;
	for (unsigned lacking = 0; lacking < 2; lacking++) {
		uint16_t room = (uint16_t)(RTE_PKTMBUF_HEADROOM + SMALL_PAYLOAD_BYTES - lacking);
		struct rte_mempool *pool = rte_pktmbuf_pool_create("narrow", BUFFERS, 0, 0, room,
								   SOCKET_ID_ANY);

		assert_non_null(pool);
		config.pool = pool;
		assert_int_equal(create(&config), lacking == 0 ? 0 : -EINVAL);
		rte_mempool_free(pool);
	}
}

// stack.h: with IPv6 the MTU is 1280 at least.
static void create_refuses_a_small_mtu_with_ipv6(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 64};

	f->config.addresses = &address;
	f->config.n_addresses = 1;
	f->config.mtu_bytes = 1279;
	assert_int_equal(create(&f->config), -EINVAL);
	f->config.mtu_bytes = 1280;
	assert_int_equal(create(&f->config), 0);
}

// stack.h: -ENOMEM, and what was taken before is given back.
static void create_without_memory_is_an_answer(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 24};

	f->config.addresses = &address;
	f->config.n_addresses = 1;
	f->config.max_connections = 20000000;
	assert_true(plx_stack_bytes(&f->config) > 20000000 * UINT64_C(320));
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(create(&f->config), -ENOMEM);
	f->config.max_connections = 100000;
	assert_int_equal(create(&f->config), 0);
}

static void destroy_takes_null(void **state)
{
	(void)state;
	plx_stack_destroy(NULL);
}

static int listen_on(struct fixture *f, const struct plx_addr *local, uint16_t port, plx_conn *conn)
{
	struct plx_listen_args args = {.port = port};

	if (local != NULL)
		args.local = *local;
	return plx_listen(f->stack, &args, conn);
}

static void listen_errors(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_option_value bad = {PLX_OPTION_NAGLE, 2};
	struct plx_listen_args args = {.port = 90, .options = &bad, .n_options = 1};
	plx_conn any, exact, other;

	f->config.max_listeners = 2;
	fixture_bare(state);
	assert_int_equal(listen_on(f, NULL, 0, &any), -EINVAL);
	assert_int_equal(listen_on(f, &f->to_stack.src, 80, &any), -EADDRNOTAVAIL);
	assert_int_equal(plx_listen(f->stack, &args, &any), -ERANGE);
	assert_int_equal(listen_on(f, NULL, 80, &any), 0);
	assert_int_equal(listen_on(f, NULL, 80, &other), -EADDRINUSE);
	assert_int_equal(listen_on(f, &f->to_stack.dst, 80, &exact), 0);
	assert_int_equal(listen_on(f, &f->to_stack.dst, 80, &other), -EADDRINUSE);
	assert_int_equal(listen_on(f, NULL, 81, &other), -ENOBUFS);
	assert_int_equal(plx_close(f->stack, any), 0);
	assert_int_equal(listen_on(f, NULL, 81, &other), 0);
	assert_int_equal(plx_close(f->stack, exact), 0);
	assert_int_equal(plx_close(f->stack, other), 0);
	assert_int_equal(plx_close(f->stack, other), -EBADF);
}

// "An exact address and 'any' may share a port, the exact one wins."
static void exact_listener_wins(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct plx_listen_args args = {
		.local = f->to_stack.dst, .port = FIXTURE_PORT, .user = &args};
	plx_conn exact;

	assert_int_equal(plx_listen(f->stack, &args, &exact), 0);
	peer_sends_syn(f);
	f->rcv_nxt = f->peer.isn + 1;
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_ptr_equal(f->events[0].user, &args);
	assert_ptr_equal(plx_conn_user(f->stack, f->conn), &args);
	assert_int_equal(plx_close(f->stack, exact), 0);
}

static int connect_to(struct fixture *f, const char *remote, uint16_t port)
{
	struct plx_connect_args args = {.remote_port = port};
	plx_conn conn;

	assert_int_equal(plx_addr_parse(remote, &args.remote), 0);
	return plx_connect(f->stack, &args, &conn);
}

static void connect_errors(void **state)
{
	struct fixture *f = fixture_bare(state);
	bool is_ipv6 = f->variant->is_ipv6;
	struct plx_option_value bad = {PLX_OPTION_RTO_MIN, -1};
	struct plx_connect_args args = {.remote = f->to_stack.src, .remote_port = 80};
	plx_conn conn;

	assert_int_equal(connect_to(f, is_ipv6 ? "fd00::1" : "198.18.0.1", 0), -EINVAL);
	assert_int_equal(connect_to(f, "::", 80), -EINVAL);
	assert_int_equal(connect_to(f, "::", 0), -EINVAL); // nothing filled in at all
	assert_int_equal(connect_to(f, is_ipv6 ? "ff02::1" : "224.0.0.1", 80), -EINVAL);
	if (!is_ipv6) {
		assert_int_equal(connect_to(f, "255.255.255.255", 80), -EINVAL);
		assert_int_equal(connect_to(f, "198.18.0.255", 80), -EINVAL);
		assert_int_equal(connect_to(f, "0.1.2.3", 80), -EINVAL);
	}
	assert_int_equal(connect_to(f, is_ipv6 ? "::1" : "127.0.0.1", 80), -EINVAL);
	assert_int_equal(connect_to(f, is_ipv6 ? "fd01::1" : "10.0.0.1", 80), -ENETUNREACH);
	assert_int_equal(connect_to(f, is_ipv6 ? "198.18.0.1" : "fd00::1", 80), -ENETUNREACH);
	args.local = f->to_stack.src;
	assert_int_equal(plx_connect(f->stack, &args, &conn), -EADDRNOTAVAIL);
	args.local = f->to_stack.dst;
	args.options = &bad;
	args.n_options = 1;
	assert_int_equal(plx_connect(f->stack, &args, &conn), -ERANGE);
	expect_silence(f);
	assert_int_equal(stats_of(f).connections, 0);
}

// The hash of whom a segment came for last is kept; a connection in the same slot has another.
static void slot_used_again_is_found_by_its_own_key(void **state)
{
	struct fixture *f = fixture_connected(state);
	struct plx_connect_args args = {
		.local_port = 3333, .remote = f->to_stack.src, .remote_port = 4444};
	uint32_t was = f->conn.index;

	segment_arrives(f, SEG(.flags = TCP_RST));
	forget_events(f);
	forget_output(f);
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	assert_int_equal(f->conn.index, was);
	lifecycle_on_connect(&f->life, f->conn);
	forget_output(f);
	assert_int_equal(plx_abort(f->stack, f->conn), 0);
	forget_events(f);
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	forget_output(f);
}

static void connect_to_a_tuple_in_use(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_connect_args args = {
		.local_port = 3000, .remote = f->to_stack.src, .remote_port = 80};
	struct plx_connect_args self = {
		.local_port = 3001, .remote = f->to_stack.dst, .remote_port = 3001};
	plx_conn other;

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	assert_int_equal(plx_connect(f->stack, &args, &other), -EADDRINUSE);
	assert_int_equal(plx_connect(f->stack, &self, &other), -EADDRINUSE);
	forget_output(f);
}

static void connect_beyond_max_connections(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.max_connections = 2;
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);
	assert_int_equal(user_connects(f), 0);
	assert_int_equal(user_connects(f), -ENOBUFS);
	expect_counter(f, PLX_COUNTER_CONN_REFUSED, 1);
	forget_output(f);
}

// Every call answers -EBADF (or NULL) to this handle.
static void expect_stale(struct fixture *f, plx_conn conn)
{
	struct plx_info info = {.size = sizeof(info)};
	struct plx_external external = {.data = "x", .len_bytes = 1};
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool), *got = NULL;
	int64_t value;
	char byte = 0;

	rte_pktmbuf_append(m, 1);
	assert_int_equal(plx_recv(f->stack, conn, &byte, 1, 0), -EBADF);
	assert_int_equal(plx_recv(f->stack, conn, &byte, 1, PLX_RECV_PEEK), -EBADF);
	assert_int_equal(plx_recv_mbuf(f->stack, conn, &got), -EBADF);
	assert_int_equal(plx_readable(f->stack, conn), -EBADF);
	assert_int_equal(plx_send(f->stack, conn, &byte, 1), -EBADF);
	assert_int_equal(plx_send_mbuf(f->stack, conn, m), -EBADF);
	assert_int_equal(plx_send_external(f->stack, conn, &external), -EBADF);
	assert_int_equal(plx_writable(f->stack, conn), -EBADF);
	assert_int_equal(plx_shutdown(f->stack, conn, PLX_SHUTDOWN_WRITE), -EBADF);
	assert_int_equal(plx_close(f->stack, conn), -EBADF);
	assert_int_equal(plx_abort(f->stack, conn), -EBADF);
	assert_null(plx_conn_user(f->stack, conn));
	assert_int_equal(plx_conn_set_user(f->stack, conn, &byte), -EBADF);
	assert_int_equal(plx_get_info(f->stack, conn, &info), -EBADF);
	assert_int_equal(plx_set_option(f->stack, conn, PLX_OPTION_NAGLE, 0), -EBADF);
	assert_int_equal(plx_get_option(f->stack, conn, PLX_OPTION_NAGLE, &value), -EBADF);
	rte_pktmbuf_free(m);
}

static void handle_is_stale_after_the_last_event(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_RST));
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
	expect_stale(f, f->conn);
}

static void handles_never_given_out_are_stale(void **state)
{
	struct fixture *f = fixture_established(state);

	expect_stale(f, (plx_conn){UINT32_MAX, UINT32_MAX});
	expect_stale(f, (plx_conn){0, 0});
	expect_stale(f, (plx_conn){f->conn.index, f->conn.generation + 1});
	expect_stale(f, (plx_conn){f->conn.index + 1, f->conn.generation});
}

// "However often the slot has been used since": with one control block every connection has the same slot.
static void handle_stays_stale_when_its_slot_is_used_again(void **state)
{
	struct fixture *f = fixture_plan(state);
	plx_conn old[20];

	f->config.max_connections = 1;
	fixture_bare(state);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(user_connects(f), 0);
		old[i] = f->conn;
		for (unsigned j = 0; j < i; j++) {
			assert_false(plx_conn_is_equal(old[j], f->conn));
			expect_stale(f, old[j]);
		}
		user_aborts(f);
		forget_output(f);
		expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	}
}

static void listener_is_no_connection(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct rte_mbuf *got;
	char byte = 0;

	assert_int_equal(plx_recv(f->stack, f->listener, &byte, 1, 0), -ENOTCONN);
	assert_int_equal(plx_recv_mbuf(f->stack, f->listener, &got), -ENOTCONN);
	assert_int_equal(plx_readable(f->stack, f->listener), -ENOTCONN);
	assert_int_equal(plx_send(f->stack, f->listener, &byte, 1), -ENOTCONN);
	assert_int_equal(plx_writable(f->stack, f->listener), -ENOTCONN);
	assert_int_equal(plx_shutdown(f->stack, f->listener, PLX_SHUTDOWN_WRITE), -ENOTCONN);
	f->conn = f->listener;
	assert_int_equal(info_of(f).state, PLX_STATE_LISTEN);
	assert_int_equal(info_of(f).local_port, FIXTURE_PORT);
}

static void syn_sent_is_not_connected(void **state)
{
	struct fixture *f = fixture_syn_sent(state);
	char byte;

	assert_int_equal(plx_recv(f->stack, f->conn, &byte, 1, 0), -ENOTCONN);
	assert_int_equal(plx_readable(f->stack, f->conn), -ENOTCONN);
	assert_int_equal(plx_shutdown(f->stack, f->conn, PLX_SHUTDOWN_WRITE), -ENOTCONN);
}

static void shutdown_errors(void **state)
{
	struct fixture *f = fixture_established(state);
	char byte = 0;

	assert_int_equal(plx_shutdown(f->stack, f->conn, (enum plx_shutdown_how)3), -EINVAL);
	user_shuts_down(f, PLX_SHUTDOWN_READ);
	user_shuts_down(f, PLX_SHUTDOWN_READ);
	assert_int_equal(plx_recv(f->stack, f->conn, &byte, 1, 0), -ESHUTDOWN);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	user_shuts_down(f, PLX_SHUTDOWN_BOTH);
	assert_int_equal(plx_send(f->stack, f->conn, &byte, 1), -EPIPE);
	assert_int_equal(plx_writable(f->stack, f->conn), -EPIPE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	expect_silence(f);
}

static void send_errors(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct rte_mbuf *m, *second;

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 100);
	fixture_established(state);
	assert_int_equal(plx_send(f->stack, f->conn, NULL, 0), 0);
	m = rte_pktmbuf_alloc(f->config.pool);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), -EINVAL);
	rte_pktmbuf_append(m, 101);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), -EINVAL);
	rte_pktmbuf_trim(m, 1);
	second = rte_pktmbuf_alloc(f->config.pool);
	rte_pktmbuf_append(second, 10);
	rte_pktmbuf_chain(m, second);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), -EINVAL);
	rte_pktmbuf_free(m);
	user_sends(f, 50);
	m = rte_pktmbuf_alloc(f->config.pool);
	rte_pktmbuf_append(m, 51);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), -EAGAIN);
	rte_pktmbuf_free(m);
	forget_output(f);
}

static void info_stats_and_settings_want_their_size(void **state)
{
	struct fixture *f = fixture_established(state);
	struct plx_info info = {.size = sizeof(info) - 1};
	struct plx_stats stats = {.size = 0};
	struct plx_settings settings = {.size = sizeof(settings) + 1};

	assert_int_equal(plx_get_info(f->stack, f->conn, &info), -EINVAL);
	assert_int_equal(plx_get_stats(f->stack, &stats), -EINVAL);
	assert_int_equal(plx_get_settings(f->stack, &settings), -EINVAL);
}

static void user_pointer_is_the_applications(void **state)
{
	struct fixture *f = fixture_established(state);
	int here;

	assert_int_equal(plx_conn_set_user(f->stack, f->conn, &here), 0);
	assert_ptr_equal(plx_conn_user(f->stack, f->conn), &here);
	segment_arrives(f, SEG(.flags = TCP_RST));
	assert_ptr_equal(f->events[f->n_events - 1].user, &here);
}

static void names_and_texts_cover_their_lists(void **state)
{
	char text[PLX_ADDR_TEXT_BYTES];
	struct plx_addr addr;

	(void)state;
	for (unsigned i = 1; i < PLX_DROP_COUNT; i++) {
		assert_true(strlen(plx_drop_name((enum plx_drop)i)) > 2);
		assert_true(strlen(plx_drop_text((enum plx_drop)i)) > 5);
	}
	assert_string_equal(plx_drop_name(PLX_DROP_NONE), "none");
	assert_string_equal(plx_drop_name(PLX_DROP_IPV4_CHECKSUM), "ipv4_checksum");
	assert_string_equal(plx_drop_name((enum plx_drop)9999), "none");
	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++) {
		assert_true(strlen(plx_counter_name((enum plx_counter)i)) > 2);
		assert_true(strlen(plx_counter_text((enum plx_counter)i)) > 5);
	}
	assert_null(plx_counter_name(PLX_COUNTER_COUNT));
	assert_string_equal(plx_state_name(PLX_STATE_FIN_WAIT_1), "FIN_WAIT_1");
	assert_string_equal(plx_state_name(PLX_STATE_COUNT), "?");
	assert_int_equal(strspn(plx_version(), "0123456789."), strlen(plx_version()));
	assert_int_equal(plx_addr_parse("198.18.0.300", &addr), -EINVAL);
	assert_int_equal(plx_addr_parse("fd00::1/64", &addr), -EINVAL);
	assert_int_equal(plx_addr_parse("", &addr), -EINVAL);
	assert_int_equal(plx_addr_parse("FD00:0:0::0:1", &addr), 0);
	assert_string_equal(plx_addr_format(&addr, text), "fd00::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_IPV4(create_refuses_what_is_out_of_range),
		SCENARIO_IPV4(create_refuses_buffers_without_room),
		SCENARIO_IPV6(create_refuses_a_small_mtu_with_ipv6),
		SCENARIO_IPV4(create_without_memory_is_an_answer),
		SCENARIO_IPV4(destroy_takes_null),
		SCENARIO(listen_errors),
		SCENARIO(exact_listener_wins),
		SCENARIO(connect_errors),
		SCENARIO(slot_used_again_is_found_by_its_own_key),
		SCENARIO(connect_to_a_tuple_in_use),
		SCENARIO(connect_beyond_max_connections),
		SCENARIO(handle_is_stale_after_the_last_event),
		SCENARIO(handles_never_given_out_are_stale),
		SCENARIO(handle_stays_stale_when_its_slot_is_used_again),
		SCENARIO(listener_is_no_connection),
		SCENARIO(syn_sent_is_not_connected),
		SCENARIO(shutdown_errors),
		SCENARIO(send_errors),
		SCENARIO(info_stats_and_settings_want_their_size),
		SCENARIO(user_pointer_is_the_applications),
		SCENARIO_IPV4(names_and_texts_cover_their_lists),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script api_errors", tests, NULL, NULL);
}
