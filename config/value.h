// SPDX-License-Identifier: BSD-3-Clause
//
// Text to value and back, for every type of types.def: numbers with units, addresses, prefixes,
// what to listen on, what to ask for. One parser, whether the text stood in a file or behind an
// option.
// Called by config_set, by the loader and by the help of the program.
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>

#include <pollux/types.h>

#include "config/keys.h"

#define CONFIG_ADDRESSES_MAX 64
#define CONFIG_TARGET_PATH_BYTES 1024
#define CONFIG_REASON_BYTES 512

// What a server can speak: X(NAME, "name in a listen").
#define CONFIG_PROTOCOL_LIST(X) X(HTTP, "http") X(ECHO, "echo") X(DISCARD, "discard")

enum config_protocol {
#define X(name, text) CONFIG_PROTOCOL_##name,
	CONFIG_PROTOCOL_LIST(X)
#undef X
		CONFIG_PROTOCOL_COUNT
};

// " http echo discard"
#define CONFIG_PROTOCOL_WORD(name, text) " " text
#define CONFIG_PROTOCOLS CONFIG_PROTOCOL_LIST(CONFIG_PROTOCOL_WORD)

struct config_mac {
	uint8_t bytes[6];
};

// `count` consecutive addresses; of a route, the prefix that `first` lies in.
struct config_prefix {
	struct plx_addr first;
	uint32_t count;
	uint8_t prefix_len; // in bits of its own family
};

struct config_prefixes {
	struct config_prefix items[CONFIG_ADDRESSES_MAX];
	unsigned n;
};

struct config_addresses {
	struct plx_addr items[2];
	unsigned n;
};

struct config_range {
	struct plx_addr first;
	uint32_t count;
};

struct config_ports {
	uint16_t first;
	uint16_t last;
};

struct config_listen {
	enum config_protocol protocol;
	struct plx_addr addr; // all zero: every address of the stack
	struct config_ports ports;
};

struct config_target {
	enum config_protocol protocol; // http or echo
	struct plx_addr addr;
	struct config_ports ports;
	char path[CONFIG_TARGET_PATH_BYTES]; // from its first slash; empty for an echo
};

// Reads `text` into the field of a key; a field that holds several grows by one.
// Returns 0; or -EINVAL with "WHAT; REMEDY" in `reason`, the field as it was.
int config_value_parse(const struct config_key_info *key, const char *text, void *field,
		       char reason[CONFIG_REASON_BYTES]);

// A number of a type with a unit as the parser would read it: 65536 as SIZE is "64k".
const char *config_value_format(enum config_type type, uint64_t value, char text[32]);

// "http"
const char *config_protocol_name(enum config_protocol protocol);

#endif
