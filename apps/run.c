// SPDX-License-Identifier: BSD-3-Clause
//
// The way of a run, from the description to the exit status. Everything that can be refused is
// refused before the first frame: a results file that cannot be written, folders that cannot be
// read, ports, memory.
// Called by the commands.
#include "apps/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/report.h"
#include "config/plan.h"

// The other end of a memif or veth may come later than we do.
#define LINK_TIMEOUT (10 * PLX_SECOND)

// Loads drain for two seconds; half of the grace time is theirs (worker.h).
#define GRACE (5 * PLX_SECOND)

struct run {
	const struct config *config;
	const struct run_options *options;
	struct system_config plan;
	struct hosts *hosts;
	struct system *system;
	struct report *report;
	struct hosts_progress progress; // of a second ago
	struct relay_progress relayed;	// of a second ago
	FILE *out;			// lines and table
	FILE *json;
	struct system_error error;
};

// Opens the results file, whose old contents stay until there are new ones.
static bool open_json(struct run *run)
{
	const char *path = run->options->json;
	int fd;

	run->out = stdout;
	if (!path)
		return true;
	if (strcmp(path, "-") == 0) {
		run->out = stderr;
		run->json = stdout;
		return true;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	run->json = fd < 0 ? NULL : fdopen(fd, "w");
	if (run->json)
		return true;
	command_refuse(path, "cannot be written: %s; name a file that can", strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

// An empty file that this run has made, and did not come to fill, goes again.
static void close_json(struct run *run, bool is_written)
{
	struct stat stat;
	bool is_empty;

	if (!run->json || run->json == stdout)
		return;
	is_empty = fstat(fileno(run->json), &stat) == 0 && S_ISREG(stat.st_mode)
		&& stat.st_size == 0;
	fclose(run->json);
	if (is_empty && !is_written)
		unlink(run->options->json);
}

static bool write_json(struct run *run)
{
	// A pipe or a terminal has no length to cut.
	if (run->json != stdout && ftruncate(fileno(run->json), 0) && errno != EINVAL)
		return false;
	return report_write_json(run->report, run->json) == 0;
}

// Everything but the workers' first turn.
static int bring_up(struct run *run)
{
	int code;

	system_config_init(&run->plan);
	config_plan(run->config, &run->plan);
	run->plan.verbose = run->options->verbose;
	run->plan.reserve_bytes = hosts_reserve_bytes(run->hosts);
	code = system_start(&run->plan, &run->system, &run->error);
	if (code)
		return code;
	code = hosts_attach(run->hosts, run->system, &run->error);
	if (code == 0 && run->config->n_loads)
		code = system_wait_for_links(run->system, LINK_TIMEOUT, &run->error);
	return code;
}

static void on_second_of_relays(struct run *run, plx_duration elapsed)
{
	struct relay_progress progress = report_relay_progress(run->system);

	progress.elapsed = elapsed;
	report_print_relay_progress(&progress, &run->relayed, run->out);
	run->relayed = progress;
}

static void on_second(void *context, plx_duration elapsed)
{
	struct run *run = context;
	struct hosts_progress progress;

	if (run->config->n_relays)
		on_second_of_relays(run, elapsed);
	if (!run->config->n_stacks)
		return;
	hosts_get_progress(run->hosts, &progress);
	progress.elapsed = elapsed;
	report_print_progress(&progress, &run->progress, run->out);
	run->progress = progress;
}

// Until the loads have ended, the duration is over, or a signal has come.
static int run_workers(struct run *run)
{
	const struct worker_run_config config = {
		.duration = run->config->duration,
		.grace = GRACE,
		.on_second = on_second,
		.context = run,
		.handle_signals = true,
	};
	int code = plx_worker_run(run->system, &config, &run->report->result, &run->error);

	if (code)
		hosts_explain_start(run->hosts, &run->error);
	else
		report_collect(run->report, run->hosts, run->system);
	return code;
}

static void take_down(struct run *run)
{
	hosts_destroy(run->hosts);
	if (run->system)
		system_stop(run->system, &run->report->mbufs);
}

static enum command_status tell(struct run *run)
{
	bool is_good = report_is_good(run->report);

	report_print(run->report, run->out);
	fflush(run->out);
	if (run->json && !write_json(run)) {
		command_refuse(run->options->json, "could not be written: %s; make room for it",
			       strerror(errno));
		is_good = false;
	}
	return is_good ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_status run_all(struct run *run, bool *has_run)
{
	*has_run = bring_up(run) == 0 && run_workers(run) == 0;
	take_down(run);
	if (*has_run)
		return tell(run);
	return command_refuse(run->error.where, "%s; %s", run->error.what, run->error.remedy);
}

enum command_status run_description(const struct config *config, const struct run_options *options,
				    struct config_errors *errors)
{
	struct run *run = calloc(1, sizeof(*run));
	enum command_status status = COMMAND_REFUSED;
	bool has_run = false;

	if (!run || !(run->report = report_create(config))) {
		free(run);
		return command_refuse("memory", "none is left; free some");
	}
	run->config = config;
	run->options = options;
	if (open_json(run)) {
		run->hosts = hosts_create(config, errors);
		status = run->hosts ? run_all(run, &has_run) : command_print_errors(errors);
	}
	close_json(run, has_run);
	report_destroy(run->report);
	free(run);
	return status;
}
