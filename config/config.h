// SPDX-License-Identifier: BSD-3-Clause
//
// What is to be run: ports, stacks on them, servers and load generators on these, relays between
// ports. One description for `pollux run FILE` (config_load_file) and for the options of the other
// commands (config_set), checked by one function (config_check) whichever way it came.
// Keys, types, defaults and bounds stand in keys.def. Called by apps/; knows no device.
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <pollux/types.h>

#include "config/error.h"
#include "config/keys.h"
#include "config/value.h"

#define CONFIG_NAME_BYTES 32
#define CONFIG_DEVICE_BYTES 256
#define CONFIG_PATH_BYTES 1024
#define CONFIG_PORTS_MAX 16
#define CONFIG_STACKS_MAX 16
#define CONFIG_RELAYS_MAX 8
#define CONFIG_WORKERS_MAX 64
#define CONFIG_ROUTES_MAX 64
#define CONFIG_NEIGHBORS_MAX 64
#define CONFIG_SERVERS_MAX 64
#define CONFIG_LOADS_MAX 64

// The devices that join two ports of one process.
#define CONFIG_LOOPBACK "loopback"
#define CONFIG_RING "net_ring"

// First member of every section: where it stands, and which of its keys were given, and where.
struct config_entry {
	uint32_t line;				     // of the file, from 1; 0 when there is no file
	uint32_t key_lines[CONFIG_SECTION_KEYS_MAX]; // 0 = not given: the default holds
};

// One direction of the impairment shim. Shares are in parts per million of frames.
struct config_direction {
	struct config_entry entry;
	uint64_t rate;		// bits per second; 0 = no limit
	uint64_t queue;		// bytes; 0 = no bound
	uint64_t ecn_threshold; // bytes; 0 = none is marked
	plx_duration delay;
	plx_duration jitter;
	uint64_t jitter_reorders; // 0 or 1
	uint64_t loss;
	uint64_t burst;
	uint64_t burst_frames;
	uint64_t burst_loss;
	uint64_t reorder;
	plx_duration reorder_delay;
	uint64_t duplicate;
	plx_duration duplicate_delay;
	uint64_t corrupt;
};

struct config_impairment {
	struct config_entry entry;
	struct config_direction rx;
	struct config_direction tx;
	uint64_t seed;
	uint64_t queue_frames;
};

struct config_port {
	struct config_entry entry;
	char name[CONFIG_NAME_BYTES];
	char device[CONFIG_DEVICE_BYTES];
	char peer[CONFIG_NAME_BYTES]; // joined ports only; one of the two ends may leave it empty
	uint64_t rx_descriptors;
	uint64_t tx_descriptors;
	struct config_impairment impairment;
};

struct config_route {
	struct config_entry entry;
	struct config_prefix to;
	struct plx_addr via;
};

struct config_neighbor {
	struct config_entry entry;
	struct plx_addr address;
	struct config_mac mac;
};

struct config_stack {
	struct config_entry entry;
	char name[CONFIG_NAME_BYTES];
	char port[CONFIG_NAME_BYTES];
	struct config_prefixes addresses;
	struct config_addresses gateway; // at most one of each family
	struct config_route routes[CONFIG_ROUTES_MAX];
	unsigned n_routes;
	struct config_neighbor neighbors[CONFIG_NEIGHBORS_MAX];
	unsigned n_neighbors;
	uint64_t workers;
	uint64_t mtu;
	uint64_t vlan;
	uint64_t outer_vlan;
	struct config_mac mac; // all zero: the device's
	plx_duration time_wait;
	uint64_t max_fragments;
	plx_duration fragment_time;
	uint64_t max_connections; // of each worker
	uint64_t max_half_open;
	uint64_t syn_cookies;	// enum plx_syn_cookies
	uint64_t answer_nobody; // 0 or 1
	uint64_t max_time_wait;
	uint64_t mbufs; // 0 = computed
};

struct config_relay {
	struct config_entry entry;
	char left[CONFIG_NAME_BYTES];
	char right[CONFIG_NAME_BYTES];
	uint64_t mtu;
};

