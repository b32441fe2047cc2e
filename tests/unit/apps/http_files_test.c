// SPDX-License-Identifier: BSD-3-Clause
//
// A folder made for the test: what of it is served, under which names, and what is said when it
// cannot be read.
// Rooms: apps/http_files, apps/http_tree.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/http_files.h"

static char folder[] = "/tmp/pollux files XXXXXX"; // with served/ in it, and what lies outside
static char root[64];
static struct http_files *files;
static struct http_files_error error;

static char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *content)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void make_link(const char *target, const char *name)
{
	assert_int_equal(symlink(target, in_folder(name)), 0);
}

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(root, sizeof(root), "%s/served", folder);
	assert_int_equal(mkdir(root, 0755), 0);
	assert_int_equal(mkdir(in_folder("served/sub"), 0755), 0);
	assert_int_equal(mkdir(in_folder("served2"), 0755), 0);
	write_file("secret", "secret");
	write_file("served2/secret", "secret");
	write_file("served/index.html", "<p>top</p>");
	write_file("served/a b.txt", "spaced");
	write_file("served/empty", "");
	write_file("served/sub/index.html", "<p>sub</p>");
	write_file("served/sub/page.HTML", "page");
	write_file("served/sub/noindex.html", "not an index");
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	http_files_destroy(files);
	files = NULL;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void load_root(void)
{
	assert_int_equal(http_files_scan(root, &files, &error), 0);
	assert_int_equal(http_files_read(files, NULL, &error), 0);
}

static void serves(const char *path, const char *content, const char *type)
{
	const struct http_response *response = http_files_find(files, path, strlen(path));
	char head[HTTP_HEAD_SENT_BYTES + 1];
	char field[128];

	assert_non_null(response);
	assert_int_equal(response->status, 200);
	assert_int_equal(response->body_bytes, strlen(content));
	assert_memory_equal(response->body, content, strlen(content));
	head[http_response_head(response, HTTP_CONNECTION_DEFAULT, head)] = '\0';
	snprintf(field, sizeof(field), "\r\nContent-Type: %s\r\n", type);
	assert_non_null(strstr(head, field));
	snprintf(field, sizeof(field), "\r\nContent-Length: %zu\r\n", strlen(content));
	assert_non_null(strstr(head, field));
}

static void has_no(const char *path)
{
	assert_null(http_files_find(files, path, strlen(path)));
}

static void files_are_served_under_their_names(void **state)
{
	(void)state;
	load_root();
	assert_int_equal(http_files_count(files), 6);
	serves("/a b.txt", "spaced", "text/plain; charset=utf-8");
	serves("/empty", "", "application/octet-stream");
	serves("/sub/page.HTML", "page", "text/html; charset=utf-8");
	has_no("/sub/page.html");
	has_no("/secret");
	has_no("/../secret");
	has_no("");
}

static void a_folder_answers_with_its_index(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("served/bare"), 0755), 0);
	write_file("served/bare/x", "x");
	load_root();
	serves("/", "<p>top</p>", "text/html; charset=utf-8");
	serves("/index.html", "<p>top</p>", "text/html; charset=utf-8");
	serves("/sub/", "<p>sub</p>", "text/html; charset=utf-8");
	serves("/sub", "<p>sub</p>", "text/html; charset=utf-8");
	has_no("/sub/no");
	has_no("/bare");
	has_no("/bare/");
	serves("/bare/x", "x", "application/octet-stream");
}

static void links_lead_to_files_within_the_folder_only(void **state)
{
	(void)state;
	make_link("sub/page.HTML", "served/inside.txt");
	make_link("../../served/index.html", "served/sub/round.html");
	make_link("../secret", "served/outside");
	make_link("../served2/secret", "served/beside");
	make_link("nowhere", "served/broken");
	make_link("loop", "served/loop");
	make_link("..", "served/up");
	make_link("sub", "served/folder");
	load_root();
	serves("/inside.txt", "page", "text/plain; charset=utf-8");
	serves("/sub/round.html", "<p>top</p>", "text/html; charset=utf-8");
	has_no("/outside");
	has_no("/beside");
	has_no("/broken");
	has_no("/loop");
	has_no("/up/secret");
	has_no("/folder/page.HTML");
}

