/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a stack has counted, and its books. Counters are written by the owning core only;
 * any core may read them with plx_get_stats().
 * The books close when nothing was lost: every received frame has exactly one fate, every
 * connection that was opened has ended or is open. No figure is made as a difference of others.
 */
#ifndef POLLUX_STATS_H
#define POLLUX_STATS_H

#include <pollux/drop.h>
#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum plx_counter {
#define X(name, text) PLX_COUNTER_##name,
#include <pollux/counter.def>
#undef X
	PLX_COUNTER_COUNT
};

/** The counter's name in lower case; NULL outside the list. */
PLX_API const char *plx_counter_name(enum plx_counter counter);

/** What is counted. */
PLX_API const char *plx_counter_text(enum plx_counter counter);

struct plx_stats {
	size_t size; /**< sizeof(struct plx_stats), set by the caller */
	uint64_t counters[PLX_COUNTER_COUNT];
	uint64_t drops[PLX_DROP_COUNT]; /**< by reason; [PLX_DROP_NONE] stays 0 */
	uint64_t frames_held;		/**< received frames held now (reassembly) */
	uint32_t connections;		/**< control blocks in use now */
	uint32_t half_open;		/**< half-open entries now */
	uint32_t time_wait;		/**< TIME_WAIT entries now */
	uint32_t listeners;		/**< listeners now */
};

/** Fills `stats`. Callable from any thread; figures of one moment only on the owning core. Returns 0; -EINVAL for a wrong size. */
PLX_API int plx_get_stats(const struct plx_stack *stack, struct plx_stats *stats);

/** The two sides of the books, made from a plx_stats. */
struct plx_books {
	bool closed;		     /**< frames and connections both add up */
	uint64_t frames_received;    /**< RX_FRAMES */
	uint64_t frames_consumed;    /**< by connections */
	uint64_t frames_answered;    /**< without a connection */
	uint64_t frames_returned;    /**< to the embedder */
	uint64_t frames_reassembled; /**< fragments, but for the last of each packet */
	uint64_t frames_held;	     /**< now */
	uint64_t frames_dropped;     /**< the sum of all reasons */
	uint64_t connections_opened; /**< active and passive */
	uint64_t connections_closed; /**< in order */
	uint64_t connections_failed; /**< by an error */
	uint64_t connections_open;   /**< control blocks now */
};

/** Draws up the books of one plx_stats. */
PLX_API struct plx_books plx_books_of(const struct plx_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
