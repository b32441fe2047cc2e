// SPDX-License-Identifier: BSD-3-Clause
//
// Phase 4: what may be sent now. One pass per connection and iteration: acknowledgements owed, what is
// lost, what is new, FIN; an acknowledgement that nothing carried; then its timers.
// Called by stack/ from plx_output().
#ifndef TCP_OUTPUT_H
#define TCP_OUTPUT_H

#include "tcp/segment_tx.h"

// Serves the output list until it is empty or the burst is full.
void output_run(struct tcp *tcp, struct tx_burst *burst);

#endif
