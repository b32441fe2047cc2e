// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes to values: checksums beside DPDK's, TCP headers with the options they come with, and the headers
// of a whole segment of either family. All lies in L1: 32 packets, again and again.
// Run by `make bench`; its instructions are counted by bench/instructions.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_memcpy.h>
#include <rte_tcp.h>

#include "base/random.h"
#include "compare.h"
#include "heap.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/tcp.h"

enum {
	HEAP_MEGABYTES = 64,
	PACKETS = 32,
	PACKET_BYTES = 2048,
	ROUNDS = 256, // in a window
	SMALL_BYTES = 64,
	FULL_BYTES = 1460,
};

typedef uint8_t packets[PACKETS][PACKET_BYTES];

static struct {
	packets payload;
	packets copy;
	packets plain;	 // TCP headers, without options,
	packets stamped; // with timestamps,
	packets syn;	 // and with those of a SYN
	packets ipv4;	 // and IP headers, with TCP headers that have timestamps
	packets ipv6;
	struct ip_header ipv4_headers[PACKETS];
	struct ip_header ipv6_headers[PACKETS];
} bench;

static volatile uint32_t sink; // so that nothing is left out

// A length that no compiler knows beforehand.
static inline size_t length(size_t bytes)
{
	asm("" : "+r"(bytes));
	return bytes;
}

// What packet `i` gives.
typedef uint32_t (*operation)(unsigned i);

static inline __attribute__((always_inline)) double measure(operation one)
{
	double windows[COMPARE_WINDOWS];
	uint32_t sum = 0;

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned round = 0; round < ROUNDS; round++)
			for (unsigned i = 0; i < PACKETS; i++)
				sum += one(i);
		windows[w] = compare_cycles_each(start, ROUNDS * PACKETS);
	}
	sink = sum;
	return compare_median(windows, compare_windows());
}

static inline uint32_t sum_small(unsigned i)
{
	return checksum_partial(bench.payload[i], length(SMALL_BYTES), 0);
}

static inline uint32_t sum_full(unsigned i)
{
	return checksum_partial(bench.payload[i], length(FULL_BYTES), 0);
}

static inline uint32_t copy_small(unsigned i)
{
	return checksum_copy(bench.copy[i], bench.payload[i], length(SMALL_BYTES), 0);
}

static inline uint32_t copy_full(unsigned i)
{
	return checksum_copy(bench.copy[i], bench.payload[i], length(FULL_BYTES), 0);
}

// With the length, as rte_ip.h's has it.
static inline uint32_t pseudo(const struct ip_header *ip)
{
	return checksum_add16(checksum_pseudo(&ip->src, &ip->dst, IP_PROTOCOL_TCP),
			      ip->payload_bytes);
}

static inline uint32_t pseudo_ipv4(unsigned i)
{
	return pseudo(&bench.ipv4_headers[i]);
}

static inline uint32_t pseudo_ipv6(unsigned i)
{
	return pseudo(&bench.ipv6_headers[i]);
}

static inline uint32_t parse_tcp(const uint8_t *bytes, size_t len_bytes)
{
	struct tcp_header tcp;

	return tcp_header_parse(bytes, len_bytes, &tcp) == PLX_DROP_NONE ? tcp.seq : 0;
}

static inline uint32_t parse_plain(unsigned i)
{
	return parse_tcp(bench.plain[i], SMALL_BYTES);
}

static inline uint32_t parse_stamped(unsigned i)
{
	return parse_tcp(bench.stamped[i], SMALL_BYTES);
}

static inline uint32_t parse_syn(unsigned i)
{
	return parse_tcp(bench.syn[i], TCP_HEADER_MAX_BYTES);
}

static inline uint32_t parse_ipv4(unsigned i)
{
	struct ip_header ip;

	if (ipv4_header_parse(bench.ipv4[i], SMALL_BYTES + IPV4_HEADER_BYTES, true, &ip)
	    != PLX_DROP_NONE)
		return 0;
	return parse_tcp(bench.ipv4[i] + ip.header_bytes, ip.payload_bytes);
}

