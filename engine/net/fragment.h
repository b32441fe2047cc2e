// SPDX-License-Identifier: BSD-3-Clause
//
// Fragments of IPv4 (RFC 791, RFC 1122 3.3.2) and IPv6 (RFC 8200 4.5) put together by DPDK's
// librte_ip_frag, within bounds of packets, buffers and time. Overlaps (RFC 5722), tiny fragments
// (RFC 1858, RFC 3128) and packets past 65535 bytes are refused.
// Called by net_input() for fragments to an address of ours, by net_poll() for those that wait.
#ifndef NET_FRAGMENT_H
#define NET_FRAGMENT_H

#include "net/input.h"

// NULL, or the sentence that names the wrong field and the remedy.
const char *reassembly_check(const struct plx_stack_config *config);

size_t reassembly_bytes(const struct plx_stack_config *config);

// 0 or -ENOMEM. With max_fragments 0 it takes nothing, and fragments are dropped.
int reassembly_init(struct net *net, const struct plx_stack_config *config);
void reassembly_fini(struct net *net); // frees what is held; harmless when all is zero

// Takes the fragment in frame->mbuf, whose IP header was read into frame->ip. True: frame->mbuf is
// the whole packet, to be read again from its IP header on, whose IPv4 checksum is void; but for
// this fragment's its frames have their fate. False: `verdict` is NET_HELD or NET_DROP.
bool fragment_completes(struct net *net, struct net_frame *frame,
			const struct ip_fragment *fragment, plx_time now,
			enum net_verdict *verdict);

// Gives up what has waited too long.
void reassembly_poll(struct net *net, plx_time now);

#endif
