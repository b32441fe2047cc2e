// SPDX-License-Identifier: BSD-3-Clause
//
// The fate of a frame, see link_model.h: all dice first, then the queue, the line's losses, and the times.
// A frame that the line loses has taken its place in the queue, as on a real one.
// Called by impairment.c and by the tests' simulated link.
#include "drivers/link_model.h"

enum { MILLION = 1000000, BITS_PER_BYTE = 8 };

// What was rolled for one frame, in this order.
struct rolls {
	bool changes_state;
	bool is_lost_in_burst;
	bool is_lost_at_random;
	bool is_reordered;
	bool has_copy;
	bool is_corrupted;
	uint64_t jitter;
	uint64_t bit;
};

void link_model_init(struct link_model *model, const struct link_model_config *config,
		     uint64_t seed)
{
	*model = (struct link_model){.config = *config, .dice = seed};
}

bool link_model_is_active(const struct link_model_config *config)
{
	return config->rate_bps != 0 || config->delay != 0 || config->jitter != 0
		|| config->loss_ppm != 0
		|| (config->burst_enter_ppm != 0 && config->burst_loss_ppm != 0)
		|| (config->reorder_ppm != 0 && config->reorder_delay != 0)
		|| config->duplicate_ppm != 0 || config->corrupt_ppm != 0;
}

// SplitMix64 (Steele, Lea, Flood 2014).
static uint64_t roll(struct link_model *model)
{
	uint64_t z = model->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

// What was rolled, brought to [0, n).
static uint64_t scale(uint64_t rolled, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rolled * n) >> 64);
}

static bool happens(struct link_model *model, uint32_t ppm)
{
	return scale(roll(model), MILLION) < ppm;
}

static struct rolls roll_all(struct link_model *model)
{
	const struct link_model_config *config = &model->config;
	struct rolls rolls;

	rolls.changes_state =
		happens(model, model->is_bad ? config->burst_leave_ppm : config->burst_enter_ppm);
	rolls.is_lost_in_burst = happens(model, config->burst_loss_ppm);
	rolls.is_lost_at_random = happens(model, config->loss_ppm);
	rolls.is_reordered = happens(model, config->reorder_ppm);
	rolls.has_copy = happens(model, config->duplicate_ppm);
	rolls.is_corrupted = happens(model, config->corrupt_ppm);
	rolls.jitter = roll(model);
	rolls.bit = roll(model);
	return rolls;
}

uint64_t link_model_waiting_bytes(const struct link_model *model, plx_time now)
{
	unsigned __int128 wait = model->idle_at > now ? model->idle_at - now : 0;

	return (uint64_t)(wait * model->config.rate_bps / PLX_SECOND / BITS_PER_BYTE);
}

// The frame goes to the end of the queue; its last bit has left at idle_at.
static void enqueue(struct link_model *model, uint32_t len_bytes, plx_time now)
{
	uint64_t rate = model->config.rate_bps;
	unsigned __int128 parts = (unsigned __int128)len_bytes * BITS_PER_BYTE * PLX_SECOND;

	if (rate == 0) {
		model->idle_at = now;
		return;
	}
	if (model->idle_at < now) {
		model->idle_at = now;
		model->unsent_part = 0;
	}
	parts += model->unsent_part;
	model->idle_at += (uint64_t)(parts / rate);
	model->unsent_part = (uint64_t)(parts % rate);
}

// False: there is no room. Whoever finds the line idle passes, however small the queue.
static bool try_queue(struct link_model *model, uint32_t len_bytes, bool is_ecn_capable,
		      plx_time now, struct link_model_fate *fate)
{
	const struct link_model_config *config = &model->config;
	uint64_t waiting = link_model_waiting_bytes(model, now);

	if (config->queue_bytes > 0 && waiting > 0 && waiting + len_bytes > config->queue_bytes)
		return false;
	fate->is_marked = is_ecn_capable && config->ecn_threshold_bytes > 0
		&& waiting > config->ecn_threshold_bytes;
	enqueue(model, len_bytes, now);
	return true;
}

// When a frame arrives that left the queue at idle_at. A frame that is held back lets others pass, whatever
// else keeps their order.
static plx_time arrival(struct link_model *model, const struct rolls *rolls)
{
	const struct link_model_config *config = &model->config;
	plx_time at = model->idle_at + config->delay + scale(rolls->jitter, config->jitter + 1);

	if (!config->jitter_reorders) {
		if (at < model->last_at)
			at = model->last_at;
		model->last_at = at;
	}
	return rolls->is_reordered ? at + config->reorder_delay : at;
}

static enum link_model_loss loss_of(struct link_model *model, const struct rolls *rolls)
{
	if (model->is_bad && rolls->is_lost_in_burst) {
		model->counters.lost_in_burst++;
		return LINK_MODEL_LOST_IN_BURST;
	}
	if (rolls->is_lost_at_random) {
		model->counters.lost_at_random++;
		return LINK_MODEL_LOST_AT_RANDOM;
	}
	return LINK_MODEL_ARRIVES;
}

static void change_state(struct link_model *model)
{
	model->is_bad = !model->is_bad;
	model->counters.bursts += model->is_bad;
}

static void count_arrival(struct link_model *model, const struct link_model_fate *fate,
			  const struct rolls *rolls)
{
	struct link_model_counters *counters = &model->counters;

	counters->arrived++;
	counters->copied += fate->has_copy;
	counters->corrupted += fate->is_corrupted;
	counters->marked += fate->is_marked;
	counters->reordered += rolls->is_reordered;
}

struct link_model_fate link_model_send(struct link_model *model, uint32_t len_bytes,
				       bool is_ecn_capable, plx_time now)
{
	const struct link_model_config *config = &model->config;
	struct link_model_fate fate = {.loss = LINK_MODEL_LOST_IN_QUEUE};
	struct rolls rolls = roll_all(model);

	model->counters.frames++;
	if (rolls.changes_state)
		change_state(model);
	if (!try_queue(model, len_bytes, is_ecn_capable, now, &fate)) {
		model->counters.lost_in_queue++;
		return fate;
	}
	fate.loss = loss_of(model, &rolls);
	if (fate.loss != LINK_MODEL_ARRIVES)
		return fate;
	fate.at = arrival(model, &rolls);
	fate.has_copy = rolls.has_copy;
	fate.copy_at = fate.at + config->duplicate_delay;
	fate.is_corrupted = rolls.is_corrupted && len_bytes > config->corrupt_spared_bytes;
	if (fate.is_corrupted)
		fate.flipped_bit = config->corrupt_spared_bytes * BITS_PER_BYTE
			+ (uint32_t)scale(rolls.bit,
					  (uint64_t)(len_bytes - config->corrupt_spared_bytes)
						  * BITS_PER_BYTE);
	count_arrival(model, &fate, &rolls);
	return fate;
}
