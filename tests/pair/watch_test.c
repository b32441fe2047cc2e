// SPDX-License-Identifier: BSD-3-Clause
//
// The watch and the capture themselves: what is sent beyond a window, a timer that is lost and a connection that
// stands still are found, and a failed run can be read back. Without this no other pair could trust them.
// RFC 9293 3.8.6, RFC 5681 3.1, RFC 6298 5, draft-ietf-opsawg-pcapng.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/eal_main.h"
#include "support/pair.h"
#include "support/seed.h"

enum { PORT = 9, SEGMENT = 1000 };

static bool is_connected(struct pair *pair)
{
	return pair_stats(&pair->sides[PAIR_SERVER]).connections == 1
		&& pair_stats(&pair->sides[PAIR_CLIENT]).connections == 1;
}

static plx_conn begin_connected(struct pair *pair, const struct plx_option_value *options,
				unsigned n_options)
{
	plx_conn conn;

	pair_plan(pair, test_seed(), false);
	pair_begin(pair);
	pair_listen(pair, PORT, options, n_options);
	conn = pair_connect(pair, PORT, NULL, options, n_options);
	pair_run(pair, is_connected, PLX_SECOND);
	pair_run_for(pair, PLX_SECOND);
	return conn;
}

static void client_sends(struct pair *pair, plx_conn conn, size_t len_bytes)
{
	uint8_t *bytes = calloc(1, len_bytes);

	assert_int_equal(plx_send(pair->sides[PAIR_CLIENT].stack, conn, bytes, len_bytes),
			 len_bytes);
	free(bytes);
	pair_output(pair, &pair->sides[PAIR_CLIENT]);
}

static struct watch_flow *client_flow(struct pair *pair, plx_conn conn)
{
	struct plx_info info = {.size = sizeof(info)};

	assert_int_equal(plx_get_info(pair->sides[PAIR_CLIENT].stack, conn, &info), 0);
	return &pair->sides[PAIR_CLIENT].watch.flows[info.local_port];
}

static const char *client_fault(struct pair *pair)
{
	struct pair_side *side = &pair->sides[PAIR_CLIENT];
	struct plx_stats stats = pair_stats(side);

	return watch_fault(&side->watch, side->stack, &stats, pair_clock(pair, side));
}

static void assert_fault(struct pair *pair, const char *beginning)
{
	const char *fault = client_fault(pair);

	assert_non_null(fault);
	assert_memory_equal(fault, beginning, strlen(beginning));
}

// To the byte: what fills the window is right, but for the byte of a probe, and one more is not.
static void sending_beyond_the_peers_window_is_seen(void **state)
{
	struct watch_flow *flow;
	struct pair pair;
	plx_conn conn;

	(void)state;
	for (unsigned beyond = 0; beyond <= 2; beyond++) {
		conn = begin_connected(&pair, NULL, 0);
		flow = client_flow(&pair, conn);
		flow->edge = flow->nxt + SEGMENT - beyond;
		client_sends(&pair, conn, SEGMENT);
		if (beyond <= 1)
			assert_null(client_fault(&pair));
		else
			assert_fault(&pair, "something new was sent beyond the peer's window");
		flow->edge += 1 << 20;
		pair_run_for(&pair, PLX_SECOND);
		pair_end(&pair);
	}
}

static bool loses_all(void *context, const struct frame *frame)
{
	(void)context;
	return frame->payload_bytes > 0;
}

static bool has_timed_out(struct pair *pair)
{
	return pair_stats(&pair->sides[PAIR_CLIENT]).counters[PLX_COUNTER_TCP_TIMEOUTS] > 0;
}