static inline uint32_t parse_ipv6(unsigned i)
{
	struct ip_header ip;

	if (ipv6_header_parse(bench.ipv6[i], SMALL_BYTES + IPV6_HEADER_BYTES, &ip) != PLX_DROP_NONE)
		return 0;
	return parse_tcp(bench.ipv6[i] + ip.header_bytes, ip.payload_bytes);
}

static inline uint32_t rte_sum_small(unsigned i)
{
	return rte_raw_cksum(bench.payload[i], length(SMALL_BYTES));
}

static inline uint32_t rte_sum_full(unsigned i)
{
	return rte_raw_cksum(bench.payload[i], length(FULL_BYTES));
}

static inline uint32_t rte_copy_small(unsigned i)
{
	rte_memcpy(bench.copy[i], bench.payload[i], length(SMALL_BYTES));
	return rte_raw_cksum(bench.copy[i], length(SMALL_BYTES));
}

static inline uint32_t rte_copy_full(unsigned i)
{
	rte_memcpy(bench.copy[i], bench.payload[i], length(FULL_BYTES));
	return rte_raw_cksum(bench.copy[i], length(FULL_BYTES));
}

static inline uint32_t rte_pseudo_ipv4(unsigned i)
{
	return rte_ipv4_phdr_cksum((const struct rte_ipv4_hdr *)bench.ipv4[i], 0);
}

static inline uint32_t rte_pseudo_ipv6(unsigned i)
{
	return rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)bench.ipv6[i], 0);
}

#define MEASURE(name)                      \
	static double measure_##name(void) \
	{                                  \
		return measure(name);      \
	}

MEASURE(sum_small)
MEASURE(sum_full)
MEASURE(copy_small)
MEASURE(copy_full)
MEASURE(pseudo_ipv4)
MEASURE(pseudo_ipv6)
MEASURE(parse_plain)
MEASURE(parse_stamped)
MEASURE(parse_syn)
MEASURE(parse_ipv4)
MEASURE(parse_ipv6)
MEASURE(rte_sum_small)
MEASURE(rte_sum_full)
MEASURE(rte_copy_small)
MEASURE(rte_copy_full)
MEASURE(rte_pseudo_ipv4)
MEASURE(rte_pseudo_ipv6)

static void check(bool is_as_expected, const char *what)
{
	if (is_as_expected)
		return;
	fprintf(stderr, "bench_wire: %s gave a wrong answer\n", what);
	exit(2);
}

// The options as they come from others: NOP NOP timestamps; MSS, window scale, SACK permitted, timestamps.
static const uint8_t STAMPED_OPTIONS[] = {1, 1, 8, 10, 0, 0, 1, 2, 0, 0, 3, 4};
static const uint8_t SYN_OPTIONS[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
				      1, 2, 0, 0,    0, 0, 1, 3,  3, 7};

static void write_tcp(uint8_t *bytes, const struct rte_tcp_hdr *fields, const uint8_t *options,
		      size_t options_bytes)
{
	struct rte_tcp_hdr tcp = *fields;

	tcp.data_off = (uint8_t)((sizeof(tcp) + options_bytes) << 2);
	memcpy(bytes, &tcp, sizeof(tcp));
	if (options_bytes > 0)
		memcpy(bytes + sizeof(tcp), options, options_bytes);
}

static void fill_ip(unsigned i, const struct rte_tcp_hdr *tcp, struct random *random)
{
	struct rte_ipv4_hdr ipv4 = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(IPV4_HEADER_BYTES + SMALL_BYTES),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1) + random_below(random, 1000)),
		.dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, 1) + random_below(random, 1000)),
	};
	struct rte_ipv6_hdr ipv6 = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28),
		.payload_len = rte_cpu_to_be_16(SMALL_BYTES),
		.proto = IPPROTO_TCP,
		.hop_limits = 64,
		.src_addr = {0xfd, [15] = (uint8_t)random_u32(random)},
		.dst_addr = {0xfd, [14] = 1, [15] = (uint8_t)random_u32(random)},
	};

	ipv4.hdr_checksum = rte_ipv4_cksum(&ipv4);
	memcpy(bench.ipv4[i], &ipv4, sizeof(ipv4));
	memcpy(bench.ipv6[i], &ipv6, sizeof(ipv6));
	write_tcp(bench.ipv4[i] + sizeof(ipv4), tcp, STAMPED_OPTIONS, sizeof(STAMPED_OPTIONS));
	write_tcp(bench.ipv6[i] + sizeof(ipv6), tcp, STAMPED_OPTIONS, sizeof(STAMPED_OPTIONS));
	ipv4_header_parse(bench.ipv4[i], SMALL_BYTES + IPV4_HEADER_BYTES, true,
			  &bench.ipv4_headers[i]);
	ipv6_header_parse(bench.ipv6[i], SMALL_BYTES + IPV6_HEADER_BYTES, &bench.ipv6_headers[i]);
}

