// SPDX-License-Identifier: BSD-3-Clause
//
// From the servers and loads of a description to applications on workers, and their results back,
// summed over the workers. What servers send lies in EAL memory, once for all workers: a device
// reaches it there.
// Called by run.c.
#include "apps/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "apps/discard.h"
#include "apps/echo.h"
#include "apps/host_worker.h"

// For the heap's own bookkeeping around an allocation.
#define ALLOCATION_SLACK (UINT64_C(1) << 20)

// What an http server sends.
struct content {
	struct http_files *files; // NULL: a body of one pattern
	uint64_t bytes;
	void *memory; // of the EAL, gone with it: stacks may refer to it to the last
};

struct hosts {
	const struct config *config;
	struct content contents[CONFIG_SERVERS_MAX];
	char load_hosts[CONFIG_LOADS_MAX][PLX_ADDR_TEXT_BYTES + 2]; // "[fd00::2]"
	struct host workers[CONFIG_WORKERS_MAX];
	unsigned n_workers;
};

// Only what can be served is counted; what cannot is said where the folder was named.
static void scan(const struct config_server *server, struct content *content,
		 struct config_errors *errors)
{
	const enum config_key key = CONFIG_KEY_server_root;
	struct http_files_error why;

	content->bytes = server->body_size;
	if (!server->root[0])
		return;
	if (http_files_scan(server->root, &content->files, &why))
		config_errors_add(errors, config_line(server, key), config_errors_key(errors, key),
				  "%s; name a folder whose files can all be read", why.text);
	else
		content->bytes = http_files_bytes(content->files);
}

static void name_host(const struct plx_addr *addr, char name[PLX_ADDR_TEXT_BYTES + 2])
{
	char text[PLX_ADDR_TEXT_BYTES];

	plx_addr_format(addr, text);
	snprintf(name, PLX_ADDR_TEXT_BYTES + 2, plx_addr_is_ipv4(addr) ? "%s" : "[%s]", text);
}

struct hosts *hosts_create(const struct config *config, struct config_errors *errors)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));

	if (!hosts) {
		config_errors_add(errors, 0, "memory", "none is left; free some");
		return NULL;
	}
	hosts->config = config;
	for (unsigned i = 0; i < config->n_loads; i++)
		name_host(&config->loads[i].target.addr, hosts->load_hosts[i]);
	for (unsigned i = 0; i < config->n_servers; i++)
		if (config->servers[i].listen.protocol == CONFIG_PROTOCOL_HTTP)
			scan(&config->servers[i], &hosts->contents[i], errors);
	if (errors->n == 0)
		return hosts;
	hosts_destroy(hosts);
	return NULL;
}

void hosts_destroy(struct hosts *hosts)
{
	if (!hosts)
		return;
	for (unsigned i = 0; i < hosts->n_workers; i++)
		host_fini(&hosts->workers[i]);
	for (unsigned i = 0; i < CONFIG_SERVERS_MAX; i++)
		http_files_destroy(hosts->contents[i].files);
	free(hosts);
}

uint64_t hosts_reserve_bytes(const struct hosts *hosts)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < hosts->config->n_servers; i++)
		if (hosts->contents[i].bytes)
			bytes += hosts->contents[i].bytes + ALLOCATION_SLACK;
	return bytes;
}

static int fill_content(const struct config_server *server, struct content *content,
			struct system_error *error)
{
	struct http_files_error files_error = {.text = "no memory is left"};
	int code;

	if (!content->bytes)
		return 0;
	content->memory = rte_malloc("content", content->bytes, RTE_CACHE_LINE_SIZE);
	if (!content->memory) {
		system_error_where(error, "memory");
		system_error_what(error, "no room for %llu bytes to serve",
				  (unsigned long long)content->bytes);
		system_error_remedy(error, "raise memory, or leave it out");
		return -ENOMEM;
	}
	if (!content->files)
		return 0;
	code = http_files_read(content->files, content->memory, &files_error);
	if (code) {
		system_error_where(error, "root");
		system_error_what(error, "%s: %s", server->root, files_error.text);
		system_error_remedy(error, "leave the files alone until they are read");
	}
	return code;
}

struct connection_options {
	struct plx_option_value values[6];
};

