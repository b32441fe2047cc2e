// SPDX-License-Identifier: BSD-3-Clause
//
// All workers at once: each lcore runs its workers by turns, the calling thread sleeps until a
// second is over, a signal comes, or a worker says that it has finished. The end has an order:
// those who load first, those who serve when these are done, so that connections end the way they
// were meant to. Called by apps/ after it has put an application on each worker.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_launch.h>

#include "drivers/interrupt_gate.h"
#include "drivers/system_state.h"

#define DEFAULT_GRACE (3 * PLX_SECOND)
#define IDLE_TURNS_BEFORE_YIELD 32
#define IDLE_BEFORE_SLEEP PLX_MILLISECOND
#define IDLE_SLEEP (20 * PLX_MICROSECOND)

// What the control thread tells the workers; only ever rises.
enum order {
	ORDER_RUN,
	ORDER_STOP_LOADS, // applications with ends_run
	ORDER_STOP_ALL,
	ORDER_LEAVE,
};

// Whose end the control thread waits for.
enum wait_for {
	WAIT_NOBODY,
	WAIT_LOADS,
	WAIT_ALL,
};

// One worker as seen by both sides.
struct worker_progress {
	struct worker *worker;
	unsigned place;		 // at the interrupt gate
	bool is_stopping;	 // by its own thread: stop() was called
	atomic_bool is_finished; // read by the control thread
	int start_code;		 // of application.start(), before is_finished is set
};

struct run {
	struct system *system;
	const struct worker_run_config *config;
	atomic_int order;
	int wake; // eventfd: something has changed
	plx_time started;
	uint64_t seconds_reported;
	struct worker_progress progress[SYSTEM_WORKERS_MAX];
};

struct lcore_run {
	struct run *run;
	unsigned idle_turns;
	plx_time idle_since;
	bool has_stacks;
	unsigned n_workers;
	struct worker_progress *progress[SYSTEM_WORKERS_MAX];
};

// A handler has no argument, so these two are the process's.
static atomic_uint signals_seen;
static int signal_wake = -1;

static void wake(int fd)
{
	uint64_t one = 1;

	// A full counter cannot happen, and would mean that the sleeper is awake anyway.
	(void)!write(fd, &one, sizeof(one));
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	atomic_fetch_add(&signals_seen, 1);
	wake(signal_wake);
	errno = saved;
}

static void finish(struct run *run, struct worker_progress *progress)
{
	atomic_store(&progress->is_finished, true);
	wake(run->wake);
}

static void start(struct run *run, struct worker_progress *progress)
{
	struct worker *worker = progress->worker;
	const struct worker_application *application = &worker->application;

	if (application->start == NULL)
		return;
	progress->start_code = application->start(application->context, worker->stack,
						  system_now(run->system));
	if (progress->start_code != 0)
		finish(run, progress);
}

static bool must_stop(const struct worker *worker, enum order order)
{
	return order >= ORDER_STOP_ALL
		|| (order >= ORDER_STOP_LOADS && worker->application.ends_run);
}

static bool has_finished(const struct worker_progress *progress)
{
	const struct worker_application *application = &progress->worker->application;

	if (!progress->is_stopping && !application->ends_run)
		return false;
	if (application->is_finished == NULL)
		return progress->is_stopping;
	return application->is_finished(application->context)
		&& worker_has_sent_all(progress->worker);
}

// Obeys the order in force, and says so once when there is nothing left to do.
static void follow(struct run *run, struct worker_progress *progress, enum order order,
		   plx_time now)
{
	const struct worker_application *application = &progress->worker->application;

	if (!progress->is_stopping && must_stop(progress->worker, order)) {
		progress->is_stopping = true;
		if (application->stop != NULL)
			application->stop(application->context, now);
	}
	if (!atomic_load_explicit(&progress->is_finished, memory_order_relaxed)
	    && has_finished(progress))
		finish(run, progress);
}

// When one of the workers of this lcore has something to do by itself.
static plx_time next_due(const struct lcore_run *own)
{
	plx_time due = PLX_TIME_NEVER;

	for (unsigned i = 0; i < own->n_workers; i++)
		due = RTE_MIN(due, worker_next_due(own->progress[i]->worker));
	return due;
}

