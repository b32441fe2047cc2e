// SPDX-License-Identifier: BSD-3-Clause
//
// A name "pollux-<pid>..." belongs to a dead process when no process has that id and nobody holds
// the lock that the EAL takes on its huge page files (one in another pid namespace may be alive).
// Called by bring-up.
#include "drivers/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PREFIX "pollux-"

void leftover_prefix(char prefix[LEFTOVER_PREFIX_BYTES])
{
	snprintf(prefix, LEFTOVER_PREFIX_BYTES, PREFIX "%d", getpid());
}

// The id in "pollux-<pid><rest>", or 0. `rest` must begin as the name goes on.
static pid_t owner_of(const char *name, const char *rest)
{
	char *end;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	pid = strtol(name + strlen(PREFIX), &end, 10);
	if (pid <= 0 || pid > INT_MAX || strncmp(end, rest, strlen(rest)) != 0)
		return 0;
	return rest[0] != '\0' || *end == '\0' ? (pid_t)pid : 0;
}

static bool is_dead(pid_t pid)
{
	return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

static bool is_locked(int folder, const char *name)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
	bool locked;

	if (file < 0)
		return true;
	locked = flock(file, LOCK_EX | LOCK_NB) != 0;
	close(file);
	return locked;
}

unsigned leftover_sweep_huge_pages(const char *mount)
{
	DIR *folder = opendir(mount);
	struct dirent *entry;
	unsigned removed = 0;

	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL)
		if (is_dead(owner_of(entry->d_name, "map_"))
		    && !is_locked(dirfd(folder), entry->d_name)
		    && unlinkat(dirfd(folder), entry->d_name, 0) == 0)
			removed++;
	closedir(folder);
	return removed;
}

unsigned leftover_sweep_runtime(const char *runtime_dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned removed = 0;
	DIR *folder;

	if (runtime_dir[0] != '/') // the EAL did not come to making one
		return 0;
	snprintf(path, sizeof(path), "%s", runtime_dir);
	folder = opendir(dirname(path));
	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL)
		if (is_dead(owner_of(entry->d_name, ""))
		    && unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR) == 0)
			removed++;
	closedir(folder);
	return removed;
}

void leftover_remove_huge_pages(const char *mount)
{
	DIR *folder = opendir(mount);
	struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (owner_of(entry->d_name, "map_") == getpid())
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
}
