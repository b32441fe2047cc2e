/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that every call of the engine speaks in: time, addresses, handles.
 * All are plain values, copied freely; nothing here allocates.
 * Used by every other header of the public interface and by all storeys of the engine.
 */
#ifndef POLLUX_TYPES_H
#define POLLUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLX_API __attribute__((visibility("default")))

/** A point in time: nanoseconds on the embedder's clock, which only has to be monotonic. */
typedef uint64_t plx_time;

/** A span of time in nanoseconds. */
typedef uint64_t plx_duration;

/** "Never": later than every deadline; what plx_next_deadline() gives when nothing is armed. */
#define PLX_TIME_NEVER UINT64_MAX

#define PLX_MICROSECOND ((plx_duration)1000)
#define PLX_MILLISECOND ((plx_duration)1000 * PLX_MICROSECOND)
#define PLX_SECOND ((plx_duration)1000 * PLX_MILLISECOND)

/**
 * An address of either family in 16 bytes, network byte order. IPv4 is written as an
 * IPv4-mapped address (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that one code path and one
 * comparison serve both. All bytes zero is "any".
 */
struct plx_addr {
	uint8_t bytes[16];
};

/** Room for the longest text of an address with its terminating zero. */
#define PLX_ADDR_TEXT_BYTES 46

/** The address of four octets a.b.c.d. */
PLX_API struct plx_addr plx_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/** True for an IPv4 (mapped) address. "Any" (all zero) is not one. */
PLX_API bool plx_addr_is_ipv4(const struct plx_addr *addr);

/** True when all sixteen bytes are zero. */
PLX_API bool plx_addr_is_any(const struct plx_addr *addr);

/** True when both are the same address. */
PLX_API bool plx_addr_is_equal(const struct plx_addr *a, const struct plx_addr *b);

/**
 * Reads dotted decimal or RFC 4291 text, without brackets, prefix or scope.
 * Returns 0, or -EINVAL when `text` is no address; `addr` is untouched then.
 */
PLX_API int plx_addr_parse(const char *text, struct plx_addr *addr);

/**
 * Writes the text of `addr` (RFC 5952 for IPv6, dotted decimal for IPv4) into `text`, which
 * must have room for PLX_ADDR_TEXT_BYTES. Returns `text`.
 */
PLX_API const char *plx_addr_format(const struct plx_addr *addr, char *text);

/**
 * A connection or a listener. A value, not a pointer: the slot's index and the generation that
 * was in force when the handle was given out. A call with a handle whose connection is gone
 * answers -EBADF, however often the slot has been used since.
 */
struct plx_conn {
	uint32_t index;
	uint32_t generation;
};
typedef struct plx_conn plx_conn;

/** True when both handles name the same connection. */
static inline bool plx_conn_is_equal(plx_conn a, plx_conn b)
{
	return a.index == b.index && a.generation == b.generation;
}

/** One stack: everything a core needs for its connections. Created by plx_stack_create(). */
struct plx_stack;

struct rte_mbuf;
struct rte_mempool;

#ifdef __cplusplus
}
#endif

#endif
