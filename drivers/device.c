// SPDX-License-Identifier: BSD-3-Clause
//
// The knowledge about virtual devices in one table, and the questions an operator would ask when
// one is missing: is there a /dev/net/tun, an interface of that name, a folder for the socket?
// Called by bring-up only; reads /sys and asks the kernel, changes nothing.
#include "drivers/device.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICE_LOOPBACK "loopback"
#define DEVICE_RING "net_ring"	       // with a number it is another one: joined to itself
#define MEMIF_SOCKET "/run/memif.sock" // the driver's default

typedef void device_explanation(const struct port_config *port, struct system_error *error);

static void explain_tap(const struct port_config *port, struct system_error *error);
static void explain_af_packet(const struct port_config *port, struct system_error *error);
static void explain_memif(const struct port_config *port, struct system_error *error);

static const struct device_kind {
	const char *driver;
	unsigned traits;
	device_explanation *explain_missing;
} device_kinds[] = {
	{"net_tap", DEVICE_COPIES | DEVICE_SHARES_MAC | DEVICE_MISSUMS, explain_tap},
	{"net_af_packet", DEVICE_COPIES, explain_af_packet},
	{"net_memif", DEVICE_COPIES | DEVICE_UNMAPS, explain_memif},
	{"net_ring", DEVICE_COPIES | DEVICE_BY_REFERENCE, NULL},
	{"net_null", DEVICE_COPIES, NULL},
	{"net_pcap", DEVICE_COPIES, NULL},
	{"net_vhost", DEVICE_COPIES, NULL},
};

// By the driver's name, which is also how its devargs begin: "net_tap" or "net_tap0,iface=tap0".
static const struct device_kind *find_kind(const char *text)
{
	for (size_t i = 0; i < sizeof(device_kinds) / sizeof(device_kinds[0]); i++) {
		size_t len = strlen(device_kinds[i].driver);

		// net_tap is not the beginning of another driver's name that goes on in letters.
		if (strncmp(text, device_kinds[i].driver, len) == 0
		    && !isalpha((unsigned char)text[len]) && text[len] != '_')
			return &device_kinds[i];
	}
	return NULL;
}

bool device_is_loopback(const char *device)
{
	return strcmp(device, DEVICE_LOOPBACK) == 0;
}

bool device_is_ring(const char *device)
{
	return strcmp(device, DEVICE_RING) == 0;
}

bool device_is_joined(const char *device)
{
	return device_is_loopback(device) || device_is_ring(device);
}

static bool parse_pci(const char *device, unsigned parts[4])
{
	int used = 0;

	if (sscanf(device, "%4x:%2x:%2x.%1x%n", &parts[0], &parts[1], &parts[2], &parts[3], &used)
	    == 4)
		return device[used] == '\0' || device[used] == ',';
	parts[0] = 0;
	return sscanf(device, "%2x:%2x.%1x%n", &parts[1], &parts[2], &parts[3], &used) == 3
		&& (device[used] == '\0' || device[used] == ',');
}

bool device_is_pci(const char *device)
{
	unsigned parts[4];

	return parse_pci(device, parts);
}

void device_port_name(const char *device, char *name, size_t size)
{
	unsigned parts[4];

	if (parse_pci(device, parts))
		snprintf(name, size, "%04x:%02x:%02x.%x", parts[0], parts[1], parts[2], parts[3]);
	else
		snprintf(name, size, "%.*s", (int)strcspn(device, ","), device);
}

bool device_argument(const char *device, const char *key, char *value, size_t size)
{
	size_t key_len = strlen(key);

	for (const char *at = strchr(device, ','); at != NULL; at = strchr(at, ',')) {
		at++;
		if (strncmp(at, key, key_len) != 0 || at[key_len] != '=')
			continue;
		at += key_len + 1;
		snprintf(value, size, "%.*s", (int)strcspn(at, ","), at);
		return true;
	}
	return false;
}

static bool has_argument(const char *device, const char *key, const char *wanted)
{
	char value[16];

	return device_argument(device, key, value, sizeof(value)) && strcmp(value, wanted) == 0;
}

