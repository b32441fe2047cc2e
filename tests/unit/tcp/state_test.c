// SPDX-License-Identifier: BSD-3-Clause
//
// The arrows between states, against a list copied by hand from figure 5 of RFC 9293 3.3.2: each of
// them is legal, and nothing else is.
// Room: engine/tcp/state.
#include "tcp/state.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_headers.h"

struct arrow {
	enum plx_state from, to;
};

#define ARROW(from, to)                          \
	{                                        \
		PLX_STATE_##from, PLX_STATE_##to \
	}

static const struct arrow expected[] = {
	// Figure 5, without LISTEN, which has no control block.
	ARROW(CLOSED, SYN_SENT),	  // active OPEN
	ARROW(SYN_SENT, CLOSED),	  // CLOSE
	ARROW(SYN_SENT, SYN_RECEIVED),	  // SYN
	ARROW(SYN_SENT, ESTABLISHED),	  // SYN, ACK
	ARROW(SYN_RECEIVED, ESTABLISHED), // ACK of SYN
	ARROW(SYN_RECEIVED, FIN_WAIT_1),  // CLOSE
	ARROW(ESTABLISHED, FIN_WAIT_1),	  // CLOSE
	ARROW(ESTABLISHED, CLOSE_WAIT),	  // FIN
	ARROW(FIN_WAIT_1, FIN_WAIT_2),	  // ACK of FIN
	ARROW(FIN_WAIT_1, CLOSING),	  // FIN
	ARROW(FIN_WAIT_1, TIME_WAIT),	  // note 2: FIN, ACK of FIN
	ARROW(FIN_WAIT_2, TIME_WAIT),	  // FIN
	ARROW(CLOSE_WAIT, LAST_ACK),	  // CLOSE
	ARROW(CLOSING, TIME_WAIT),	  // ACK of FIN
	ARROW(LAST_ACK, CLOSED),	  // ACK of FIN
	ARROW(TIME_WAIT, CLOSED),	  // 2 MSL
	// Note 3 and 3.10.5: ABORT, a RST or a timeout ends it wherever it is.
	ARROW(SYN_RECEIVED, CLOSED),
	ARROW(ESTABLISHED, CLOSED),
	ARROW(FIN_WAIT_1, CLOSED),
	ARROW(FIN_WAIT_2, CLOSED),
	ARROW(CLOSE_WAIT, CLOSED),
	ARROW(CLOSING, CLOSED),
	// 3.10.7.4 eighth: a FIN in SYN-RECEIVED; the figure leaves it out.
	ARROW(SYN_RECEIVED, CLOSE_WAIT),
	// A passive open is no control block until its handshake has ended.
	ARROW(CLOSED, ESTABLISHED),
};

static bool is_expected(enum plx_state from, enum plx_state to)
{
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (expected[i].from == from && expected[i].to == to)
			return true;
	return false;
}

static void the_arrows_are_those_of_the_figure(void **state)
{
	(void)state;
	for (unsigned from = 0; from < PLX_STATE_COUNT; from++) {
		for (unsigned to = 0; to < PLX_STATE_COUNT; to++) {
			bool expects = is_expected((enum plx_state)from, (enum plx_state)to);
			bool may = state_may_become((enum plx_state)from, (enum plx_state)to);

			if (may != expects)
				fail_msg("%s to %s: %s, expected %s",
					 plx_state_name((enum plx_state)from),
					 plx_state_name((enum plx_state)to), may ? "yes" : "no",
					 expects ? "yes" : "no");
		}
	}
}

static void a_legal_arrow_is_followed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct tcp_conn c = {.state = (uint8_t)expected[i].from};

		state_set(&c, expected[i].to);
		assert_int_equal(c.state, expected[i].to);
	}
}

#ifndef NDEBUG // a release writes what it is told
// In a child process, because the assertion ends it.
static bool is_asserted_against(enum plx_state from, enum plx_state to)
{
	struct tcp_conn c = {.state = (uint8_t)from};
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		if (freopen("/dev/null", "w", stderr) != NULL)
			state_set(&c, to);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void any_other_arrow_is_asserted_against(void **state)
{
	(void)state;
	for (unsigned from = 0; from < PLX_STATE_COUNT; from++) {
		for (unsigned to = 0; to < PLX_STATE_COUNT; to++) {
			if (is_expected((enum plx_state)from, (enum plx_state)to))
				continue;
			if (!is_asserted_against((enum plx_state)from, (enum plx_state)to))
				fail_msg("%s to %s was written",
					 plx_state_name((enum plx_state)from),
					 plx_state_name((enum plx_state)to));
		}
	}
}
#endif

static void each_state_has_the_name_of_the_rfc(void **state)
{
	static const char *const names[PLX_STATE_COUNT] = {
		"CLOSED",     "LISTEN",	    "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1",
		"FIN_WAIT_2", "CLOSE_WAIT", "CLOSING",	"LAST_ACK",	"TIME_WAIT"};

	(void)state;
	for (unsigned i = 0; i < PLX_STATE_COUNT; i++)
		assert_string_equal(plx_state_name((enum plx_state)i), names[i]);
	assert_string_equal(plx_state_name(PLX_STATE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_arrows_are_those_of_the_figure),
		cmocka_unit_test(a_legal_arrow_is_followed),
#ifndef NDEBUG
		cmocka_unit_test(any_other_arrow_is_asserted_against),
#endif
		cmocka_unit_test(each_state_has_the_name_of_the_rfc),
	};

	return cmocka_run_group_tests_name("tcp/state", tests, NULL, NULL);
}
