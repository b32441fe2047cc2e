// SPDX-License-Identifier: BSD-3-Clause
//
// Two ways lead to the operator's terminal: DPDK's log stream, and stderr, on which some libraries
// of drivers write by themselves. Both are turned to a file in memory and back. Called by bring-up.
#include "drivers/chatter.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_log.h>

void chatter_begin(struct chatter *chatter, bool verbose)
{
	*chatter = (struct chatter){.kept = -1, .real_stderr = -1};
	if (verbose) {
		rte_openlog_stream(stderr); // and not into syslog
		return;
	}
	chatter->kept = memfd_create("chatter", MFD_CLOEXEC);
	if (chatter->kept < 0)
		return;
	chatter->real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	fflush(stderr);
	dup2(chatter->kept, STDERR_FILENO);
	rte_openlog_stream(stderr);
}

static void show_kept(int kept)
{
	char text[4096];
	ssize_t len;

	lseek(kept, 0, SEEK_SET);
	while ((len = read(kept, text, sizeof(text))) > 0)
		if (write(STDERR_FILENO, text, (size_t)len) != len)
			break;
}

void chatter_end(struct chatter *chatter, bool show)
{
	if (chatter->real_stderr < 0)
		return;
	fflush(stderr);
	dup2(chatter->real_stderr, STDERR_FILENO);
	close(chatter->real_stderr);
	chatter->real_stderr = -1;
	if (show)
		show_kept(chatter->kept);
	close(chatter->kept);
	chatter->kept = -1;
	chatter->log = fopen("/dev/null", "we");
	rte_openlog_stream(chatter->log != NULL ? chatter->log : stderr);
}

void chatter_close(struct chatter *chatter)
{
	rte_openlog_stream(NULL);
	if (chatter->log != NULL)
		fclose(chatter->log);
	chatter->log = NULL;
}