int device_numa_node(const char *device)
{
	char name[SYSTEM_DEVICE_BYTES], path[SYSTEM_DEVICE_BYTES + 64];
	int node = 0;
	FILE *file;

	if (!device_is_pci(device))
		return 0;
	device_port_name(device, name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/numa_node", name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &node) != 1 || node < 0 || node >= DEVICE_NODES_MAX)
		node = 0;
	fclose(file);
	return node;
}

unsigned device_traits(const char *driver, const char *device)
{
	const struct device_kind *kind = find_kind(driver);
	unsigned traits = kind != NULL ? kind->traits : 0;

	if (has_argument(device, "zero-copy", "yes"))
		traits &= ~DEVICE_COPIES;
	return traits;
}

bool device_needs_huge_pages(const char *device)
{
	return device_is_pci(device) || has_argument(device, "zero-copy", "yes");
}

static void explain_tap(const struct port_config *port, struct system_error *error)
{
	(void)port;
	if (access("/dev/net/tun", F_OK) != 0)
		system_error_remedy(error, "/dev/net/tun is missing: modprobe tun");
	else if (geteuid() != 0)
		system_error_remedy(error, "it needs root, or CAP_NET_ADMIN and CAP_NET_RAW");
	else
		system_error_remedy(error, "is its iface= in use, or longer than 15 letters?");
}

static void explain_af_packet(const struct port_config *port, struct system_error *error)
{
	char interface[IF_NAMESIZE];

	if (!device_argument(port->device, "iface", interface, sizeof(interface)))
		system_error_remedy(error, "add the interface: net_af_packet0,iface=NAME");
	else if (if_nametoindex(interface) == 0)
		system_error_remedy(error,
				    "there is no interface %s here: ip link shows those there are",
				    interface);
	else if (geteuid() != 0)
		system_error_remedy(error, "it needs root, or CAP_NET_RAW");
	else
		system_error_remedy(error,
				    "do its framesz=, framecnt= and blocksz= fit each other?");
}

static void memif_socket(const struct port_config *port, char *socket, size_t size)
{
	if (!device_argument(port->device, "socket", socket, size))
		snprintf(socket, size, "%s", MEMIF_SOCKET);
}

static void explain_memif(const struct port_config *port, struct system_error *error)
{
	char socket[SYSTEM_DEVICE_BYTES], folder[SYSTEM_DEVICE_BYTES];

	memif_socket(port, socket, sizeof(socket));
	memcpy(folder, socket, sizeof(folder));
	if (has_argument(port->device, "socket-abstract", "no")
	    && access(dirname(folder), W_OK) != 0)
		system_error_remedy(error,
				    "no folder to write socket %s into: set socket=", socket);
	else
		system_error_remedy(error, "does another memif use the same socket= and id=?");
}

void device_explain_missing(const struct port_config *port, struct system_error *error)
{
	const struct device_kind *kind = find_kind(port->device);

	system_error_where(error, "port %s", port->name);
	system_error_what(error, "%s did not come up", port->device);
	if (device_is_pci(port->device))
		system_error_remedy(error,
				    "does it exist, and is it bound to vfio-pci? dpdk-devbind.py "
				    "--status shows it");
	else if (kind != NULL && kind->explain_missing != NULL)
		kind->explain_missing(port, error);
	else
		system_error_remedy(error,
				    "is there a DPDK driver of that name, and are its devargs "
				    "right? --verbose shows what it says");
}

void device_explain_start(const struct port_config *port, int code, struct system_error *error)
{
	char socket[SYSTEM_DEVICE_BYTES];

	system_error_where(error, "port %s", port->name);
	system_error_what(error, "%s does not start: %s", port->device, strerror(-code));
	system_error_remedy(error, "--verbose shows what its driver says");
	if (strncmp(port->device, "net_memif", strlen("net_memif")) != 0
	    || has_argument(port->device, "role", "server"))
		return;
	memif_socket(port, socket, sizeof(socket));
	system_error_what(error, "nobody listens on the memif socket %s", socket);
	system_error_remedy(error, "start the side with role=server first");
}