static void fill(void)
{
	struct random random;

	random_init_seed(&random, 1);
	for (unsigned i = 0; i < PACKETS; i++) {
		struct rte_tcp_hdr tcp = {
			.src_port = (uint16_t)random_u32(&random),
			.dst_port = rte_cpu_to_be_16(80),
			.sent_seq = random_u32(&random) | 1,
			.recv_ack = random_u32(&random),
			.tcp_flags = TCP_ACK | TCP_PSH,
			.rx_win = rte_cpu_to_be_16(1024),
		};

		for (unsigned at = 0; at < PACKET_BYTES; at++)
			bench.payload[i][at] = (uint8_t)random_u32(&random);
		write_tcp(bench.plain[i], &tcp, NULL, 0);
		write_tcp(bench.stamped[i], &tcp, STAMPED_OPTIONS, sizeof(STAMPED_OPTIONS));
		fill_ip(i, &tcp, &random);
		tcp.tcp_flags = TCP_SYN;
		write_tcp(bench.syn[i], &tcp, SYN_OPTIONS, sizeof(SYN_OPTIONS));
	}
}

static void check_all(void)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		check(checksum_halve(sum_full(i)) % 0xffff == rte_sum_full(i) % 0xffff,
		      "checksum_partial");
		check(copy_full(i) == sum_full(i)
			      && memcmp(bench.copy[i], bench.payload[i], FULL_BYTES) == 0,
		      "checksum_copy");
		check(checksum_halve(pseudo_ipv4(i)) % 0xffff == rte_pseudo_ipv4(i) % 0xffff
			      && checksum_halve(pseudo_ipv6(i)) % 0xffff
				      == rte_pseudo_ipv6(i) % 0xffff,
		      "checksum_pseudo");
		check(parse_plain(i) != 0 && parse_stamped(i) == parse_plain(i)
			      && parse_syn(i) == parse_plain(i) && parse_ipv4(i) == parse_plain(i)
			      && parse_ipv6(i) == parse_plain(i),
		      "a parser");
	}
}

int main(int argc, char **argv)
{
	static const struct compare_case CASES[] = {
		{"checksum, 64 bytes", "cycles", 0, measure_sum_small, measure_rte_sum_small},
		{"checksum, 1460 bytes", "cycles", 0, measure_sum_full, measure_rte_sum_full},
		{"copy and checksum, 64 bytes", "cycles", 0, measure_copy_small,
		 measure_rte_copy_small},
		{"copy and checksum, 1460 bytes", "cycles", 0, measure_copy_full,
		 measure_rte_copy_full},
		{"pseudo header, IPv4", "cycles", 0, measure_pseudo_ipv4, measure_rte_pseudo_ipv4},
		{"pseudo header, IPv6", "cycles", 0, measure_pseudo_ipv6, measure_rte_pseudo_ipv6},
		{"TCP header, no options", "cycles", 0, measure_parse_plain, NULL},
		{"TCP header, timestamps", "cycles", 0, measure_parse_stamped, NULL},
		{"TCP header, SYN options", "cycles", 0, measure_parse_syn, NULL},
		{"IPv4 and TCP headers", "cycles", 0, measure_parse_ipv4, NULL},
		{"IPv6 and TCP headers", "cycles", 0, measure_parse_ipv6, NULL},
	};
	const struct compare_set set = {
		.name = "wire",
		.reference = "dpdk",
		.conditions = "32 packets in L1; IPv4 header checksum verified, TCP's not",
		.cases = CASES,
		.count = sizeof(CASES) / sizeof(CASES[0]),
	};

	compare_open(argc, argv);
	heap_create(HEAP_MEGABYTES);
	fill();
	check_all();
	compare_measure_set(&set);
	return compare_close();
}