// Nothing happened on this lcore, and others want its CPU: the longer so, the further out of the
// way. A stack is asked again soon; a relay knows when it is needed, and a yield may last longer.
static void give_way(struct lcore_run *own, plx_time now)
{
	const struct timespec pause = {.tv_nsec = IDLE_SLEEP};
	plx_duration before_sleep = own->has_stacks ? IDLE_BEFORE_SLEEP : 0;

	if (own->idle_turns++ == 0)
		own->idle_since = now;
	if (own->idle_turns < IDLE_TURNS_BEFORE_YIELD)
		return;
	if (now - own->idle_since >= before_sleep && next_due(own) > now + IDLE_SLEEP)
		nanosleep(&pause, NULL);
	else if (own->has_stacks)
		sched_yield();
}

// A worker whose application did not start gets no turn.
static plx_time run_turns(struct lcore_run *own, enum order order, bool *is_busy)
{
	plx_time now = 0;

	for (unsigned i = 0; i < own->n_workers; i++) {
		struct worker_progress *progress = own->progress[i];

		now = system_now(own->run->system);
		if (progress->start_code != 0)
			continue;
		if (interrupt_gate_enter(progress->worker->gate, progress->place)) {
			*is_busy |= worker_turn(progress->worker, now);
			interrupt_gate_leave(progress->worker->gate, progress->place);
		} else {
			sched_yield(); // the other one may want this very CPU
		}
		follow(own->run, progress, order, now);
	}
	return now;
}

static int run_lcore(void *argument)
{
	struct lcore_run *own = argument;
	struct run *run = own->run;
	enum order order;

	prctl(PR_SET_TIMERSLACK, 1UL); // a pause shall be as short as it says
	for (unsigned i = 0; i < own->n_workers; i++)
		start(run, own->progress[i]);

	while ((order = (enum order)atomic_load_explicit(&run->order, memory_order_relaxed))
	       != ORDER_LEAVE) {
		bool is_busy = false;
		plx_time now = run_turns(own, order, &is_busy);

		if (is_busy)
			own->idle_turns = 0;
		else if (run->system->cores.is_crowded)
			give_way(own, now);
	}
	return 0;
}

static bool has_loads(const struct run *run)
{
	for (unsigned i = 0; i < run->system->n_workers; i++)
		if (run->system->workers[i].application.ends_run)
			return true;
	return false;
}

static bool have_finished(const struct run *run, enum wait_for whom)
{
	if (whom == WAIT_NOBODY)
		return false;
	for (unsigned i = 0; i < run->system->n_workers; i++) {
		const struct worker_progress *progress = &run->progress[i];
		bool counts = whom == WAIT_ALL || progress->worker->application.ends_run;

		if (counts && !atomic_load(&progress->is_finished))
			return false;
	}
	return true;
}

static const struct worker_progress *find_start_failure(const struct run *run)
{
	for (unsigned i = 0; i < run->system->n_workers; i++)
		if (atomic_load(&run->progress[i].is_finished) && run->progress[i].start_code != 0)
			return &run->progress[i];
	return NULL;
}

static plx_duration elapsed(const struct run *run)
{
	return system_now(run->system) - run->started;
}

static void report_seconds(struct run *run)
{
	uint64_t seconds = elapsed(run) / PLX_SECOND;

	if (seconds == run->seconds_reported || run->config->on_second == NULL)
		return;
	run->seconds_reported = seconds;
	run->config->on_second(run->config->context, elapsed(run));
}

// Sleeps until something has changed, the next second, or `until` (since the start).
static void sleep_until(struct run *run, plx_duration until)
{
	struct pollfd waiting = {.fd = run->wake, .events = POLLIN};
	plx_duration next_second = (elapsed(run) / PLX_SECOND + 1) * PLX_SECOND;
	plx_duration wake_at = RTE_MIN(until, next_second), now = elapsed(run);
	plx_duration wait = wake_at > now ? wake_at - now : 0;
	const struct timespec timeout = {
		.tv_sec = (time_t)(wait / PLX_SECOND),
		.tv_nsec = (long)(wait % PLX_SECOND),
	};
	uint64_t changes;

	if (ppoll(&waiting, 1, &timeout, NULL) > 0)
		(void)!read(run->wake, &changes, sizeof(changes));
	report_seconds(run);
}

