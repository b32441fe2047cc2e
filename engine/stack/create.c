// SPDX-License-Identifier: BSD-3-Clause
//
// A stack from its configuration, and its end. All memory is taken here.
// Public interface: <pollux/stack.h>.
#include <errno.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "stack/stack.h"
#include "tcp/send_queue.h"

const char *plx_version(void)
{
	return POLLUX_VERSION;
}

void plx_stack_config_init(struct plx_stack_config *config)
{
	*config = (struct plx_stack_config){
		.size = sizeof(*config),
		.name = "pollux",
		.numa_node = -1,
		.link = PLX_LINK_ETHERNET,
		.mtu_bytes = 1500,
		.max_neighbors = 1024,
		.max_fragments = 256,
		.fragment_time = 60 * PLX_SECOND,
		.max_connections = 65536,
		.max_half_open = 16384,
		.max_time_wait = 65536,
		.max_listeners = 1024,
		.time_wait = 60 * PLX_SECOND,
		.port_first = 1024,
		.port_last = 65535,
		.answer_nobody = true,
		.rsts_per_s = 100000,
		.rfc5961 = true,
		.challenge_acks_per_s = 1000,
		.syn_cookies = PLX_SYN_COOKIES_AUTO,
		.pings_per_s = 100000,
		.burst_segments = 16,
	};
}

size_t plx_stack_bytes(const struct plx_stack_config *config)
{
	return sizeof(struct plx_stack) + net_bytes(config) + tcp_bytes(config);
}

static int check(const struct plx_stack_config *config, const char **error)
{
	if (config->size != sizeof(*config)) {
		*error = "size: is not that of this version; call plx_stack_config_init() first";
		return -EINVAL;
	}
	if (config->pool == NULL) {
		*error = "pool: is NULL; give a mempool of rte_pktmbuf_pool_create()";
		return -EINVAL;
	}
	if (rte_pktmbuf_data_room_size(config->pool) < RTE_PKTMBUF_HEADROOM + SLAB_BYTES) {
		*error = "pool: its buffers have no room for headers and a small payload; give "
			 "RTE_MBUF_DEFAULT_BUF_SIZE";
		return -EINVAL;
	}
	if (rte_lcore_id() == LCORE_ID_ANY) {
		*error = "the calling thread has no lcore; register it by rte_thread_register()";
		return -EPERM;
	}
	return 0;
}

static int init(struct plx_stack *stack, const struct plx_stack_config *config, const char **error)
{
	int rc = 0;

	stack->returns_foreign = config->return_foreign;
	stack->stats.size = sizeof(stack->stats);
	if (config->seeded)
		random_init_seed(&stack->random, config->seed);
	else
		rc = random_init_kernel(&stack->random);
	if (rc != 0) {
		*error = "the kernel gives no random numbers";
		return rc;
	}
	rc = net_create(&stack->net, config, &stack->stats, &stack->random, error);
	if (rc != 0)
		return rc;
	return tcp_create(&stack->tcp, config, stack->net, &stack->stats, &stack->random, error);
}

int plx_stack_create(const struct plx_stack_config *config, struct plx_stack **stack,
		     const char **error)
{
	const char *ignored;
	const char **sentence = error != NULL ? error : &ignored;
	int rc;

	*stack = NULL;
	*sentence = NULL;
	rc = check(config, sentence);
	if (rc != 0)
		return rc;
	*stack = rte_zmalloc_socket(config->name, sizeof(**stack), CACHE_LINE, config->numa_node);
	if (*stack == NULL) {
		*sentence = "not enough EAL memory; plx_stack_bytes() tells how much is needed";
		return -ENOMEM;
	}
	rc = init(*stack, config, sentence);
	if (rc != 0) {
		net_destroy((*stack)->net);
		rte_free(*stack);
		*stack = NULL;
	}
	return rc;
}

void plx_stack_destroy(struct plx_stack *stack)
{
	if (stack == NULL)
		return;
	tcp_destroy(&stack->tcp);
	net_destroy(stack->net);
	rte_free(stack);
}