static struct connection_options options_of(const struct config_connection *connection)
{
	return (struct connection_options){{
		{PLX_OPTION_CONGESTION, (int64_t)connection->congestion},
		{PLX_OPTION_SEND_BUFFER, (int64_t)connection->send_buffer},
		{PLX_OPTION_RECEIVE_BUFFER, (int64_t)connection->receive_buffer},
		{PLX_OPTION_RECEIVE_BUFFER_MAX, (int64_t)connection->receive_buffer_max},
		{PLX_OPTION_ECN, (int64_t)connection->ecn},
		{PLX_OPTION_PACING, (int64_t)connection->pacing},
	}};
}

static int create_server(const struct hosts *hosts, unsigned index,
			 const struct config_stack *stack, struct application **application)
{
	const struct config_server *server = &hosts->config->servers[index];
	const struct content *content = &hosts->contents[index];
	const struct connection_options options = options_of(&server->connection);
	const struct server_config config = {
		.address = server->listen.addr,
		.port_first = server->listen.ports.first,
		.port_last = server->listen.ports.last,
		.max_sessions = (uint32_t)stack->max_connections,
		.options = options.values,
		.n_options = RTE_DIM(options.values),
	};
	const struct http_server_config http = {
		.server = config,
		.body_bytes = server->body_size,
		.files = content->files,
		.body_memory = content->files ? NULL : content->memory,
	};

	switch (server->listen.protocol) {
	case CONFIG_PROTOCOL_HTTP:
		return http_server_create(&http, application);
	case CONFIG_PROTOCOL_ECHO:
		return echo_create(&config, application);
	default:
		return discard_create(&config, application);
	}
}

static int create_load(const struct hosts *hosts, unsigned index, const struct worker *worker,
		       struct application **application)
{
	const struct config_load *load = &hosts->config->loads[index];
	const struct connection_options options = options_of(&load->connection);
	const struct load_config config = {
		.target = load->target.addr,
		.port_first = load->target.ports.first,
		.port_last = load->target.ports.last,
		.host = hosts->load_hosts[index],
		.path = load->target.path,
		.echo_bytes = load->target.protocol == CONFIG_PROTOCOL_ECHO
			? (uint32_t)load->request_size
			: 0,
		.source_first = load->source.first,
		.n_sources = load->source.count,
		.connections = (uint32_t)load->connections,
		.opening = (uint32_t)load->opening,
		.open_first = load->open_first != 0,
		.requests_per_connection = load->requests_per_connection,
		.rate_per_s = load->rate,
		.share_index = worker->index,
		.share_count = (uint32_t)hosts->config->stacks[worker->plan].workers,
		.duration = load->duration,
		.timeout = load->timeout,
		.drain = load->drain ? load->drain : 1, // 0 would be its default
		.options = options.values,
		.n_options = RTE_DIM(options.values),
	};

	return load_create(&config, application);
}

static int add_application(struct hosts *hosts, struct host *host, const struct worker *worker,
			   enum host_role role, unsigned index)
{
	struct application *application = NULL;
	int code;

	if (role == HOST_LOAD)
		code = create_load(hosts, index, worker, &application);
	else
		code = create_server(hosts, index, &hosts->config->stacks[worker->plan],
				     &application);
	if (code)
		return code;
	code = host_add(host, application, role, index);
	if (code)
		application->ops->destroy(application);
	return code;
}

// Whatever the description puts on the stack of this worker.
static int attach(struct hosts *hosts, struct host *host, struct worker *worker)
{
	const struct config *config = hosts->config;
	const char *stack = config->stacks[worker->plan].name;
	int code = 0;

	for (unsigned i = 0; i < config->n_servers && code == 0; i++)
		if (strcmp(config->servers[i].stack, stack) == 0)
			code = add_application(hosts, host, worker, HOST_SERVER, i);
	for (unsigned i = 0; i < config->n_loads && code == 0; i++)
		if (strcmp(config->loads[i].stack, stack) == 0)
			code = add_application(hosts, host, worker, HOST_LOAD, i);
	worker->application = host_callbacks(host);
	return code;
}

