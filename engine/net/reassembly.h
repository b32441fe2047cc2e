// SPDX-License-Identifier: BSD-3-Clause
//
// What a stack keeps for reassembly, a part of struct net; its verbs are in net/fragment.h.
// The frames it holds are counted in plx_stats.frames_held.
#ifndef NET_REASSEMBLY_H
#define NET_REASSEMBLY_H

#include <pollux/types.h>

#include "base/siphash.h"

struct rte_ip_frag_tbl;

struct reassembly {
	struct rte_ip_frag_tbl *table; // NULL: switched off
	struct siphash_key key;
	plx_time sweep; // when to look for what has waited too long
	plx_duration patience;
	uint32_t held_max; // frames
};

#endif
