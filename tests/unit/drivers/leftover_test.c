// SPDX-License-Identifier: BSD-3-Clause
//
// What dead processes left goes, what belongs to living ones or to others stays. In a folder of the
// test's own: no huge pages are needed.
#include "drivers/leftover.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_headers.h"

static char folder[64];
static pid_t dead;

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/pollux-leftover-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	dead = fork();
	if (dead == 0)
		_exit(0);
	return waitpid(dead, NULL, 0) == dead ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return rmdir(folder); // every test cleans up after itself
}

static const char *path_of(const char *format, int pid)
{
	static char path[128];
	int used = snprintf(path, sizeof(path), "%s/", folder);

	snprintf(path + used, sizeof(path) - (size_t)used, format, pid);
	return path;
}

static int create(const char *format, int pid)
{
	int file = open(path_of(format, pid), O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	return file;
}

static bool exists(const char *format, int pid)
{
	return access(path_of(format, pid), F_OK) == 0;
}

static void take_away(const char *format, int pid)
{
	assert_int_equal(unlink(path_of(format, pid)), 0);
}

static void the_prefix_has_the_process_in_it(void **state)
{
	char prefix[LEFTOVER_PREFIX_BYTES], expected[64];

	(void)state;
	leftover_prefix(prefix);
	snprintf(expected, sizeof(expected), "pollux-%d", getpid());
	assert_string_equal(prefix, expected);
}

static void huge_pages_of_dead_processes_go_and_no_others(void **state)
{
	static const char *const others[] = {
		"rtemap_0", "pollux-%dmap", "pollux-xmap_0", "pollux-%d", "spdk-%dmap_0",
	};

	(void)state;
	close(create("pollux-%dmap_0", dead));
	close(create("pollux-%dmap_1", dead));
	close(create("pollux-%dmap_0", getpid()));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		close(create(others[i], dead));

	assert_int_equal(leftover_sweep_huge_pages(folder), 2);
	assert_false(exists("pollux-%dmap_0", dead));
	assert_false(exists("pollux-%dmap_1", dead));
	assert_true(exists("pollux-%dmap_0", getpid()));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		take_away(others[i], dead);

	leftover_remove_huge_pages(folder);
	assert_false(exists("pollux-%dmap_0", getpid()));
}

// A process of another pid namespace has the id of nobody here.
static void what_somebody_has_locked_stays(void **state)
{
	int file = create("pollux-%dmap_0", dead);

	(void)state;
	assert_int_equal(flock(file, LOCK_SH), 0);
	assert_int_equal(leftover_sweep_huge_pages(folder), 0);
	close(file);
	assert_int_equal(leftover_sweep_huge_pages(folder), 1);
}

static void runtime_directories_of_dead_processes_go(void **state)
{
	char own[128];

	(void)state;
	snprintf(own, sizeof(own), "%s", path_of("pollux-%d", getpid()));
	assert_int_equal(mkdir(own, 0700), 0);
	assert_int_equal(mkdir(path_of("pollux-%d", dead), 0700), 0);
	assert_int_equal(mkdir(path_of("rte", dead), 0700), 0);
	assert_int_equal(leftover_sweep_runtime(own), 1);
	assert_false(exists("pollux-%d", dead));
	assert_int_equal(rmdir(own), 0);
	assert_int_equal(rmdir(path_of("rte", dead)), 0);
}

static void a_folder_that_is_not_there_is_no_trouble(void **state)
{
	(void)state;
	assert_int_equal(leftover_sweep_huge_pages("/nonexistent"), 0);
	assert_int_equal(leftover_sweep_runtime("/nonexistent/pollux-1"), 0);
	assert_int_equal(leftover_sweep_runtime(""), 0);
	leftover_remove_huge_pages("/nonexistent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prefix_has_the_process_in_it),
		cmocka_unit_test_setup_teardown(huge_pages_of_dead_processes_go_and_no_others,
						begin, end),
		cmocka_unit_test_setup_teardown(what_somebody_has_locked_stays, begin, end),
		cmocka_unit_test_setup_teardown(runtime_directories_of_dead_processes_go, begin,
						end),
		cmocka_unit_test(a_folder_that_is_not_there_is_no_trouble),
	};

	return cmocka_run_group_tests_name("drivers/leftover", tests, NULL, NULL);
}