// After a timeout cwnd is a segment while ten are not acknowledged. The last of them, had it been sent now, would be
// one of the two of F-RTO; without a timeout it would be too much.
static void sending_beyond_cwnd_is_seen(void **state)
{
	const struct plx_option_value options[] = {{PLX_OPTION_MAX_SEGMENT, SEGMENT}};
	struct watch_flow *flow;
	struct pair pair;
	plx_conn conn;

	(void)state;
	conn = begin_connected(&pair, options, 1);
	flow = client_flow(&pair, conn);
	pair.sides[PAIR_CLIENT].link.loses = loses_all;
	client_sends(&pair, conn, 10 * SEGMENT);
	pair_run(&pair, has_timed_out, 60 * PLX_SECOND);
	flow->nxt -= SEGMENT;
	assert_null(client_fault(&pair));
	flow->nxt -= SEGMENT;
	flow->lost_end = flow->una;
	assert_fault(&pair, "something new was sent beyond the congestion window");
	pair.sides[PAIR_CLIENT].link.loses = NULL;
	pair_run_for(&pair, 60 * PLX_SECOND);
	pair_end(&pair);
}

// A segment is on its way, and it seems that nothing has happened for so long.
static void expect_fault_after(plx_duration silence, const char *fault)
{
	struct watch_flow *flow;
	struct pair pair;
	plx_conn conn;

	conn = begin_connected(&pair, NULL, 0);
	flow = client_flow(&pair, conn);
	client_sends(&pair, conn, SEGMENT);
	assert_null(client_fault(&pair));
	flow->active_at -= silence;
	flow->due = flow->active_at;
	assert_fault(&pair, fault);
	flow->active_at = flow->due = pair.now;
	pair_run_for(&pair, PLX_SECOND);
	pair_end(&pair);
}

static void connection_that_stands_still_is_seen(void **state)
{
	(void)state;
	expect_fault_after(PLX_SECOND,
			   "nothing was sent for longer than the retransmission timeout");
}

static void timer_that_comes_too_late_is_seen(void **state)
{
	(void)state;
	expect_fault_after(100 * PLX_MILLISECOND, // half of the timeout
			   "what waits for an answer has no timer in time");
}

static uint32_t u32_at(const uint8_t *bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

// Block by block: a section, two interfaces, and every frame that was sent and received, in order of time.
static void check_blocks(const uint8_t *bytes, size_t len_bytes, uint64_t frames)
{
	static const uint32_t first[] = {0x0a0d0d0a, 1, 1};
	uint64_t last = 0;
	unsigned blocks = 0;

	for (size_t at = 0; at < len_bytes; blocks++) {
		uint32_t block_bytes = u32_at(bytes, at + 4);

		assert_int_equal(u32_at(bytes, at), blocks < 3 ? first[blocks] : 6);
		assert_true(block_bytes % 4 == 0 && block_bytes <= len_bytes - at);
		assert_int_equal(u32_at(bytes, at + block_bytes - 4), block_bytes);
		if (blocks >= 3) {
			uint64_t time = (uint64_t)u32_at(bytes, at + 12) << 32
				| u32_at(bytes, at + 16);

			assert_true(time >= last);
			last = time;
		}
		at += block_bytes;
	}
	assert_int_equal(blocks, 3 + frames);
}

static void capture_holds_every_frame_twice(void **state)
{
	static const char *const names[] = {"server", "client"};
	char path[] = "/tmp/pollux-capture-XXXXXX";
	static uint8_t bytes[1 << 20];
	struct pair pair;
	size_t len_bytes;
	FILE *file;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	client_sends(&pair, begin_connected(&pair, NULL, 0), 20 * SEGMENT);
	pair_run_for(&pair, PLX_SECOND);
	assert_true(capture_write(&pair.capture, path, names, pair.link));
	file = fdopen(fd, "rb");
	len_bytes = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	unlink(path);
	check_blocks(bytes, len_bytes, 2 * (pair.sides[0].sent_frames + pair.sides[1].sent_frames));
	pair_end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sending_beyond_the_peers_window_is_seen),
		cmocka_unit_test(sending_beyond_cwnd_is_seen),
		cmocka_unit_test(connection_that_stands_still_is_seen),
		cmocka_unit_test(timer_that_comes_too_late_is_seen),
		cmocka_unit_test(capture_holds_every_frame_twice),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair watch", tests, NULL, NULL);
}
