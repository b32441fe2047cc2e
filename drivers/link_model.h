// SPDX-License-Identifier: BSD-3-Clause
//
// One direction of a link as arithmetic and dice: for every frame it decides the fate, and knows neither bytes
// nor mbufs nor a clock. A queue in front of a rate, then a line that delays, loses (at random and in bursts:
// Gilbert 1960, Elliott 1963), reorders, doubles and corrupts. The same seed and frames give the same fates.
// Called by impairment.c for real ports and by the tests' simulated link, so that both misbehave alike.
#ifndef DRIVERS_LINK_MODEL_H
#define DRIVERS_LINK_MODEL_H

#include <pollux/types.h>

// All zero: a frame arrives as it was, at once. Probabilities are parts per million of frames.
struct link_model_config {
	uint64_t rate_bps;    // 0: no limit, and so no queue
	uint32_t queue_bytes; // most bytes waiting for the rate, drop-tail; 0: no bound
	uint32_t
		ecn_threshold_bytes; // an ECN-capable frame that finds more waiting is marked; 0: none
	plx_duration delay;	     // every frame
	plx_duration jitter;	     // 0..jitter more, evenly distributed
	bool jitter_reorders;	     // else no frame overtakes another by jitter
	uint32_t loss_ppm;	     // at random
	uint32_t burst_enter_ppm;    // from the good state to the bad one
	uint32_t burst_leave_ppm; // back: bursts last 1000000 / burst_leave_ppm frames on average
	uint32_t burst_loss_ppm;  // in the bad state
	uint32_t reorder_ppm;	  // held back by reorder_delay while others pass
	plx_duration reorder_delay;
	uint32_t duplicate_ppm; // a copy of what arrives follows duplicate_delay later
	plx_duration duplicate_delay;
	uint32_t corrupt_ppm;	       // one bit is flipped, in the copy as well
	uint32_t corrupt_spared_bytes; // at the beginning of a frame, say its MAC addresses
};

enum link_model_loss {
	LINK_MODEL_ARRIVES,
	LINK_MODEL_LOST_IN_QUEUE, // it was full
	LINK_MODEL_LOST_AT_RANDOM,
	LINK_MODEL_LOST_IN_BURST,
};

// What becomes of one frame. Only `loss` means something for a frame that is lost.
struct link_model_fate {
	enum link_model_loss loss;
	bool is_marked; // CE is set in its IP header
	bool is_corrupted;
	bool has_copy;
	uint32_t flipped_bit; // counted from the frame's first
	plx_time at;
	plx_time copy_at;
};

// frames = arrived + the three losses; copies come on top of what arrived.
struct link_model_counters {
	uint64_t frames;
	uint64_t arrived;
	uint64_t lost_in_queue;
	uint64_t lost_at_random;
	uint64_t lost_in_burst;
	uint64_t bursts; // times that the bad state was entered
	uint64_t copied;
	uint64_t reordered;
	uint64_t corrupted;
	uint64_t marked;
};

struct link_model {
	struct link_model_config config;
	struct link_model_counters counters;
	uint64_t dice;
	plx_time idle_at;     // when the last bit of all that was taken has left
	uint64_t unsent_part; // of a nanosecond's bits, so that rates are exact: in 1 / rate_bps ns
	plx_time last_at;     // of the frames that keep their order
	bool is_bad;	      // the state of the bursts
};

void link_model_init(struct link_model *model, const struct link_model_config *config,
		     uint64_t seed);

// True when a frame's fate can be anything but to arrive as it was, at once.
bool link_model_is_active(const struct link_model_config *config);

// A frame of so many bytes (at least 1) is sent at `now`, which never runs backwards. `is_ecn_capable`: its IP
// header says so (RFC 3168 5). Every frame rolls all dice in one order, so that one impairment more or less
// leaves what the others do to the same frames as it was.
struct link_model_fate link_model_send(struct link_model *model, uint32_t len_bytes,
				       bool is_ecn_capable, plx_time now);

// Bytes that wait for the rate at `now`.
uint64_t link_model_waiting_bytes(const struct link_model *model, plx_time now);

#endif
