// SPDX-License-Identifier: BSD-3-Clause
//
// From a plain description to running ports and stacks, and back: EAL, memory, lcores, pools,
// ports, one stack per worker. The description is made by config/ from a file or from the command
// line's options; apps/ puts an application on each worker and runs them (worker.h).
// One system per process: the EAL cannot be initialised twice.
#ifndef DRIVERS_SYSTEM_H
#define DRIVERS_SYSTEM_H

#include <pollux/pollux.h>

#include "drivers/error.h"
#include "drivers/impairment.h"

#define SYSTEM_NAME_BYTES 32
#define SYSTEM_DEVICE_BYTES 256
#define SYSTEM_PORTS_MAX 16
#define SYSTEM_STACKS_MAX 16
#define SYSTEM_RELAYS_MAX 8
#define SYSTEM_WORKERS_MAX 64
#define SYSTEM_ADDRESSES_MAX 64
#define SYSTEM_ROUTES_MAX 64
#define SYSTEM_NEIGHBORS_MAX 64

#define SYSTEM_RX_DESCRIPTORS 1024
#define SYSTEM_TX_DESCRIPTORS 1024
#define SYSTEM_MBUFS 16384

struct port_config {
	char name[SYSTEM_NAME_BYTES];
	// A PCI address "0000:03:00.0", devargs "net_tap0,iface=tap0"; "loopback" or "net_ring".
	char device[SYSTEM_DEVICE_BYTES];
	char peer[SYSTEM_NAME_BYTES]; // of these two: the port it is joined to; one end says it
	uint16_t rx_descriptors;      // 0 = 1024; bounded by what the device can
	uint16_t tx_descriptors;      // 0 = 1024
	struct impairment_config impairment;
};

// One stack of the configuration: `workers` stacks of the engine with the same addresses, each
// with a queue of its own.
struct stack_plan {
	char name[SYSTEM_NAME_BYTES];
	char port[SYSTEM_NAME_BYTES];
	// 0 counts as 1; more than one needs a joined port whose other side has as many.
	unsigned workers;
	uint32_t mbufs; // of each worker's pool; 0 = 16384 and the descriptors
	// From plx_stack_config_init(), with the counts n_addresses, n_routes, n_neighbors of the
	// arrays below. Bring-up fills in name, pool, mac, offloads, numa_node and the three
	// pointers; a mac that is not zero is kept.
	struct plx_stack_config base;
	struct plx_address addresses[SYSTEM_ADDRESSES_MAX];
	struct plx_route routes[SYSTEM_ROUTES_MAX];
	struct plx_neighbor neighbors[SYSTEM_NEIGHBORS_MAX];
};

// Two ports joined: what arrives at one goes out of the other.
struct relay_plan {
	char left[SYSTEM_NAME_BYTES];
	char right[SYSTEM_NAME_BYTES];
	uint16_t mtu_bytes; // of the largest IP packet
};

struct system_config {
	struct port_config ports[SYSTEM_PORTS_MAX];
	unsigned n_ports;
	struct stack_plan stacks[SYSTEM_STACKS_MAX];
	unsigned n_stacks;
	struct relay_plan relays[SYSTEM_RELAYS_MAX];
	unsigned n_relays;
	uint64_t memory_bytes;	// given to the EAL; 0 = as computed
	uint64_t reserve_bytes; // EAL memory for others (files held in memory, applications)
	bool verbose;		// EAL and driver chatter goes to stderr
};

struct system;
struct worker;
struct port;
struct relay;
struct worker_account;

// Every field zero, ready to be filled in.
void system_config_init(struct system_config *config);

// Brings everything up on the calling thread, which becomes the control thread (the EAL's main
// lcore). What is worth a line (huge pages, shared cores) is said on stderr. Returns 0 and the
// system; else a negative errno, `error` filled in, and everything that was up taken down again.
int system_start(const struct system_config *config, struct system **system,
		 struct system_error *error);

// What came back at the end.
struct system_books {
	bool closed;		// every mbuf is back in its pool
	uint64_t mbufs;		// in all pools at the start
	uint64_t mbufs_missing; // at the end
};

// Stops the ports, destroys stacks, ports and pools, counts the mbufs into `books` (or NULL),
// leaves the EAL and removes its run-time directory. Read statistics before.
void system_stop(struct system *system, struct system_books *books);

// Waits until every port has its link, at most `timeout`; a loopback has it always. Returns 0, or
// -ENETDOWN with `error` naming the port. For who sends first: a memif is up once its peer came.
int system_wait_for_links(struct system *system, plx_duration timeout, struct system_error *error);

// Workers with a stack, in the order of the stacks in the configuration; see worker.h.
unsigned system_workers(const struct system *system);
struct worker *system_worker(struct system *system, unsigned index);

// Relays in the order of the configuration; see relay.h.
unsigned system_relays(const struct system *system);
const struct relay *system_relay(const struct system *system, unsigned index);
const struct worker_account *system_relay_account(const struct system *system, unsigned index);

// Ports in the order of the configuration; see port.h.
unsigned system_ports(const struct system *system);
struct port *system_port(struct system *system, unsigned index);

// Nanoseconds on the clock that the workers give to their stacks; any thread.
plx_time system_now(const struct system *system);

// EAL memory of the process: true when it is of huge pages.
bool system_has_huge_pages(const struct system *system);

// True when most TCP segments that came in failed their checksum, which is what a Linux interface
// with transmit offload does to a virtual port; `text` then says so, with the ethtool line.
bool system_explain_checksum_failures(struct system *system, char *text, size_t size);

#endif
