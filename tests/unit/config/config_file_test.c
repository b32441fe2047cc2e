// SPDX-License-Identifier: BSD-3-Clause
//
// Configuration files: every example loads, every wrong file is answered with exactly the sentences
// that stand in it as `#! LINE: KEY: WHAT; REMEDY`, and what no YAML file can hold is refused.
// The annotated example is what keys.def makes of itself.
#include "support/cmocka_headers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

enum { PATH_BYTES = 512, TEXT_BYTES = 16384 };

// Loads and checks; the sentences, one a line, go to `said`.
static struct config *load(const char *path, char said[TEXT_BYTES])
{
	struct config *config = config_create();
	struct config_errors *errors = calloc(1, sizeof(*errors));

	assert_non_null(config);
	assert_non_null(errors);
	config_errors_init(errors, path);
	if (config_load_file(config, path, errors) == 0)
		config_check(config, errors);
	said[0] = '\0';
	for (unsigned i = 0; i < errors->n; i++)
		snprintf(said + strlen(said), TEXT_BYTES - strlen(said), "%s\n", errors->texts[i]);
	if (errors->n_more)
		snprintf(said + strlen(said), TEXT_BYTES - strlen(said), "%u more\n",
			 errors->n_more);
	free(errors);
	return config;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

// Calls `check` for every YAML file of a folder of the source tree. Returns how many.
static unsigned for_each_file(const char *folder, void (*check)(const char *path))
{
	char path[PATH_BYTES];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", SOURCE_ROOT, folder);
	dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!ends_with(entry->d_name, ".yaml"))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", SOURCE_ROOT, folder, entry->d_name);
		check(path);
		n++;
	}
	closedir(dir);
	return n;
}

static void check_example(const char *path)
{
	char said[TEXT_BYTES];
	struct config *config = load(path, said);

	if (said[0])
		fail_msg("%s", said);
	assert_int_not_equal(config->n_stacks + config->n_relays, 0);
	config_destroy(config);
}

static void every_example_loads(void **state)
{
	(void)state;
	assert_true(for_each_file("config", check_example) >= 5);
}

// What the lines `#! ...` of a file promise, with the path before each.
static void read_promise(const char *path, char promise[TEXT_BYTES])
{
	FILE *file = fopen(path, "r");
	char line[2048];

	assert_non_null(file);
	promise[0] = '\0';
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "#! ", 3) == 0)
			snprintf(promise + strlen(promise), TEXT_BYTES - strlen(promise), "%s:%s",
				 path, line + 3);
	fclose(file);
}

static void check_wrong_file(const char *path)
{
	char said[TEXT_BYTES], promise[TEXT_BYTES];

	read_promise(path, promise);
	config_destroy(load(path, said));
	assert_int_not_equal(promise[0], '\0');
	assert_string_equal(said, promise);
}

static void every_wrong_file_is_answered_exactly(void **state)
{
	(void)state;
	assert_true(for_each_file("tests/unit/config/wrong", check_wrong_file) >= 20);
}

// Loads `len` bytes from a file of their own; returns the sentences behind its name.
static const char *said_about(const void *bytes, size_t len)
{
	static char said[TEXT_BYTES];
	char path[] = "/tmp/pollux-config-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	config_destroy(load(path, said));
	unlink(path);
	assert_memory_equal(said, path, strlen(path));
	return said + strlen(path);
}

static void files_that_are_no_text_are_refused(void **state)
{
	static const char not_utf8[] = "# a comment\nports: \xff\n";
	static const char control[] = "ports: \x01\n";
	static const char zero[] = "ports: [{name: \"le\\0ft\", device: net_tap0}]\n"
				   "stacks: [{name: s, port: p, addresses: 198.18.0.1/24}]\n";
	char *long_text = malloc((1 << 20) + 1);

	(void)state;
	assert_string_equal(said_about(not_utf8, sizeof(not_utf8) - 1),
			    ":2: YAML: invalid leading UTF-8 octet; look at the indentation, "
			    "brackets and quotes up to here\n");
	assert_string_equal(said_about(control, sizeof(control) - 1),
			    ":1: YAML: control characters are not allowed; look at the "
			    "indentation, brackets and quotes up to here\n");
	assert_string_equal(said_about(zero, sizeof(zero) - 1),
			    ":1: name: has a zero byte; write one line of text\n");
	memset(long_text, '#', (1 << 20) + 1);
	assert_string_equal(said_about(long_text, (1 << 20) + 1),
			    ": is longer than 1048576 bytes; shorten it\n");
	assert_string_equal(
		said_about(long_text, 1 << 20),
		":1: the file: is empty; `pollux help config` prints one that is not\n");
	assert_string_equal(
		said_about("", 0),
		":1: the file: is empty; `pollux help config` prints one that is not\n");
	free(long_text);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	char said[TEXT_BYTES];

	(void)state;
	config_destroy(load("no/such/file.yaml", said));
	assert_string_equal(said,
			    "no/such/file.yaml: cannot be read: No such file or directory; "
			    "give a file to read\n");
	config_destroy(load("/", said));
	assert_string_equal(said, "/: cannot be read: Is a directory; give a file to read\n");
}

