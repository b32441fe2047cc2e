// SPDX-License-Identifier: BSD-3-Clause
//
// Urgent data: in line, never lost, its end told when it comes and when it moves. RFC 9293 3.8.5 (MUST-30 to
// MUST-33), RFC 6093 6.
#include "support/eal_main.h"
#include "support/user.h"

static void urgent_data_is_told_and_read_in_line(void **state)
{
	struct fixture *f = fixture_established(state);
	uint8_t bytes[100];

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 7, .len = 10));
	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_URGENT, 0);
	assert_int_equal(info_of(f).urgent_bytes, 7);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, 4, 0), 4);
	assert_int_equal(info_of(f).urgent_bytes, 3);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), 6);
	assert_int_equal(info_of(f).urgent_bytes, 0);
	forget_output(f);
}

// MUST-32: again when the pointer advances; not for one that repeats what is known, or lies behind.
static void pointer_that_advances_is_told_again(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 100, .len = 10));
	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_URGENT, 0);
	f->rcv_nxt += 10;
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 90));
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 50));
	expect_no_event(f);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 91));
	expect_event(f, PLX_EVENT_URGENT, 0);
	assert_int_equal(info_of(f).urgent_bytes, 101);
	user_receives(f, 10);
	forget_output(f);
}

// MUST-31: more than a window, announced by pointer after pointer, each byte read in its place.
static void urgent_data_of_any_length_is_announced(void **state)
{
	struct fixture *f = fixture_established(state);

	for (unsigned i = 0; i < 300; i++) {
		segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 65535, .len = 1000));
		expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_URGENT, 0);
		assert_int_equal(info_of(f).urgent_bytes, 65535);
		user_receives(f, 1000);
		f->rcv_nxt += 1000;
		forget_output(f);
	}
}

// The pointer without the bit says nothing.
static void pointer_without_urg_means_nothing(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK, .urgent = 5, .len = 10));
	expect_event(f, PLX_EVENT_READABLE, 0);
	assert_int_equal(info_of(f).urgent_bytes, 0);
	user_receives(f, 10);
	forget_output(f);
}

// Behind the FIN there is nothing that could be urgent (3.10.7.4 sixth).
static void urg_after_the_fin_is_ignored(void **state)
{
	struct fixture *f = fixture_close_wait(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 5));
	expect_no_event(f);
	expect_silence(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(urgent_data_is_told_and_read_in_line),
		SCENARIO(pointer_that_advances_is_told_again),
		SCENARIO(urgent_data_of_any_length_is_announced),
		SCENARIO(pointer_without_urg_means_nothing),
		SCENARIO(urg_after_the_fin_is_ignored),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script urgent data", tests, NULL, NULL);
}
