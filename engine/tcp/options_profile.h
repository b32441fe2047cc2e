// SPDX-License-Identifier: BSD-3-Clause
//
// Options of connections as interned profiles: whoever has the same values shares one, a change makes
// or finds another (copy on write). A connection holds a 16-bit index instead of twenty values.
// Profiles are counted by their users; profile 0 holds the defaults and stays.
#ifndef TCP_OPTIONS_PROFILE_H
#define TCP_OPTIONS_PROFILE_H

#include <pollux/option.h>

#include "tcp/rtt.h"

enum { OPTION_PROFILES = 256 };

struct option_profile {
	int64_t values[PLX_OPTION_COUNT];
	struct rtt_bounds rtt_bounds; // of the values
	uint32_t users;
};

// The last change that found or made a profile: connections of one application begin with the same one.
struct option_change {
	struct plx_option_value changes[PLX_OPTION_COUNT];
	unsigned n; // 0: there is none
	uint16_t from;
	uint16_t to;
};

struct option_profiles {
	struct option_profile *profiles;
	struct option_change last;
};

// 0 or -ENOMEM.
int option_profiles_init(struct option_profiles *profiles, int socket);
void option_profiles_fini(struct option_profiles *profiles);
size_t option_profiles_bytes(void);

// Another user of a profile that is in use.
void option_profile_hold(struct option_profiles *profiles, uint16_t profile);
void option_profile_release(struct option_profiles *profiles, uint16_t profile);

// Exchanges one user's hold on *profile for one on the profile with `n` values changed.
// 0; -EINVAL unknown option; -ERANGE; -ENOBUFS. After an error nothing has changed.
int option_profile_change(struct option_profiles *profiles, uint16_t *profile,
			  const struct plx_option_value *changes, unsigned n);

static inline int64_t option_profile_value(const struct option_profiles *profiles, uint16_t profile,
					   enum plx_option option)
{
	return profiles->profiles[profile].values[option];
}

// Of the retransmission timeout.
static inline const struct rtt_bounds *option_profile_rtt_bounds(
	const struct option_profiles *profiles, uint16_t profile)
{
	return &profiles->profiles[profile].rtt_bounds;
}

#endif
