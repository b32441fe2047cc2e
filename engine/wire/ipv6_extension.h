// SPDX-License-Identifier: BSD-3-Clause
//
// What may stand between an IPv6 header and its transport (RFC 8200 4): hop-by-hop and destination
// options, routing headers that are used up, a fragment header. Bounded in number and bytes.
// Pure functions, nothing read outside the bytes given.
// Called by net/input for packets that are not plain.
#ifndef WIRE_IPV6_EXTENSION_H
#define WIRE_IPV6_EXTENSION_H

#include "wire/ip.h"

enum {
	IPV6_EXTENSIONS_MAX = 8, // headers; RFC 8504 5.3 lets a host bound them
	IPV6_EXTENSIONS_MAX_BYTES = 256,
	IPV6_FRAGMENT_HEADER_BYTES = 8,
};

// Is it a next header that carries another one behind it?
bool ipv6_is_extension(uint8_t next_header);

// Goes on where ipv6_header_parse() said PLX_DROP_IPV6_EXTENSION: `bytes` begins at the IPv6 header,
// `ip` is what was read of that, and `len_bytes` lie in one piece (all of the packet, or at least
// IPV6_HEADER_BYTES and IPV6_EXTENSIONS_MAX_BYTES). Moves `ip` on to what follows the extensions.
// PLX_DROP_NONE: that is no extension header. PLX_DROP_IP_FRAGMENT: it is a piece of something that
// must be put together; the fragment header is the last before it, and `fragment` holds it. An
// atomic fragment (RFC 6946) is none, but has fragment->is_atomic set. PLX_DROP_IPV6_EXTENSION,
// PLX_DROP_IPV6_OPTION, PLX_DROP_IP_SOURCE_ROUTE: refused, `ip` and `fragment` are not to be used.
enum plx_drop ipv6_extensions_parse(const uint8_t *bytes, size_t len_bytes, struct ip_header *ip,
				    struct ip_fragment *fragment);

#endif
