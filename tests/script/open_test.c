// SPDX-License-Identifier: BSD-3-Clause
//
// OPEN calls beside each other: a passive open and connections on one port, a stack with several addresses.
// RFC 9293 3.9.1.1.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { SERVER_PORT = 5555, LAST_BYTE = 15 };

// plx_connect() from `local` (NULL: the stack's choice) and FIXTURE_PORT to SERVER_PORT; returns its SYN.
static const struct frame *connects_from(struct fixture *f, const struct plx_addr *local)
{
	struct plx_connect_args args = {
		.local_port = FIXTURE_PORT, .remote = f->to_stack.src, .remote_port = SERVER_PORT};
	const struct frame *syn;

	if (local != NULL)
		args.local = *local;
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	syn = expect_segment(f, SEG(.flags = TCP_SYN, .ack = 0, .src_port = FIXTURE_PORT));
	f->snd_nxt = syn->tcp.seq + 1;
	return syn;
}

static const struct frame *is_answered(struct fixture *f)
{
	const struct frame *ack;

	segment_arrives(
		f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .src_port = SERVER_PORT));
	f->rcv_nxt = f->peer.isn + 1;
	ack = expect_segment(f, SEG(.flags = TCP_ACK, .dst_port = SERVER_PORT));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	return ack;
}

static int listens(struct fixture *f, plx_conn *listener)
{
	struct plx_listen_args args = {.port = FIXTURE_PORT};

	return plx_listen(f->stack, &args, listener);
}

// MUST-42: one may listen on a port while a connection from it is in SYN_SENT, and in SYN_RECEIVED; MUST-41:
// neither that nor the second passive open, which is refused, changes what was there.
static void passive_open_leaves_all_others_alone(void **state)
{
	struct fixture *f = fixture_bare(state);
	plx_conn second;

	connects_from(f, NULL);
	assert_int_equal(listens(f, &f->listener), 0);
	f->is_listening = true;
	expect_silence(f);
	expect_state(f, PLX_STATE_SYN_SENT);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .src_port = SERVER_PORT));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = SERVER_PORT));
	assert_int_equal(listens(f, &second), -EADDRINUSE);
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	f->rcv_nxt++;
	segment_arrives(f, SEG(.src_port = SERVER_PORT));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = FIXTURE_PEER_PORT));
}

// A stack with the fixture's address and, before it, one that differs in byte `at`.
static struct fixture *with_two_addresses(void **state, struct plx_address addresses[2],
					  unsigned at)
{
	struct fixture *f = fixture_plan(state);

	for (unsigned i = 0; i < 2; i++)
		addresses[i] = (struct plx_address){.addr = f->to_stack.dst,
						    .prefix_len = f->variant->is_ipv6 ? 64 : 24};
	addresses[0].addr.bytes[at] = 200;
	f->config.addresses = addresses;
	f->config.n_addresses = 2;
	return fixture_bare(state);
}

static void expect_from(const struct frame *frame, const struct plx_addr *addr)
{
	assert_true(plx_addr_is_equal(&frame->ip.src, addr));
}

// MUST-43: the local address may be named; MUST-45: every later segment comes from it.
static void named_local_address_is_kept(void **state)
{
	struct plx_address addresses[2];
	struct fixture *f = with_two_addresses(state, addresses, LAST_BYTE);

	for (unsigned i = 0; i < 2; i++) {
		const struct plx_addr *addr = &addresses[i].addr;

		f->to_stack.dst = *addr;
		expect_from(connects_from(f, addr), addr);
		expect_from(expect_segment_after(f, 1000, SEG(.flags = TCP_SYN)), addr);
		expect_from(is_answered(f), addr);
		f->sent_bytes = 0;
		user_sends(f, 10);
		expect_from(expect_segment(f, SEG(.len = 10)), addr);
		user_aborts(f);
		expect_from(expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK)), addr);
		forget_events(f);
	}
}

// MUST-45: a passive open answers from the address that was asked.
static void asked_address_answers(void **state)
{
	struct plx_address addresses[2];
	struct fixture *f = with_two_addresses(state, addresses, LAST_BYTE);

	assert_int_equal(listens(f, &f->listener), 0);
	f->is_listening = true;
	for (unsigned i = 0; i < 2; i++) {
		const struct plx_addr *addr = &addresses[i].addr;
		const struct frame *answer;

		f->to_stack.dst = *addr;
		peer_sends_syn(f);
		f->rcv_nxt = f->peer.isn + 1;
		answer = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
		expect_from(answer, addr);
		f->snd_nxt = answer->tcp.seq + 1;
		segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
		expect_from(expect_segment(f, SEG(.flags = TCP_ACK)), addr);
		forget_events(f);
	}
}

// MUST-44: where none is named, IP is asked, which takes the one of the next hop's prefix.
static void address_is_chosen_by_the_next_hop(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_address addresses[2];

	with_two_addresses(state, addresses, f->variant->is_ipv6 ? 7 : 14); // of the prefix
	expect_from(connects_from(f, NULL), &addresses[1].addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(passive_open_leaves_all_others_alone),
		SCENARIO(named_local_address_is_kept),
		SCENARIO(asked_address_answers),
		SCENARIO(address_is_chosen_by_the_next_hop),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script open", tests, NULL, NULL);
}