static void what_is_not_a_file_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(in_folder("served/fifo"), 0644), 0);
	load_root();
	has_no("/fifo");
}

static void files_lie_in_the_memory_that_was_given(void **state)
{
	(void)state;
	assert_int_equal(http_files_scan(root, &files, &error), 0);
	size_t bytes = http_files_bytes(files);
	char *memory = malloc(bytes);

	assert_int_equal(http_files_read(files, memory, &error), 0);
	const struct http_response *response = http_files_find(files, "/a b.txt", 8);

	assert_true(response->body >= memory && response->body + 6 <= memory + bytes);
	free(memory);
}

static void many_files_are_all_found(void **state)
{
	char name[64], content[16];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "served/sub/%u.txt", i);
		snprintf(content, sizeof(content), "%u", i);
		write_file(name, content);
	}
	load_root();
	assert_int_equal(http_files_count(files), 1006);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/sub/%u.txt", i);
		snprintf(content, sizeof(content), "%u", i);
		serves(name, content, "text/plain; charset=utf-8");
	}
	has_no("/sub/1000.txt");
}

static void an_error_names_the_file(void **state)
{
	char expected[512];

	(void)state;
	assert_int_equal(http_files_scan(in_folder("nowhere"), &files, &error), -ENOENT);
	snprintf(expected, sizeof(expected), "%s/nowhere: No such file or directory", folder);
	assert_string_equal(error.text, expected);
	assert_null(files);

	assert_int_equal(http_files_scan(in_folder("secret"), &files, &error), -ENOTDIR);
	snprintf(expected, sizeof(expected), "%s/secret: Not a directory", folder);
	assert_string_equal(error.text, expected);
}

static void a_file_that_changes_while_it_is_read_is_an_error(void **state)
{
	char expected[512];

	(void)state;
	assert_int_equal(http_files_scan(root, &files, &error), 0);
	write_file("served/empty", "no longer");
	assert_int_equal(http_files_read(files, NULL, &error), -ESTALE);
	snprintf(expected, sizeof(expected), "%s/empty: has changed while it was being read", root);
	assert_string_equal(error.text, expected);
}

static void a_file_that_has_become_a_link_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(http_files_scan(root, &files, &error), 0);
	assert_int_equal(unlink(in_folder("served/a b.txt")), 0);
	make_link("../secret", "served/a b.txt");
	assert_int_equal(http_files_read(files, NULL, &error), -ELOOP);
}

// For root every file is readable, so root becomes nobody for a while.
static void an_unreadable_file_is_an_error(void **state)
{
	bool is_root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(in_folder("served/empty"), 0), 0);
	if (is_root && seteuid(65534) < 0) {
		printf("skip - %s: root reads everything here\n", __func__);
		skip();
	}
	int scanned = http_files_scan(root, &files, &error);
	int code = scanned < 0 ? scanned : http_files_read(files, NULL, &error);

	assert_true(!is_root || seteuid(0) == 0);
	assert_int_equal(code, -EACCES);
	assert_non_null(strstr(error.text, "/served/empty: Permission denied"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_served_under_their_names),
		TEST(a_folder_answers_with_its_index),
		TEST(links_lead_to_files_within_the_folder_only),
		TEST(what_is_not_a_file_is_passed_over),
		TEST(files_lie_in_the_memory_that_was_given),
		TEST(many_files_are_all_found),
		TEST(an_error_names_the_file),
		TEST(a_file_that_changes_while_it_is_read_is_an_error),
		TEST(a_file_that_has_become_a_link_is_not_followed),
		TEST(an_unreadable_file_is_an_error),
	};

	return cmocka_run_group_tests_name("http_files", tests, NULL, NULL);
}
