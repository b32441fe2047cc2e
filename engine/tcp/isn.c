// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6528 3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey). M ticks every four
// microseconds, F is SipHash-2-4 with a key from the kernel's generator. The other half of the hash
// moves our timestamps, so that they tell nobody how long the machine has been up.
// Called wherever a connection begins.
#include "tcp/isn.h"

#include "wire/addr.h"
#include "wire/bytes.h"

// What tells one IPv4 tuple from another is less than half of a key. The length is a part of the hash, so that no
// tuple of the other family has the same input.
uint64_t isn_hash_tuple(const struct flow_key *key, const struct siphash_key *secret)
{
	if (!plx_addr_is_ipv4(&key->remote))
		return siphash(key, sizeof(*key), secret);
	return siphash_pair((uint64_t)load_word(key->local.bytes + ADDR_IPV4_OFFSET)
				    | (uint64_t)load_word(key->remote.bytes + ADDR_IPV4_OFFSET)
					    << 32,
			    flow_key_word(key, FLOW_KEY_PORTS), secret);
}

struct isn isn_of(const struct tcp *tcp, const struct flow_key *key)
{
	uint64_t f = isn_hash_tuple(key, &tcp->isn_key);
	uint64_t m = tcp->now / (4 * PLX_MICROSECOND);

	return (struct isn){
		.seq = (uint32_t)m + (uint32_t)f,
		.ts_offset = (uint32_t)(f >> 32),
		.tuple = f,
	};
}
