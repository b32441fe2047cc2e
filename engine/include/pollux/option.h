/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of connections and listeners. One list, option.def, makes the enum, the defaults,
 * the bounds and the texts. Options live in interned profiles: connections that set the same
 * values share one, and changing one copies on write.
 */
#ifndef POLLUX_OPTION_H
#define POLLUX_OPTION_H

#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum plx_option {
#define X(name, initial, minimum, maximum, text) PLX_OPTION_##name,
#include <pollux/option.def>
#undef X
	PLX_OPTION_COUNT
};

/** Values of PLX_OPTION_ECN. A connection under "dctcp" asks for ECN and agrees to it whatever the option says. */
enum plx_ecn { PLX_ECN_OFF, PLX_ECN_ASK, PLX_ECN_AGREE };

/** An option and its value, for the initial options of plx_listen() and plx_connect(). */
struct plx_option_value {
	enum plx_option option;
	int64_t value;
};

/** The option's name in lower case, "receive_buffer"; NULL for a value outside the list. */
PLX_API const char *plx_option_name(enum plx_option option);

/** What the option does, with its unit. */
PLX_API const char *plx_option_text(enum plx_option option);

/** Default and bounds of an option; any of the pointers may be NULL. Returns 0, or -EINVAL for an unknown option. */
PLX_API int plx_option_bounds(enum plx_option option, int64_t *initial, int64_t *minimum,
			      int64_t *maximum);

/**
 * Sets one option of a connection, or of a listener for the connections it accepts from then on.
 * What was settled by the handshake (MAX_SEGMENT announced, WINDOW_SCALE, TIMESTAMPS) changes
 * only what is sent from now on. RECEIVE_BUFFER never takes back a window already granted.
 * Returns 0; -EBADF stale handle; -EINVAL unknown option; -ERANGE value outside its bounds;
 * -ENOBUFS no room for another profile of options (256 different ones).
 */
PLX_API int plx_set_option(struct plx_stack *stack, plx_conn conn, enum plx_option option,
			   int64_t value);

/** Reads one option into `value`. Returns 0; -EBADF stale handle; -EINVAL unknown option. */
PLX_API int plx_get_option(struct plx_stack *stack, plx_conn conn, enum plx_option option,
			   int64_t *value);

/**
 * The index that PLX_OPTION_CONGESTION takes for a congestion control by name: "newreno" (RFC 5681),
 * "cubic" (RFC 9438), "dctcp" (RFC 8257, for networks of one's own that mark), or "fixed" (constant
 * window, for load generation only). -EINVAL for an unknown name.
 */
PLX_API int plx_congestion_index(const char *name);

/** The name of a congestion control by index, or NULL. */
PLX_API const char *plx_congestion_name(unsigned index);

#ifdef __cplusplus
}
#endif

#endif
