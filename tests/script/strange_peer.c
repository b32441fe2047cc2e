// SPDX-License-Identifier: BSD-3-Clause
//
// The connections of strange peers, see strange_peer.h.
// Every scenario of theirs runs once per congestion control; "fixed", which controls nothing, is left out.
// Called by strange_acks_test.c and strange_echoes_test.c.
#include "script/strange_peer.h"

struct fixture *plan(void **state, unsigned control)
{
	struct fixture *f = fixture_plan(state);

	f->about = plx_congestion_name(control);
	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, SEND_BUFFER);
	fixture_set_option(f, PLX_OPTION_CONGESTION, control);
	return f;
}

void for_each_control(void **state, void (*scenario)(void **state, unsigned control))
{
	const char *name;

	for (unsigned i = 0; (name = plx_congestion_name(i)) != NULL; i++) {
		if (strcmp(name, "fixed") == 0)
			continue;
		scenario(state, i);
		fixture_renew(state);
	}
}

uint32_t take_full_segments(struct fixture *f, uint32_t *nxt)
{
	const struct fixture_output *output;
	uint32_t before = *nxt;

	fixture_settle(f);
	while ((output = fixture_next_output(f)) != NULL) {
		if (output->frame.tcp.seq != *nxt)
			continue;
		assert_int_equal(output->frame.payload_bytes, MSS);
		*nxt += MSS;
	}
	return *nxt - before;
}

void user_fills(struct fixture *f)
{
	while (user_offers(f, MSS) == MSS)
		;
	f->n_events = f->next_event = 0;
}
