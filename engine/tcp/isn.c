// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6528 3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey). M ticks every four
// microseconds, F is SipHash-2-4 with a key from the kernel's generator. The other half of the hash
// moves our timestamps, so that they tell nobody how long the machine has been up.
// Called wherever a connection begins.
#include "tcp/isn.h"

struct isn isn_of(const struct tcp *tcp, const struct flow_key *key)
{
	uint64_t f = siphash(key, sizeof(*key), &tcp->isn_key);
	uint64_t m = tcp->now / (4 * PLX_MICROSECOND);

	return (struct isn){
		.seq = (uint32_t)m + (uint32_t)f,
		.ts_offset = (uint32_t)(f >> 32),
		.tuple = f,
	};
}