// What every connection of a server or load begins with.
struct config_connection {
	uint64_t congestion; // as of plx_congestion_index()
	uint64_t send_buffer;
	uint64_t receive_buffer;
	uint64_t receive_buffer_max;
	uint64_t ecn;	 // enum plx_ecn
	uint64_t pacing; // 0 or 1
};

struct config_server {
	struct config_entry entry;
	char stack[CONFIG_NAME_BYTES];
	struct config_listen listen;
	uint64_t body_size;
	char root[CONFIG_PATH_BYTES]; // empty: every path answers with body_size bytes
	struct config_connection connection;
};

struct config_load {
	struct config_entry entry;
	char stack[CONFIG_NAME_BYTES];
	struct config_target target;
	struct config_range source; // not given: count 0, the stack chooses
	uint64_t connections;	    // over all workers of the stack
	uint64_t opening;	    // of each worker; 0 = no bound
	uint64_t open_first;	    // 0 or 1
	uint64_t requests_per_connection;
	uint64_t request_size; // of an echo
	uint64_t rate;	       // requests per second over all workers; 0 = as fast as possible
	plx_duration duration; // 0 = as long as the run
	plx_duration timeout;
	plx_duration drain;
	struct config_connection connection;
};

struct config {
	struct config_entry entry;
	struct config_port ports[CONFIG_PORTS_MAX];
	unsigned n_ports;
	struct config_stack stacks[CONFIG_STACKS_MAX];
	unsigned n_stacks;
	struct config_relay relays[CONFIG_RELAYS_MAX];
	unsigned n_relays;
	struct config_server servers[CONFIG_SERVERS_MAX];
	unsigned n_servers;
	struct config_load loads[CONFIG_LOADS_MAX];
	unsigned n_loads;
	uint64_t memory;       // bytes; 0 = computed
	plx_duration duration; // 0 = until the loads end, or a signal comes
};

// An empty description, or NULL without memory. config_destroy() frees it, and ignores NULL.
struct config *config_create(void);
void config_destroy(struct config *config);

// Reads a YAML file into an empty description. Every key is known, present where it must be,
// well-formed and within its bounds afterwards; what keys say about each other is config_check's
// affair.
// Returns 0, or -EINVAL with what is wrong in `errors`.
int config_load_file(struct config *config, const char *path, struct config_errors *errors);

// Begins an entry of the list `list` (CONFIG_KEY_top_ports, ...) in `section` with all defaults.
// Returns the new entry, a struct config_port and so on; NULL when the list is full.
void *config_append(void *section, enum config_key list, uint32_t line);

// The section that the map `map` of a section is, to set its keys.
void *config_open_map(void *section, enum config_key map, uint32_t line);

// Sets a key of `section` (which begins with its struct config_entry) to what `text` says; a list
// of values grows by one. The line, from 1, is remembered as where it was given.
// Returns 0, or -EINVAL with what is wrong in `errors`.
int config_set(void *section, enum config_key key, const char *text, uint32_t line,
	       struct config_errors *errors);

// True when the key was given; else it has its default.
bool config_is_given(const void *section, enum config_key key);

// Where the key was given, or else where its section begins.
uint32_t config_line(const void *section, enum config_key key);

// Everything that can be known without looking at the machine: names, references, families,
// reachability.
// Returns 0, or -EINVAL with what is wrong in `errors`.
int config_check(const struct config *config, struct config_errors *errors);

// By name; NULL when there is none.
const struct config_port *config_find_port(const struct config *config, const char *name);
const struct config_stack *config_find_stack(const struct config *config, const char *name);

// The relay that the port is an end of; NULL when there is none.
const struct config_relay *config_find_relay(const struct config *config,
					     const struct config_port *port);

// True for a port that is joined to a peer inside the process. A net_ring with a number is DPDK's own.
bool config_is_joined(const struct config_port *port);

// The port that it is joined to, whichever of the two says so; NULL when none is.
const struct config_port *config_peer(const struct config *config, const struct config_port *port);

#endif
