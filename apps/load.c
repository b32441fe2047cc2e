// SPDX-License-Identifier: BSD-3-Clause
//
// The load as a whole: once an iteration it hands out the requests that are due, opens connections,
// looks for those that wait too long, and at the end of its time winds itself up. Each of these
// does a bounded amount of work and is called again at once when more is left.
// The worker's loop calls it through application.h.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/load_connection.h"
#include "apps/table_memory.h"

#define REQUESTS_PER_RUN 256
#define CONNECTS_PER_RUN 32
#define CLOSES_PER_RUN 32
#define CLOSING_GENTLY 1024 // on their way at a time, that their answers fit into a ring
#define CLOSE_AGAIN_AFTER (200 * PLX_MICROSECOND) // so often some more, should the way be long
#define SWEPT_PER_RUN 256
#define SWEEPS_PER_TIMEOUT 16 // a timeout is noticed this part of its length late at most
#define LAST_SWEEPS_EVERY (10 * PLX_MILLISECOND) // once nothing is awaited any more

static struct load_connection *first_of(const struct load *load, enum load_state state)
{
	return TAILQ_FIRST(&load->lists[state]);
}

static struct load_connection *find_free(const struct load *load)
{
	struct load_connection *idle = first_of(load, LOAD_IDLE);

	return idle != NULL ? idle : first_of(load, LOAD_VACANT);
}

// In closed loop one is due for whoever is idle, which connections are that were opened first.
static bool is_request_due(const struct load *load, plx_time now)
{
	if (load->is_open_loop)
		return load->schedule.next <= now;
	return !load->is_opening && !load->is_over && now < load->end_at;
}

// True when a request is due and somebody is free to take it. When nobody is, the schedule keeps
// it; its latency has begun.
static bool can_hand_out(const struct load *load, plx_time now)
{
	return is_request_due(load, now) && find_free(load) != NULL;
}

static void hand_out_requests(struct load *load, plx_time now)
{
	for (unsigned i = 0; i < REQUESTS_PER_RUN && can_hand_out(load, now); i++) {
		struct load_connection *c = find_free(load);
		plx_time due = load->is_open_loop ? load_schedule_take(&load->schedule) : now;

		load_connection_begin_request(load, c, due, now);
	}
}

static void end_cooling(struct load *load, plx_time now)
{
	struct load_connection *c;

	while ((c = first_of(load, LOAD_COOLING)) != NULL && now - c->since >= LOAD_RETRY_AFTER)
		load_connection_set_state(load, c, load->is_on_demand ? LOAD_VACANT : LOAD_WANTING,
					  now);
}

// A request is never held back for the sake of the target; connections without one are opened no
// faster than twice as fast as it accepts them, and never so many at a time that their handshakes
// would not fit into a ring.
static bool may_connect(const struct load *load, const struct load_connection *c)
{
	return c->has_request || load->n[LOAD_CONNECTING] < load->window;
}

static void connect_wanting(struct load *load, plx_time now)
{
	struct load_connection *c;

	for (unsigned i = 0; i < CONNECTS_PER_RUN && now >= load->connect_at; i++) {
		c = first_of(load, LOAD_WANTING);
		if (c == NULL || !may_connect(load, c) || !load_connection_connect(load, c, now))
			return;
	}
}

static void close_idle(struct load *load, plx_time now)
{
	struct load_connection *c;

	if (load->n[LOAD_CLOSING] >= CLOSING_GENTLY && now < load->close_at)
		return;
	load->close_at = now + CLOSE_AGAIN_AFTER;
	for (unsigned i = 0; i < CLOSES_PER_RUN; i++) {
		c = first_of(load, LOAD_IDLE);
		if (c == NULL)
			return;
		load_connection_close(load, c, now);
	}
}

static void look_for_timeout(struct load *load, struct load_connection *c, plx_time now)
{
	bool waits = c->state >= LOAD_CONNECTING && c->state != LOAD_ABORTED;

	if (load->is_drain_over && (waits || c->has_request))
		load_connection_fail(load, c, LOAD_ERROR_UNFINISHED, now);
	else if (!waits || now - c->since < load->config.timeout)
		return;
	else if (c->state == LOAD_ENDING)
		load_connection_close(load, c, now); // it said it would, so we need not wait
	else
		load_connection_fail(load, c, LOAD_ERROR_TIMEOUT, now);
}

static plx_duration sweep_interval(const struct load *load)
{
	return load->is_drain_over ? LAST_SWEEPS_EVERY
				   : load->config.timeout / SWEEPS_PER_TIMEOUT + 1;
}

// Looks at every connection a few times per timeout, some at a time. Cheaper than a timer each: a
// request costs one store.
static void sweep(struct load *load, plx_time now)
{
	if (now < load->sweep_at)
		return;
	for (unsigned i = 0; i < SWEPT_PER_RUN && load->swept < load->n_connections; i++)
		look_for_timeout(load, &load->connections[load->swept++], now);
	if (load->swept == load->n_connections) {
		load->swept = 0;
		load->sweep_at = now + sweep_interval(load);
	}
}

