// SPDX-License-Identifier: BSD-3-Clause
//
// A system can be brought up once in a process, so each test that does has a child for it. The
// child checks by itself; what it printed and how it ended is judged by the parent. Used by the
// tests of drivers/ that start a system.
#ifndef DRIVERS_CHILD_H
#define DRIVERS_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/system.h"
#include "drivers/worker.h"

struct child_result {
	int status; // exit status; 128 + signal
	char output[32768];
	double seconds;
};

// Runs `body` in a child of its own, at most 30 seconds, and keeps what it prints.
struct child_result child_run(void (*body)(void));

// Runs it and fails the test, with what it printed, when a check of it did not hold.
struct child_result child_run_ok(void (*body)(void));

// In the child: a child of its own runs `server`, which writes a byte to its end of the connection
// when it is ready; then `client` runs here with the other end, which `server` sees closed
// afterwards. Both succeed.
void child_serve(void (*server)(int client), void (*client)(int server));
void child_wait_for_close(int connection);

// In the child: a check that ends it.
#define CHILD_CHECK(condition) child_check(condition, #condition, __FILE__, __LINE__)
void child_check(bool holds, const char *text, const char *file, int line);

// In the child: two stacks on a loopback, 198.18.0.1 ("left") and 198.18.0.2 ("right"), of a size
// that suits a test.
struct system_config *child_loopback_config(void);

// In the child: started, or the child ends with the message the program would give.
struct system *child_start(const struct system_config *config);

// In the child: ends it when a run fails; gives the result.
struct worker_run_result child_run_workers(struct system *system,
					   const struct worker_run_config *config);

// In the child: stopped with every mbuf back.
void child_stop(struct system *system);

#endif
