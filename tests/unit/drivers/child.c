// SPDX-License-Identifier: BSD-3-Clause
//
// Children by fork, before any EAL is up in the parent; their output comes back through a pipe.
// Used by the tests of drivers/ that start a system.
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/cmocka_headers.h"

enum { TIME_LIMIT_S = 30 };

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void be_child(int output, void (*body)(void))
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};

	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close(output);
	setvbuf(stdout, NULL, _IONBF, 0);
	// A crash shall be one, and not an exception of the test's.
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	alarm(TIME_LIMIT_S);
	body();
	exit(0);
}

static void collect(int input, struct child_result *result)
{
	size_t used = 0;
	ssize_t len;

	while ((len = read(input, result->output + used, sizeof(result->output) - 1 - used)) > 0)
		used += (size_t)len;
	result->output[used] = '\0';
	close(input);
}

struct child_result child_run(void (*body)(void))
{
	struct child_result result = {0};
	double started = seconds_now();
	int pipe_ends[2], status;
	pid_t pid;

	fflush(NULL);
	assert_int_equal(pipe(pipe_ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipe_ends[0]);
		be_child(pipe_ends[1], body);
	}
	close(pipe_ends[1]);
	collect(pipe_ends[0], &result);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	result.seconds = seconds_now() - started;
	return result;
}

struct child_result child_run_ok(void (*body)(void))
{
	struct child_result result = child_run(body);

	if (result.status != 0) {
		print_error("%s\n", result.output);
		fail_msg("child ended with status %d", result.status);
	}
	return result;
}

void child_check(bool holds, const char *text, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	exit(1);
}

void child_serve(void (*server)(int client), void (*client)(int server))
{
	int ends[2], status;
	char ready;
	pid_t pid;

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	pid = fork();
	CHILD_CHECK(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		server(ends[1]);
		exit(0);
	}
	close(ends[1]);
	CHILD_CHECK(read(ends[0], &ready, 1) == 1);
	client(ends[0]);
	close(ends[0]);
	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void child_wait_for_close(int connection)
{
	char end;

	CHILD_CHECK(read(connection, &end, 1) == 0);
}

struct system_config *child_loopback_config(void)
{
	static const char *names[] = {"left", "right"};
	static struct system_config made;
	struct system_config *config = &made;

	system_config_init(config);
	config->n_ports = config->n_stacks = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct stack_plan *plan = &config->stacks[i];

		strcpy(config->ports[i].name, names[i]);
		strcpy(config->ports[i].device, "loopback");
		strcpy(plan->name, names[i]);
		strcpy(plan->port, names[i]);
		plan->mbufs = 4095;
		plan->base.max_connections = 1000;
		plan->base.max_half_open = 1000;
		plan->base.max_time_wait = 1000;
		plan->base.n_addresses = 1;
		plan->addresses[0].addr = plx_addr_ipv4(198, 18, 0, (uint8_t)(1 + i));
		plan->addresses[0].prefix_len = 24;
	}
	strcpy(config->ports[1].peer, "left");
	return config;
}

struct system *child_start(const struct system_config *config)
{
	struct system_error error = {0};
	struct system *system;

	if (system_start(config, &system, &error) != 0) {
		fprintf(stderr, "pollux: %s: %s; %s\n", error.where, error.what, error.remedy);
		exit(1);
	}
	return system;
}

struct worker_run_result child_run_workers(struct system *system,
					   const struct worker_run_config *config)
{
	struct worker_run_result result;
	struct system_error error = {0};

	if (plx_worker_run(system, config, &result, &error) != 0) {
		fprintf(stderr, "pollux: %s: %s; %s\n", error.where, error.what, error.remedy);
		exit(1);
	}
	return result;
}

void child_stop(struct system *system)
{
	struct system_books books;

	system_stop(system, &books);
	CHILD_CHECK(books.mbufs > 0);
	CHILD_CHECK(books.mbufs_missing == 0);
	CHILD_CHECK(books.closed);
}
