// SPDX-License-Identifier: BSD-3-Clause
//
// A port of the configuration: a DPDK device or one end of a loopback, with the impairment shim in
// between when it is configured. What the control thread and the final report ask of it; the
// bursts, which only the worker that owns a queue calls, stand in port_burst.h.
#ifndef DRIVERS_PORT_H
#define DRIVERS_PORT_H

#include <pollux/types.h>

#include "drivers/impairment.h"

struct port;

// Totals over all queues, callable from any thread while the port is up.
struct port_stats {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t rx_missed;    // lost by the device: no descriptor, or the ring was full
	uint64_t rx_no_buffer; // lost because the pool was empty
	uint64_t rx_errors;
	uint64_t tx_errors;
	struct impairment_counters rx_impairment; // zero without a shim
	struct impairment_counters tx_impairment;
};

const char *port_name(const struct port *port);

// The devargs, PCI address or "loopback" of the configuration.
const char *port_device(const struct port *port);

// The name of the DPDK driver, "net_tap"; "loopback" for a loopback.
const char *port_driver(const struct port *port);

const uint8_t *port_mac(const struct port *port);

// Of enum plx_offload: what was negotiated.
uint32_t port_offloads(const struct port *port);

// True when the device cuts large segments into frames (TSO).
bool port_cuts_segments(const struct port *port);

bool port_has_link(const struct port *port);

void port_get_stats(const struct port *port, struct port_stats *stats);

#endif