int hosts_attach(struct hosts *hosts, struct system *system, struct system_error *error)
{
	int code = 0;

	for (unsigned i = 0; i < hosts->config->n_servers && code == 0; i++)
		code = fill_content(&hosts->config->servers[i], &hosts->contents[i], error);
	if (code)
		return code;
	for (unsigned i = 0; i < system_workers(system) && code == 0; i++) {
		struct worker *worker = system_worker(system, i);

		code = attach(hosts, &hosts->workers[i], worker);
		hosts->n_workers = i + 1;
		if (code) {
			system_error_where(error, "stack %s", worker->stack_name);
			system_error_what(error, "what runs on it cannot be set up: %s",
					  strerror(-code));
			system_error_remedy(error, "lower max_connections or connections");
		}
	}
	return code;
}

void hosts_explain_start(const struct hosts *hosts, struct system_error *error)
{
	for (unsigned i = 0; i < hosts->n_workers; i++) {
		const struct host *host = &hosts->workers[i];

		if (host->start_code)
			system_error_what(error, "%s does not start: %s",
					  host->slots[host->not_started].application->ops->name,
					  strerror(-host->start_code));
	}
}

void hosts_get_load(const struct hosts *hosts, unsigned index, struct load_results *total)
{
	load_results_init(total);
	for (unsigned i = 0; i < hosts->n_workers; i++) {
		const struct host *host = &hosts->workers[i];

		for (unsigned k = 0; k < host->n_slots; k++)
			if (host->slots[k].role == HOST_LOAD && host->slots[k].index == index)
				load_results_merge(total, load_results(host->slots[k].application));
	}
}

// All servers begin with what every server counts.
static struct http_server_results results_of(const struct config_server *server,
					     const struct application *application)
{
	switch (server->listen.protocol) {
	case CONFIG_PROTOCOL_HTTP:
		return *http_server_results(application);
	case CONFIG_PROTOCOL_ECHO:
		return (struct http_server_results){.server = *echo_results(application)};
	default:
		return (struct http_server_results){.server = *discard_results(application)};
	}
}

static void merge(struct http_server_results *total, const struct http_server_results *from)
{
	total->server.accepted += from->server.accepted;
	total->server.closed += from->server.closed;
	total->server.failed += from->server.failed;
	total->server.turned_away += from->server.turned_away;
	total->server.rx_bytes += from->server.rx_bytes;
	total->server.tx_bytes += from->server.tx_bytes;
	connection_settings_merge(&total->server.settings, &from->server.settings);
	total->requests += from->requests;
	total->responses += from->responses;
	total->refusals += from->refusals;
}

void hosts_get_server(const struct hosts *hosts, unsigned index, struct http_server_results *total)
{
	*total = (struct http_server_results){0};
	for (unsigned i = 0; i < hosts->n_workers; i++) {
		const struct host *host = &hosts->workers[i];

		for (unsigned k = 0; k < host->n_slots; k++) {
			struct http_server_results results;

			if (host->slots[k].role != HOST_SERVER || host->slots[k].index != index)
				continue;
			results = results_of(&hosts->config->servers[index],
					     host->slots[k].application);
			merge(total, &results);
		}
	}
}

// Figures of another thread may be a moment apart.
static uint64_t count_open(uint64_t opened, uint64_t ended)
{
	return opened > ended ? opened - ended : 0;
}

static void add_progress_of_load(const struct application *application,
				 struct hosts_progress *progress)
{
	const struct load_results *results = load_results(application);

	progress->requests += results->requests_answered;
	progress->bytes += results->rx_bytes;
	progress->connections +=
		count_open(results->connections_opened,
			   results->connections_closed + results->connections_failed);
	progress->failed += results->requests_failed;
}

void hosts_get_progress(const struct hosts *hosts, struct hosts_progress *progress)
{
	*progress = (struct hosts_progress){0};
	for (unsigned i = 0; i < hosts->n_workers; i++)
		for (unsigned k = 0; k < hosts->workers[i].n_slots; k++)
			if (hosts->workers[i].slots[k].role == HOST_LOAD)
				add_progress_of_load(hosts->workers[i].slots[k].application,
						     progress);
	for (unsigned i = 0; i < hosts->config->n_servers && !hosts->config->n_loads; i++) {
		struct http_server_results results;

		hosts_get_server(hosts, i, &results);
		progress->requests += results.responses;
		progress->bytes += results.server.rx_bytes + results.server.tx_bytes;
		progress->connections += count_open(results.server.accepted,
						    results.server.closed + results.server.failed);
		progress->failed += results.server.failed;
	}
}
