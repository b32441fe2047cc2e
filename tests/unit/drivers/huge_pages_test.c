// SPDX-License-Identifier: BSD-3-Clause
//
// With huge pages: they are used when enough are free, and all of them are free again when the
// process has ended, however it ended. A zero-copy memif works between two processes. Needs root,
// and that the kernel finds 64 pages of 2 MB; their number is restored.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "drivers/port.h"
#include "raw.h"
#include "support/cmocka_headers.h"

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define PAGE_BYTES (2 << 20)

enum {
	PAGES = 64,
	FRAMES = 500,
};

static char mount_point[] = "/tmp/pollux-huge-XXXXXX";
static unsigned pages_before;
static pid_t changer; // who has changed the number of pages, and is to restore it

static unsigned read_pool(const char *name)
{
	char path[128];
	unsigned number = 0;
	FILE *file;

	snprintf(path, sizeof(path), POOL "%s", name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%u", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static void write_pool(unsigned number)
{
	int file = open(POOL "nr_hugepages", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return;
	dprintf(file, "%u\n", number);
	close(file);
}

static unsigned free_pages(void)
{
	return read_pool("free_hugepages");
}

static void clean_up(void)
{
	if (getpid() != changer)
		return;
	umount(mount_point);
	rmdir(mount_point);
	write_pool(pages_before);
}

static void on_terminate(int number)
{
	clean_up();
	_exit(128 + number);
}

// NULL when there is a hugetlbfs with pages of the test's own; else why not.
static const char *prepare(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		return "needs root for a mount namespace";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return "the mount namespace cannot be made private";
	pages_before = read_pool("nr_hugepages");
	changer = getpid();
	signal(SIGTERM, on_terminate);
	write_pool(pages_before + PAGES);
	if (read_pool("nr_hugepages") < pages_before + PAGES)
		return "the kernel does not find 64 huge pages";
	if (mkdtemp(mount_point) == NULL)
		return "no folder to mount a hugetlbfs on";
	if (mount("none", mount_point, "hugetlbfs", 0, "pagesize=2M") != 0)
		return "hugetlbfs cannot be mounted";
	return NULL;
}

static struct system *start_with_huge_pages(const char *device)
{
	struct system_config *config = child_loopback_config();
	struct system *system;

	if (device != NULL) {
		config->n_ports = config->n_stacks = 1;
		strcpy(config->ports[0].device, device);
	}
	system = child_start(config);
	CHILD_CHECK(system_has_huge_pages(system));
	return system;
}

static bool is_empty(const char *folder)
{
	DIR *entries = opendir(folder);
	unsigned n = 0;

	CHILD_CHECK(entries != NULL);
	while (readdir(entries) != NULL)
		n++;
	closedir(entries);
	return n == 2; // itself and its parent
}

static void use_huge_pages(void)
{
	unsigned free_before = free_pages();
	struct system *system = start_with_huge_pages(NULL);

	CHILD_CHECK(free_pages() < free_before);
	CHILD_CHECK(is_empty(mount_point)); // no file has a name any more
	child_stop(system);
}

static void they_are_used_and_given_back(void **state)
{
	unsigned free_before = free_pages();
	struct child_result result = child_run_ok(use_huge_pages);

	(void)state;
	assert_string_equal(result.output, ""); // nothing to be said
	assert_int_equal(free_pages(), free_before);
}

static void be_killed(void)
{
	start_with_huge_pages(NULL);
	kill(getpid(), SIGKILL);
}

static void a_killed_process_keeps_none(void **state)
{
	unsigned free_before = free_pages();
	struct child_result result = child_run(be_killed);

	(void)state;
	assert_int_equal(result.status, 128 + SIGKILL);
	child_run_ok(use_huge_pages);
	assert_int_equal(free_pages(), free_before);
}

static void come_up(void)
{
	child_stop(start_with_huge_pages(NULL));
}

// As a process leaves it that is killed while its EAL comes up.
static void leave_a_file_behind(pid_t pid, unsigned pages)
{
	char path[128];
	int file;

	snprintf(path, sizeof(path), "%s/pollux-%dmap_0", mount_point, pid);
	file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	assert_int_equal(fallocate(file, 0, 0, (off_t)pages * PAGE_BYTES), 0);
	close(file);
}

static void files_of_dead_processes_are_removed_before_pages_are_counted(void **state)
{
	unsigned free_before = free_pages();
	pid_t dead = fork();

	(void)state;
	if (dead == 0)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	leave_a_file_behind(dead, PAGES - 4);
	assert_true(free_pages() <= free_before - (PAGES - 4));
	child_run_ok(come_up); // which it could not, with these taken
	assert_int_equal(free_pages(), free_before);
}

static void want_more_than_free(void)
{
	struct system_config *config = child_loopback_config();
	struct system *system;

	config->reserve_bytes = (uint64_t)(free_pages() + 1) * PAGE_BYTES;
	system = child_start(config);
	CHILD_CHECK(!system_has_huge_pages(system));
	child_stop(system);
}

static void too_few_are_left_alone_and_the_command_for_more_is_named(void **state)
{
	struct child_result result = child_run_ok(want_more_than_free);
	unsigned needed, present, missing;

	(void)state;
	assert_int_equal(
		sscanf(result.output,
		       "pollux: memory: %u MB of huge pages are needed, %u MB are free, so "
		       "ordinary memory is used; hugeadm --pool-pages-min 2MB:+%u (as "
		       "root) provides them",
		       &needed, &present, &missing),
		3);
	assert_int_equal(present, free_pages() * 2);
	assert_int_equal(missing, (needed - present + 1) / 2);
}

static void echo_frames(int client)
{
	struct system *system =
		start_with_huge_pages("net_memif0,role=server,socket=pollux-huge-pages-test");

	CHILD_CHECK(write(client, "r", 1) == 1);
	for (unsigned i = 0; i < FRAMES; i++)
		raw_send_mbuf(system, raw_receive_mbuf(system, RAW_ETHERTYPE));
	child_wait_for_close(client);
	child_stop(system);
}

static void exchange_frames(int server)
{
	struct system *system = start_with_huge_pages(
		"net_memif0,role=client,zero-copy=yes,socket=pollux-huge-pages-test");
	struct system_error error;

	(void)server;
	CHILD_CHECK((port_offloads(system_port(system, 0)) & PLX_OFFLOAD_TX_ANY_MEMORY) == 0);
	CHILD_CHECK(system_wait_for_links(system, 5 * PLX_SECOND, &error) == 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		raw_send_number(system, i, 0);
		raw_receive_number(system, i);
	}
	system_stop(system, NULL); // this driver keeps the mbufs of its ring
}

static void use_zero_copy(void)
{
	child_serve(echo_frames, exchange_frames);
}

static void a_zero_copy_memif_works_on_files_without_a_name(void **state)
{
	unsigned free_before = free_pages();

	(void)state;
	child_run_ok(use_zero_copy);
	assert_int_equal(free_pages(), free_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_used_and_given_back),
		cmocka_unit_test(a_killed_process_keeps_none),
		cmocka_unit_test(files_of_dead_processes_are_removed_before_pages_are_counted),
		cmocka_unit_test(too_few_are_left_alone_and_the_command_for_more_is_named),
		cmocka_unit_test(a_zero_copy_memif_works_on_files_without_a_name),
	};
	const char *obstacle = prepare();
	int failed = 0;

	if (obstacle == NULL)
		failed = cmocka_run_group_tests_name("drivers/huge_pages", tests, NULL, NULL);
	else
		printf("skip - drivers_huge_pages: %s\n", obstacle);
	clean_up();
	return failed;
}
