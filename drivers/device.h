// SPDX-License-Identifier: BSD-3-Clause
//
// What is known of a device before and beside what DPDK reports: how it is named, whether its
// driver hands mbufs on or copies by CPU, and what the operator has to do when it does not come up.
// Called by bring-up only.
#ifndef DRIVERS_DEVICE_H
#define DRIVERS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/system.h"

#define DEVICE_NODES_MAX 32

// What no rte_eth_dev_info says about a driver.
enum device_trait {
	DEVICE_COPIES = 1u << 0,       // reads frames by CPU: any memory of the process will do
	DEVICE_BY_REFERENCE = 1u << 1, // hands our mbufs on to another reader
	DEVICE_SHARES_MAC = 1u << 2,   // its address is that of the kernel's end
	DEVICE_MISSUMS = 1u << 3, // its checksums are wrong for chains that begin with bare headers
	DEVICE_UNMAPS = 1u << 4,  // its interrupt handler unmaps what a burst may be reading
};

bool device_is_loopback(const char *device);

// True for the word net_ring: see ring_ports.h.
bool device_is_ring(const char *device);

// True for both of them, which are joined to a peer inside the process.
bool device_is_joined(const char *device);

// True for a PCI address, with or without domain and devargs.
bool device_is_pci(const char *device);

// The name under which DPDK lists the device: devargs up to the first comma, a PCI address with
// its domain.
void device_port_name(const char *device, char *name, size_t size);

// The value of `key` in devargs "net_tap0,iface=tap0"; false when it is not there.
bool device_argument(const char *device, const char *key, char *value, size_t size);

// NUMA node of a PCI device, below DEVICE_NODES_MAX; 0 where there is none to know, as for virtual
// devices.
int device_numa_node(const char *device);

// True for what reads our memory by itself: a NIC by DMA, the other side of a zero-copy memif.
bool device_needs_huge_pages(const char *device);

// Traits of a driver, as configured by these devargs.
unsigned device_traits(const char *driver, const char *device);

// What and remedy for a port that is not there after the EAL has started.
void device_explain_missing(const struct port_config *port, struct system_error *error);

// The same for a device that is there but did not start.
void device_explain_start(const struct port_config *port, int code, struct system_error *error);

#endif
