// SPDX-License-Identifier: BSD-3-Clause
//
// A TCP endpoint in a program of one's own that does layer 2 itself: the stack is given bare IP packets and
// gives some out. Here a second stack is the rest of the world, so that the example needs neither root nor
// a device; in yours, deliver() is where packets go out and come in.
// Build: cc embed_bare_ip.c $(pkg-config --cflags --libs pollux libdpdk)
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <pollux/pollux.h>

enum { BURST = 32, PORT = 7777, BUFFERS = 2048 };

static const char question[] = "is anybody there?";

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "embed_bare_ip: %s: %s\n", what, why);
	exit(1);
}

// The clock is ours: it stands still while packets move, and jumps to the next deadline when none does. In a
// program with a device any monotonic clock will do; the stack never looks at one itself.
static plx_time clock_now = PLX_SECOND;

// One stack per core; all it will ever need is allocated here.
static struct plx_stack *create(const char *addr, struct rte_mempool *pool)
{
	struct plx_address address = {.prefix_len = 24};
	struct plx_stack_config config;
	struct plx_stack *stack;
	const char *error;

	plx_addr_parse(addr, &address.addr);
	plx_stack_config_init(&config);
	config.pool = pool;
	config.link = PLX_LINK_IP;
	config.addresses = &address;
	config.n_addresses = 1;
	config.max_connections = 1000;
	config.max_half_open = 1000;
	config.max_time_wait = 1000;
	if (plx_stack_create(&config, &stack, &error) != 0)
		fail("plx_stack_create", error);
	return stack;
}

// Phases 4 and 1: what one stack sends the other receives. A packet changes its owner here: `to` may keep
// it, or write its answer into it. Between pools of different owners it would be copied. True when any moved.
static bool deliver(struct plx_stack *from, struct plx_stack *to)
{
	struct rte_mbuf *packets[BURST];
	unsigned n = plx_output(from, packets, BURST, clock_now);

	plx_input(to, packets, n, clock_now);
	return n > 0;
}

// The server: sends back what it gets, which is little enough for the send buffer, and closes when the peer
// does.
static void serve(struct plx_stack *stack)
{
	struct plx_event events[BURST];
	unsigned n = plx_poll(stack, events, BURST, clock_now);
	char bytes[1500];
	int64_t got;

	for (unsigned i = 0; i < n; i++) {
		plx_conn conn = events[i].conn;

		if ((events[i].mask & PLX_EVENT_READABLE) != 0) {
			while ((got = plx_recv(stack, conn, bytes, sizeof(bytes), 0)) > 0)
				plx_send(stack, conn, bytes, (size_t)got);
		}
		if ((events[i].mask & PLX_EVENT_PEER_CLOSED) != 0)
			plx_close(stack, conn);
	}
}

// The client: asks when it is connected, closes when it has its answer. True when all is over.
static bool ask(struct plx_stack *stack)
{
	struct plx_event events[BURST];
	unsigned n = plx_poll(stack, events, BURST, clock_now);
	char answer[sizeof(question)] = "";

	for (unsigned i = 0; i < n; i++) {
		plx_conn conn = events[i].conn;

		if ((events[i].mask & PLX_EVENT_CONNECTED) != 0)
			plx_send(stack, conn, question, strlen(question));
		if ((events[i].mask & PLX_EVENT_READABLE) != 0) {
			plx_recv(stack, conn, answer, strlen(question), 0);
			printf("answer: %s\n", answer);
			plx_close(stack, conn);
		}
		if ((events[i].mask & PLX_EVENT_FAILED) != 0)
			fail("the connection", strerror(-events[i].error));
		if ((events[i].mask & PLX_EVENT_CLOSED) != 0)
			return true;
	}
	return false;
}

// Nothing is on its way: time passes until one of the stacks has something to do.
static void wait_for(struct plx_stack *server, struct plx_stack *client)
{
	plx_time next = plx_next_deadline(server);

	if (plx_next_deadline(client) < next)
		next = plx_next_deadline(client);
	if (next == PLX_TIME_NEVER)
		fail("waiting", "nobody has anything left to do");
	if (next > clock_now)
		clock_now = next;
}

static uint64_t in_time_wait(const struct plx_stack *stack)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	plx_get_stats(stack, &stats);
	return stats.time_wait;
}

// The client closed first, so its end of the connection is remembered for twice the segment lifetime: a
// minute, which takes no time here.
static void outwait(struct plx_stack *server, struct plx_stack *client)
{
	plx_time begin = clock_now;

	while (in_time_wait(client) > 0) {
		serve(server);
		ask(client);
		deliver(server, client);
		deliver(client, server);
		if (in_time_wait(client) > 0)
			wait_for(server, client);
	}
	printf("TIME_WAIT: %" PRIu64 " s\n", (clock_now - begin) / PLX_SECOND);
}

static void begin(struct plx_stack *server, struct plx_stack *client)
{
	struct plx_listen_args listen = {.port = PORT};
	struct plx_connect_args connect = {.remote = plx_addr_ipv4(198, 18, 0, 2),
					   .remote_port = PORT};
	plx_conn conn;

	if (plx_listen(server, &listen, &conn) != 0 || plx_connect(client, &connect, &conn) != 0)
		fail("plx_listen or plx_connect", "see pollux/conn.h");
}

// The books close when every packet that came in has exactly one fate.
static void show_books(const char *name, const struct plx_stack *stack)
{
	struct plx_stats stats = {.size = sizeof(stats)};
	struct plx_books books;

	plx_get_stats(stack, &stats);
	books = plx_books_of(&stats);
	printf("%s: %" PRIu64 " packets received, books %s\n", name, books.frames_received,
	       books.closed ? "closed" : "open");
}

int main(void)
{
	char *eal[] = {"embed_bare_ip",	   "--no-huge", "--no-shconf", "--no-pci", "-m", "64",
		       "--log-level=error"};
	struct plx_stack *server, *client;
	struct rte_mempool *pool;
	bool is_over = false;

	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0)
		fail("rte_eal_init", "see its message");
	pool = rte_pktmbuf_pool_create("packets", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		fail("rte_pktmbuf_pool_create", "not enough memory");
	server = create("198.18.0.2", pool);
	client = create("198.18.0.1", pool);
	begin(server, client);
	while (!is_over) {
		bool has_moved;

		serve(server);
		is_over = ask(client);
		has_moved = deliver(server, client);
		has_moved |= deliver(client, server);
		if (!has_moved && !is_over)
			wait_for(server, client);
	}
	outwait(server, client);
	show_books("server", server);
	show_books("client", client);
	plx_stack_destroy(server);
	plx_stack_destroy(client);
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return 0;
}
