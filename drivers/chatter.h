// SPDX-License-Identifier: BSD-3-Clause
//
// What the EAL and the drivers say while the system comes up: kept back, and shown only when
// bring-up fails, or at once when the operator asked for it.
// Called by bring-up around everything that makes DPDK talk.
#ifndef DRIVERS_CHATTER_H
#define DRIVERS_CHATTER_H

#include <stdbool.h>
#include <stdio.h>

struct chatter {
	int kept;	 // file in memory; -1 = nothing is kept back
	int real_stderr; // while chatter is kept back; -1 otherwise
	FILE *log;	 // where DPDK writes; NULL = stderr
};

// From here on DPDK's log and stderr of the process are kept back, unless `verbose`.
void chatter_begin(struct chatter *chatter, bool verbose);

// stderr is stderr again; what was kept is printed when `show`. DPDK stays quiet unless verbose.
void chatter_end(struct chatter *chatter, bool show);

// After the EAL: gives back the log.
void chatter_close(struct chatter *chatter);

#endif