// No request is begun any more; those that nobody could take in time are counted.
static void end(struct load *load, plx_time now)
{
	plx_time ended = now < load->end_at ? now : load->end_at;
	struct load_connection *c;

	load->is_over = true;
	load->results.ended = ended;
	load->drain_until = now + load->config.drain;
	if (load->is_open_loop && !load->is_opening)
		load->results.requests_unsent = load_schedule_end(&load->schedule, ended);
	load->is_opening = false;
	for (enum load_state state = LOAD_WANTING; state <= LOAD_COOLING; state++) {
		struct load_connection *next;

		for (c = first_of(load, state); c != NULL; c = next) {
			next = TAILQ_NEXT(c, link);
			if (!c->has_request)
				load_connection_set_state(load, c, LOAD_VACANT, now);
		}
	}
}

static void begin_requests(struct load *load, plx_time now)
{
	plx_duration duration = load->config.duration;

	load->is_opening = false;
	load->results.opening = now - load->results.started;
	load->results.started = now;
	load->end_at = duration == 0 ? PLX_TIME_NEVER : now + duration;
	if (load->is_open_loop && load->n_connections > 0)
		load_schedule_start(&load->schedule, now, duration);
}

// Connections are opened first. What the target does not take shall not keep us from asking.
static void watch_opening(struct load *load, plx_time now)
{
	uint32_t n = load->n[LOAD_IDLE];

	if (n > load->most_open) {
		load->most_open = n;
		load->most_open_at = now;
	}
	if (n < load->n_connections && now - load->most_open_at < load->config.timeout)
		return;
	load->results.connections_waiting = n;
	begin_requests(load, now);
}

static void wind_up(struct load *load, plx_time now)
{
	close_idle(load, now);
	if (!load->is_drain_over && now >= load->drain_until) {
		load->is_drain_over = true;
		load->swept = 0;
		load->sweep_at = now;
	}
}

static plx_time earlier(plx_time a, plx_time b)
{
	return a < b ? a : b;
}

static plx_time next_connect(const struct load *load, plx_time now)
{
	const struct load_connection *c = first_of(load, LOAD_WANTING);

	if (c == NULL || !may_connect(load, c))
		return PLX_TIME_NEVER;
	return load->connect_at > now ? load->connect_at : now;
}

static plx_time next_request(const struct load *load, plx_time now)
{
	if (find_free(load) == NULL)
		return PLX_TIME_NEVER;
	if (load->is_open_loop)
		return load->schedule.next;
	return is_request_due(load, now) ? now : PLX_TIME_NEVER;
}

static plx_time next_wind_up(const struct load *load, plx_time now)
{
	if (load->n[LOAD_IDLE] > 0)
		return load->n[LOAD_CLOSING] < CLOSING_GENTLY ? now : load->close_at;
	return load->is_drain_over ? PLX_TIME_NEVER : load->drain_until;
}

static plx_time next_run(const struct load *load, plx_time now)
{
	const struct load_connection *cooling = first_of(load, LOAD_COOLING);
	plx_time at = next_connect(load, now);

	if (load->n[LOAD_VACANT] < load->n_connections)
		at = earlier(at, load->sweep_at);
	if (cooling != NULL)
		at = earlier(at, cooling->since + LOAD_RETRY_AFTER);
	if (load->is_over)
		at = earlier(at, next_wind_up(load, now));
	else if (load->is_opening)
		at = earlier(at, load->most_open_at + load->config.timeout);
	else
		at = earlier(at, load->end_at);
	return earlier(at, next_request(load, now));
}

static plx_time load_run(struct application *application, plx_time now)
{
	struct load *load = (struct load *)application;

	end_cooling(load, now);
	if (load->is_opening)
		watch_opening(load, now);
	hand_out_requests(load, now);
	// What was due in time and has a free connection is sent, however late this iteration is.
	if (!load->is_over && now >= load->end_at && !can_hand_out(load, now))
		end(load, now);
	if (load->is_over)
		wind_up(load, now);
	connect_wanting(load, now);
	sweep(load, now);
	return next_run(load, now);
}

static int load_start(struct application *application, struct plx_stack *stack, plx_time now)
{
	struct load *load = (struct load *)application;

	load->stack = stack;
	load->results.started = load->most_open_at = now;
	load->end_at = PLX_TIME_NEVER;
	load->sweep_at = now + sweep_interval(load);
	if (!load->is_opening)
		begin_requests(load, now);
	for (uint32_t i = 0; i < load->n_connections && !load->is_on_demand; i++)
		load_connection_set_state(load, &load->connections[i], LOAD_WANTING, now);
	return 0;
}

static void load_on_event(struct application *application, const struct plx_event *event,
			  plx_time now)
{
	load_connection_on_event((struct load *)application, event->user, event, now);
}

static void load_stop(struct application *application, plx_time now)
{
	struct load *load = (struct load *)application;

	if (!load->is_over)
		end(load, now);
}

static bool load_is_finished(const struct application *application)
{
	const struct load *load = (const struct load *)application;

	return load->is_over && load->n[LOAD_VACANT] == load->n_connections;
}

