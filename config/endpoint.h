// SPDX-License-Identifier: BSD-3-Clause
//
// Values that are made of addresses: with a prefix, in ranges, with protocol and ports, as a URL
// (RFC 3986 3.2.2: IPv6 in brackets). All answer 0, or -EINVAL with "WHAT; REMEDY" in `reason` and
// the field as it was.
// Called by value.c.
#ifndef CONFIG_ENDPOINT_H
#define CONFIG_ENDPOINT_H

#include "config/value.h"

// Writes the reason and returns -EINVAL.
int reason_set(char reason[CONFIG_REASON_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// That `text` is not what a value of the type is, and how one is written.
int reason_set_form(char reason[CONFIG_REASON_BYTES], enum config_type type, const char *text);

int endpoint_parse_address(const char *text, struct plx_addr *field, char *reason);
int endpoint_add_address(const char *text, struct config_addresses *field, char *reason);

// A prefix of a network: no bits behind it.
int endpoint_parse_prefix(const char *text, struct config_prefix *field, char *reason);

// One or several addresses fit for a host, with their prefix.
int endpoint_add_prefix(const char *text, struct config_prefixes *field, char *reason);

int endpoint_parse_range(const char *text, struct config_range *field, char *reason);
int endpoint_parse_listen(const char *text, struct config_listen *field, char *reason);
int endpoint_parse_target(const char *text, struct config_target *field, char *reason);

#endif