// True when those it waits for have finished; false when `until`, or more than `signals` signals,
// came first.
static bool wait_for_workers(struct run *run, enum wait_for whom, plx_duration until,
			     unsigned signals)
{
	while (!have_finished(run, whom)) {
		if (atomic_load(&signals_seen) > signals || elapsed(run) >= until
		    || find_start_failure(run) != NULL)
			return false;
		sleep_until(run, until);
	}
	return true;
}

// From the first turn to the last: runs, stops the loads, stops the rest.
static void control(struct run *run, struct worker_run_result *result)
{
	plx_duration duration = run->config->duration != 0 ? run->config->duration : PLX_TIME_NEVER;
	plx_duration grace = run->config->grace != 0 ? run->config->grace : DEFAULT_GRACE;
	unsigned signals;
	bool in_order;

	// Without loads nobody ends the run but the duration or a signal.
	wait_for_workers(run, has_loads(run) ? WAIT_LOADS : WAIT_NOBODY, duration, 0);
	signals = atomic_load(&signals_seen);
	result->signalled = signals > 0;
	result->elapsed = elapsed(run);
	if (signals > 1 || find_start_failure(run) != NULL) {
		result->end = WORKER_END_INTERRUPTED;
		return;
	}
	atomic_store(&run->order, ORDER_STOP_LOADS);
	wait_for_workers(run, WAIT_LOADS, result->elapsed + grace / 2, signals);
	atomic_store(&run->order, ORDER_STOP_ALL);
	in_order = wait_for_workers(run, WAIT_ALL, result->elapsed + grace, signals);
	if (in_order)
		result->end = WORKER_END_FINISHED;
	else if (atomic_load(&signals_seen) > signals)
		result->end = WORKER_END_INTERRUPTED;
	else
		result->end = WORKER_END_GRACE_OVER;
}

static void catch_signals(const struct run *run, struct sigaction old[2])
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	signal_wake = run->wake;
	sigaction(SIGINT, &action, &old[0]);
	sigaction(SIGTERM, &action, &old[1]);
}

static void release_signals(const struct sigaction old[2])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
}

static void share_out_workers(struct run *run, struct lcore_run *lcores)
{
	for (unsigned i = 0; i < run->system->n_workers; i++) {
		struct worker *worker = &run->system->workers[i];
		struct lcore_run *own = &lcores[worker->lcore];

		run->progress[i].worker = worker;
		run->progress[i].place = i;
		own->run = run;
		own->has_stacks |= worker->relay == NULL;
		own->progress[own->n_workers++] = &run->progress[i];
	}
}

static int launch(const struct run *run, struct lcore_run *lcores)
{
	int code = 0;

	for (unsigned lcore = 1; code == 0 && lcore <= run->system->cores.n_lcores; lcore++)
		code = rte_eal_remote_launch(run_lcore, &lcores[lcore], lcore);
	return code;
}

static int explain_run_failure(int code, struct system_error *error)
{
	system_error_where(error, "workers");
	system_error_what(error, "they cannot be run: %s", strerror(-code));
	system_error_remedy(error, "allow more open files, or run fewer at once");
	return code;
}

static int explain_start_failure(const struct run *run, struct system_error *error)
{
	const struct worker_progress *failed = find_start_failure(run);

	if (failed == NULL)
		return 0;
	system_error_where(error, "stack %s", failed->worker->stack_name);
	system_error_what(error, "its application does not start: %s",
			  strerror(-failed->start_code));
	system_error_remedy(error, "are its addresses those of the stack, and its ports free?");
	return failed->start_code;
}

int plx_worker_run(struct system *system, const struct worker_run_config *config,
		   struct worker_run_result *result, struct system_error *error)
{
	struct run run = {.system = system, .config = config};
	struct lcore_run lcores[SYSTEM_WORKERS_MAX + 1] = {0};
	struct sigaction old[2];
	int code;

	*result = (struct worker_run_result){0};
	run.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (run.wake < 0)
		return explain_run_failure(-errno, error);
	share_out_workers(&run, lcores);
	atomic_store(&signals_seen, 0);
	if (config->handle_signals)
		catch_signals(&run, old);
	run.started = system_now(system);
	code = launch(&run, lcores);
	if (code == 0)
		control(&run, result);
	atomic_store(&run.order, ORDER_LEAVE);
	rte_eal_mp_wait_lcore();
	if (config->handle_signals)
		release_signals(old);
	close(run.wake);
	if (code != 0)
		return explain_run_failure(code, error);
	return explain_start_failure(&run, error);
}
