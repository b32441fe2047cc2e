// SPDX-License-Identifier: BSD-3-Clause
//
// What the rooms of config_check() share: a sentence about a key of a section, at the line where
// the key was given. A check says what is wrong and goes on, so that a file is mended in one go.
// Called by check.c.
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/config.h"

#define CHECK_SAY(errors, section, key, ...)                                                 \
	config_errors_add(errors, config_line(section, key), config_errors_key(errors, key), \
			  __VA_ARGS__)

// Names, references between sections, what exactly one entry may claim.
void check_ports(const struct config *config, struct config_errors *errors);
void check_stacks(const struct config *config, struct config_errors *errors);
void check_relays(const struct config *config, struct config_errors *errors);
void check_servers(const struct config *config, struct config_errors *errors);
void check_loads(const struct config *config, struct config_errors *errors);

// Addresses, next hops, neighbours of a stack; from where a load reaches its target.
void check_addresses(const struct config *config, const struct config_stack *stack,
		     struct config_errors *errors);
void check_reach(const struct config_stack *stack, const struct config_load *load,
		 struct config_errors *errors);

// True when `addr` is one of the stack's addresses.
bool check_is_own_address(const struct config_stack *stack, const struct plx_addr *addr);

#endif