static void lists_are_bounded(void **state)
{
	char text[8192] = "stacks: []\nports:\n";
	unsigned lines = 18;

	(void)state;
	for (unsigned i = 0; i < lines; i++)
		strcat(text, "- {name: p, device: loopback}\n");
	assert_non_null(strstr(said_about(text, strlen(text)),
			       ":19: ports: is more than 16 entries; leave some out\n"));
}

static void more_errors_than_fit_are_counted(void **state)
{
	char text[8192] = "";

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		sprintf(text + strlen(text), "zzz%u: 1\n", i);
	assert_non_null(strstr(said_about(text, strlen(text)), "\n5 more\n"));
}

// An alias may stand for a whole section, and many aliases cost no memory.
static void aliases_are_followed(void **state)
{
	static const char text[] =
		"ports: [{name: tap, device: net_tap0}]\n"
		"stacks: [{name: &n here, port: tap, addresses: 198.18.0.1/24}]\n"
		"loads:\n"
		"  - &l {stack: *n, target: \"http://198.18.0.2/\", rate: 5k}\n"
		"  - *l\n";
	char path[] = "/tmp/pollux-config-XXXXXX", said[TEXT_BYTES];
	int fd = mkstemp(path);
	struct config *config;

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	config = load(path, said);
	unlink(path);
	assert_string_equal(said, "");
	assert_int_equal(config->n_loads, 2);
	assert_int_equal(config->loads[1].rate, 5000);
	assert_string_equal(config->loads[1].stack, "here");
	config_destroy(config);
}

static void loopback_example_says_what_it_should(void **state)
{
	char said[TEXT_BYTES];
	struct config *config = load(SOURCE_ROOT "/config/loopback.yaml", said);
	struct plx_addr server = plx_addr_ipv4(198, 18, 0, 2);

	(void)state;
	assert_int_equal(config->n_ports, 2);
	assert_string_equal(config->ports[1].peer, "left");
	assert_ptr_equal(config_peer(config, &config->ports[0]), &config->ports[1]);
	assert_ptr_equal(config_peer(config, &config->ports[1]), &config->ports[0]);
	assert_int_equal(config->n_stacks, 2);
	assert_int_equal(config->stacks[0].addresses.n, 2);
	assert_int_equal(config->stacks[0].addresses.items[1].prefix_len, 64);
	assert_int_equal(config->n_servers, 1);
	assert_int_equal(config->servers[0].listen.protocol, CONFIG_PROTOCOL_HTTP);
	assert_true(plx_addr_is_equal(&config->servers[0].listen.addr, &server));
	assert_int_equal(config->servers[0].body_size, 64);
	assert_int_equal(config->n_loads, 1);
	assert_int_equal(config->loads[0].connections, 100);
	assert_int_equal(config->loads[0].duration, 5 * PLX_SECOND);
	assert_string_equal(config->loads[0].target.path, "/");
	assert_int_equal(config->loads[0].target.ports.first, 80);
	config_destroy(config);
}

// `pollux help config >config/reference.yaml` brings it up to date.
static void reference_is_what_the_keys_make_of_it(void **state)
{
	static char kept[1 << 16];
	char *made;
	size_t len;
	FILE *out = open_memstream(&made, &len);
	FILE *file = fopen(SOURCE_ROOT "/config/reference.yaml", "r");

	(void)state;
	assert_non_null(file);
	kept[fread(kept, 1, sizeof(kept) - 1, file)] = '\0';
	fclose(file);
	config_write_reference(out);
	fclose(out);
	assert_string_equal(kept, made);
	free(made);
}

// Every key with a value has one that its own parser takes, and a help.
static void every_key_takes_its_default_or_example(void **state)
{
	static char field[sizeof(struct config_prefixes)];
	char reason[CONFIG_REASON_BYTES];

	(void)state;
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key_info *key = config_key_info((enum config_key)i);

		assert_true(strlen(key->help) > 5);
		assert_true(i - config_section_first(key->section) < CONFIG_SECTION_KEYS_MAX);
		if (key->type == CONFIG_TYPE_LIST || key->type == CONFIG_TYPE_MAP)
			continue;
		memset(field, 0, sizeof(field));
		if (config_value_parse(key, key->value, field, reason))
			fail_msg("%s: %s", key->name, reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_loads),
		cmocka_unit_test(every_wrong_file_is_answered_exactly),
		cmocka_unit_test(files_that_are_no_text_are_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(more_errors_than_fit_are_counted),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(loopback_example_says_what_it_should),
		cmocka_unit_test(reference_is_what_the_keys_make_of_it),
		cmocka_unit_test(every_key_takes_its_default_or_example),
	};

	return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
