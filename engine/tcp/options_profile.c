// SPDX-License-Identifier: BSD-3-Clause
//
// Interned option profiles, and the option list as the public interface tells it.
// Finding a profile is a linear search, but for the change that was made last: it happens when options are set, never
// per segment.
// Called by tcp/user and tcp/listener.
#include "tcp/options_profile.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "base/clock.h"
#include "base/lower_name.h"

struct option_description {
	char name[LOWER_NAME_BYTES];
	const char *text;
	int64_t initial;
	int64_t minimum;
	int64_t maximum;
};

static const struct option_description descriptions[PLX_OPTION_COUNT] = {
#define X(name, initial, minimum, maximum, text) \
	[PLX_OPTION_##name] = {LOWER_NAME(name), text, initial, minimum, maximum},
#include <pollux/option.def>
#undef X
};

#define X(name, initial, minimum, maximum, text) LOWER_NAME_CHECK(name);
#include <pollux/option.def>
#undef X

static bool is_known(enum plx_option option)
{
	return (unsigned)option < PLX_OPTION_COUNT;
}

const char *plx_option_name(enum plx_option option)
{
	return is_known(option) ? descriptions[option].name : NULL;
}

const char *plx_option_text(enum plx_option option)
{
	return is_known(option) ? descriptions[option].text : NULL;
}

int plx_option_bounds(enum plx_option option, int64_t *initial, int64_t *minimum, int64_t *maximum)
{
	if (!is_known(option))
		return -EINVAL;
	if (initial != NULL)
		*initial = descriptions[option].initial;
	if (minimum != NULL)
		*minimum = descriptions[option].minimum;
	if (maximum != NULL)
		*maximum = descriptions[option].maximum;
	return 0;
}

size_t option_profiles_bytes(void)
{
	return sizeof(struct option_profile) * OPTION_PROFILES;
}

static void set_rtt_bounds(struct option_profile *profile)
{
	profile->rtt_bounds = (struct rtt_bounds){
		.initial_us = (uint32_t)duration_to_us(
			(plx_duration)profile->values[PLX_OPTION_RTO_INITIAL]),
		.min_us =
			(uint32_t)duration_to_us((plx_duration)profile->values[PLX_OPTION_RTO_MIN]),
		.max_us =
			(uint32_t)duration_to_us((plx_duration)profile->values[PLX_OPTION_RTO_MAX]),
	};
}

int option_profiles_init(struct option_profiles *profiles, int socket)
{
	profiles->profiles = rte_zmalloc_socket("option profiles", option_profiles_bytes(), 64,
						socket);
	if (profiles->profiles == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++)
		profiles->profiles[0].values[i] = descriptions[i].initial;
	set_rtt_bounds(&profiles->profiles[0]);
	profiles->profiles[0].users = 1;
	profiles->last.n = 0;
	return 0;
}

void option_profiles_fini(struct option_profiles *profiles)
{
	rte_free(profiles->profiles);
	profiles->profiles = NULL;
}

void option_profile_hold(struct option_profiles *profiles, uint16_t profile)
{
	profiles->profiles[profile].users++;
}

void option_profile_release(struct option_profiles *profiles, uint16_t profile)
{
	profiles->profiles[profile].users--;
}

// The profile with just these values, or a free one; OPTION_PROFILES when there is neither.
static unsigned find(const struct option_profiles *profiles, const int64_t *values)
{
	unsigned unused = OPTION_PROFILES;

	for (unsigned i = 0; i < OPTION_PROFILES; i++) {
		const struct option_profile *candidate = &profiles->profiles[i];

		if (candidate->users == 0)
			unused = unused == OPTION_PROFILES ? i : unused;
		else if (memcmp(candidate->values, values, sizeof(candidate->values)) == 0)
			return i;
	}
	return unused;
}

// Values change only in a profile without users, by a change that is then the last one: what that says holds.
static bool is_last_change(const struct option_profiles *profiles, uint16_t profile,
			   const struct plx_option_value *changes, unsigned n)
{
	const struct option_change *last = &profiles->last;

	if (last->n != n || last->from != profile)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (changes[i].option != last->changes[i].option
		    || changes[i].value != last->changes[i].value)
			return false;
	return true;
}

static void keep_last_change(struct option_profiles *profiles, uint16_t from, uint16_t to,
			     const struct plx_option_value *changes, unsigned n)
{
	struct option_change *last = &profiles->last;

	if (n > PLX_OPTION_COUNT) { // one of them twice
		last->n = 0;
		return;
	}
	memcpy(last->changes, changes, n * sizeof(*changes));
	last->n = n;
	last->from = from;
	last->to = to;
}

static void move_user(struct option_profiles *profiles, uint16_t *profile, uint16_t to)
{
	option_profile_hold(profiles, to);
	option_profile_release(profiles, *profile);
	*profile = to;
}

int option_profile_change(struct option_profiles *profiles, uint16_t *profile,
			  const struct plx_option_value *changes, unsigned n)
{
	int64_t values[PLX_OPTION_COUNT];
	struct option_profile *target;
	unsigned idx;

	if (n == 0)
		return 0;
	if (is_last_change(profiles, *profile, changes, n)) {
		move_user(profiles, profile, profiles->last.to);
		return 0;
	}
	memcpy(values, profiles->profiles[*profile].values, sizeof(values));
	for (unsigned i = 0; i < n; i++) {
		enum plx_option option = changes[i].option;

		if (!is_known(option))
			return -EINVAL;
		if (changes[i].value < descriptions[option].minimum
		    || changes[i].value > descriptions[option].maximum)
			return -ERANGE;
		values[option] = changes[i].value;
	}
	if (values[PLX_OPTION_RTO_MIN] > values[PLX_OPTION_RTO_MAX]
	    || plx_congestion_name((unsigned)values[PLX_OPTION_CONGESTION]) == NULL)
		return -ERANGE;
	idx = find(profiles, values);
	if (idx == OPTION_PROFILES)
		return -ENOBUFS;
	target = &profiles->profiles[idx];
	memcpy(target->values, values, sizeof(values));
	set_rtt_bounds(target);
	keep_last_change(profiles, *profile, (uint16_t)idx, changes, n);
	move_user(profiles, profile, (uint16_t)idx);
	return 0;
}
