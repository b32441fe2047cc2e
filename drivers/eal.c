// SPDX-License-Identifier: BSD-3-Clause
//
// One process, no secondaries, no telemetry: nothing is left in the file system while it runs. Huge
// pages are taken at the start, in one file per node that is unlinked at once; a zero-copy memif
// hands on the open file, not its name. Called by bring-up, once in a process.
#include "drivers/eal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "drivers/device.h"
#include "drivers/leftover.h"

#define ARGUMENTS_MAX (32 + 2 * SYSTEM_PORTS_MAX)
#define CPUS_TEXT_BYTES (5 * CPU_SETSIZE)

struct arguments {
	char *argv[ARGUMENTS_MAX];
	int argc;
	bool is_incomplete; // no memory for one
};

static void add(struct arguments *arguments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct arguments *arguments, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		arguments->is_incomplete = true;
	else
		arguments->argv[arguments->argc++] = text;
	va_end(values);
}

// "0@(0-3),1@(3),2@(2)": lcore 0 on any CPU, the others on theirs.
static void add_lcores(struct arguments *arguments, const struct cores_plan *cores)
{
	char cpus[CPUS_TEXT_BYTES];
	size_t size;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL) {
		arguments->is_incomplete = true;
		return;
	}
	fprintf(stream, "0@(%s)", cores_format(&cores->allowed, cpus, sizeof(cpus)));
	for (unsigned lcore = 1; lcore <= cores->n_lcores; lcore++)
		fprintf(stream, ",%u@(%s)", lcore,
			cores_format(&cores->cpus_of_lcore[lcore], cpus, sizeof(cpus)));
	fclose(stream);
	add(arguments, "--lcores");
	add(arguments, "%s", text);
	free(text);
}

static void add_memory(struct arguments *arguments, const struct memory_plan *memory)
{
	char per_node[MEMORY_NODES_MAX * 12];
	size_t used = 0;

	if (!memory->has_huge_pages) {
		add(arguments, "--no-huge");
		add(arguments, "-m");
		add(arguments, "%" PRIu64, memory->total_bytes >> 20);
		return;
	}
	for (unsigned node = 0; node < memory->n_nodes; node++)
		used += (size_t)snprintf(per_node + used, sizeof(per_node) - used, "%s%" PRIu64,
					 node > 0 ? "," : "", memory->node_bytes[node] >> 20);
	add(arguments, "--socket-mem");
	add(arguments, "%s", per_node);
	add(arguments, "--huge-dir");
	add(arguments, "%s", memory->mount.path);
	add(arguments, "--single-file-segments");
}

static void add_devices(struct arguments *arguments, const struct system_config *config)
{
	unsigned n_pci = 0;

	for (unsigned i = 0; i < config->n_ports; i++) {
		const char *device = config->ports[i].device;

		if (device_is_joined(device))
			continue;
		add(arguments, device_is_pci(device) ? "--allow" : "--vdev");
		add(arguments, "%s", device);
		n_pci += device_is_pci(device);
	}
	if (n_pci > 0)
		return;
	add(arguments, "--no-pci");
	add(arguments, "--iova-mode");
	add(arguments, "va");
}

static int init(struct arguments *arguments)
{
	char *argv[ARGUMENTS_MAX];

	if (arguments->is_incomplete)
		return -ENOMEM;
	memcpy(argv, arguments->argv, sizeof(argv)); // the EAL sorts them
	if (rte_eal_init(arguments->argc, argv) >= 0)
		return 0;
	return rte_errno != 0 ? -rte_errno : -EIO;
}

// The EAL refuses to start for a device of which no bus knows a driver; which one, it only prints.
static void explain_failure(const struct system_config *config, int code,
			    struct system_error *error)
{
	const struct port_config *only = NULL;
	unsigned n_devices = 0;

	for (unsigned i = 0; i < config->n_ports; i++)
		if (!device_is_joined(config->ports[i].device)) {
			only = &config->ports[i];
			n_devices++;
		}
	if (code == -ENODEV && n_devices == 1) {
		device_explain_missing(only, error);
		return;
	}
	system_error_where(error, "EAL");
	system_error_what(error, "it does not start: %s", strerror(-code));
	system_error_remedy(error, "its own messages stand above");
}

int eal_start(const struct system_config *config, const struct memory_plan *memory,
	      const struct cores_plan *cores, struct system_error *error)
{
	struct arguments arguments = {.argc = 0};
	char prefix[LEFTOVER_PREFIX_BYTES];
	int code;

	leftover_prefix(prefix);
	add(&arguments, "pollux");
	add(&arguments, "--file-prefix");
	add(&arguments, "%s", prefix);
	add(&arguments, "--no-shconf");
	add(&arguments, "--no-telemetry");
	add_lcores(&arguments, cores);
	add_memory(&arguments, memory);
	add_devices(&arguments, config);
	code = init(&arguments);
	for (int i = 0; i < arguments.argc; i++)
		free(arguments.argv[i]);
	if (memory->has_huge_pages)
		leftover_remove_huge_pages(memory->mount.path);
	rmdir(rte_eal_get_runtime_dir()); // kept empty by --no-shconf
	leftover_sweep_runtime(rte_eal_get_runtime_dir());
	if (code != 0)
		explain_failure(config, code, error);
	return code;
}

void eal_stop(const struct memory_plan *memory)
{
	rte_eal_cleanup();
	if (memory->has_huge_pages)
		leftover_remove_huge_pages(memory->mount.path);
}