static void load_destroy(struct application *application)
{
	struct load *load = (struct load *)application;

	load_request_fini(&load->request);
	free(load->connections);
	free(load);
}

static const struct application_ops load_ops = {
	.name = "load",
	.start = load_start,
	.on_event = load_on_event,
	.run = load_run,
	.stop = load_stop,
	.is_finished = load_is_finished,
	.destroy = load_destroy,
};

static bool is_valid_http(const struct load_config *config)
{
	return config->host != NULL && config->path != NULL && config->path[0] == '/'
		&& strpbrk(config->path, " \t\r\n") == NULL;
}

static bool is_valid(const struct load_config *config)
{
	uint32_t share_count = config->share_count == 0 ? 1 : config->share_count;

	return config->port_first > 0 && config->port_last >= config->port_first
		&& (config->echo_bytes > 0 || is_valid_http(config))
		&& config->share_index < share_count && config->connections > 0
		&& config->n_options < LOAD_OPTIONS_MAX
		&& !(config->open_first && config->rate_per_s > 0
		     && config->requests_per_connection == 1)
		&& (config->n_sources == 0 || !plx_addr_is_any(&config->source_first));
}

uint32_t load_share(uint32_t connections, uint32_t share_index, uint32_t share_count)
{
	return connections / share_count + (share_index < connections % share_count ? 1 : 0);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b > 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void init_tuples(struct load *load)
{
	const struct load_config *config = &load->config;

	load->n_sources = config->n_sources == 0 ? 1 : config->n_sources;
	load->n_ports = (uint32_t)config->port_last - config->port_first + 1;
	load->next_source = config->share_index % load->n_sources;
	load->next_source_address = load_source_address(load, load->next_source);
	load->next_port = config->share_index % load->n_ports;
	load->turns = load->n_sources / common_divisor(load->n_sources, load->n_ports)
		* load->n_ports;
	load->turns_left = load->turns;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// Workers without a connection have no requests either: the others share them.
static void init_share(struct load *load)
{
	struct load_config *config = &load->config;

	if (config->share_count == 0)
		config->share_count = 1;
	load->n_connections = load_share(config->connections, config->share_index,
					 config->share_count);
	load->window_max = lesser(load->n_connections,
				  config->opening == 0 ? UINT32_MAX : config->opening);
	load->window = lesser(LOAD_WINDOW_FIRST, load->window_max);
	load->is_open_loop = config->rate_per_s > 0;
	load->is_opening = config->open_first && load->n_connections > 0;
	load->is_on_demand = load->is_open_loop && config->requests_per_connection == 1;
	load->schedule.next = PLX_TIME_NEVER;
	if (load->is_open_loop && load->n_connections > 0)
		load_schedule_init(&load->schedule, config->rate_per_s, config->share_index,
				   config->connections < config->share_count ? config->connections
									     : config->share_count);
}

static void init_options(struct load *load, const struct load_config *config)
{
	load->options[0] = (struct plx_option_value){PLX_OPTION_NAGLE, 0};
	for (unsigned i = 0; i < config->n_options; i++)
		load->options[i + 1] = config->options[i];
	load->config.options = load->options;
	load->config.n_options = config->n_options + 1;
}

static int init_request(struct load *load, const struct load_config *config)
{
	return config->echo_bytes > 0
		? load_request_init_echo(&load->request, config->echo_bytes)
		: load_request_init(&load->request, config->host, config->path);
}

static int init_load(struct load *load, const struct load_config *config)
{
	load->application.ops = &load_ops;
	load->config = *config;
	load->config.host = load->config.path =
		NULL; // they are in the request, and not ours to keep
	if (load->config.timeout == 0)
		load->config.timeout = LOAD_TIMEOUT_DEFAULT;
	if (load->config.drain == 0)
		load->config.drain = LOAD_DRAIN_DEFAULT;
	load_results_init(&load->results);
	init_options(load, config);
	init_share(load);
	init_tuples(load);
	for (enum load_state state = 0; state < LOAD_LISTS; state++)
		TAILQ_INIT(&load->lists[state]);
	size_t bytes = ((size_t)load->n_connections + 1) * sizeof(*load->connections);

	load->connections = table_memory(bytes);
	if (load->connections == NULL || init_request(load, config) < 0)
		return -ENOMEM;
	memset(load->connections, 0, bytes);
	load->n[LOAD_VACANT] = load->n_connections;
	for (uint32_t i = 0; i < load->n_connections; i++) {
		load->connections[i].owner = &load->application;
		TAILQ_INSERT_TAIL(&load->lists[LOAD_VACANT], &load->connections[i], link);
	}
	return 0;
}

int load_create(const struct load_config *config, struct application **application)
{
	*application = NULL;
	if (!is_valid(config))
		return -EINVAL;
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return -ENOMEM;
	if (init_load(load, config) < 0) {
		load_destroy(&load->application);
		return -ENOMEM;
	}
	*application = &load->application;
	return 0;
}

const struct load_results *load_results(const struct application *application)
{
	return &((const struct load *)application)->results;
}
