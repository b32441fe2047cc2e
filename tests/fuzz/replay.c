// SPDX-License-Identifier: BSD-3-Clause
//
// The main of a fuzz target where libFuzzer is not: runs every file of the folders (or the files) named on the
// command line through it, in order of name, with some of its prefixes and mutants, the same ones every
// time, and says "ok - FILE" for each. A fault ends the process; what was run last stands on stderr.
// Linked to each target for the ordinary test run.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/random.h"
#include "fuzz/target.h"

enum {
	INPUT_MAX_BYTES = 1 << 20,
	PATH_BYTES = 4096,
	PREFIXES = 64,
	MUTANTS = 200,
	CHANGES_MAX = 8,
};

static uint8_t input[INPUT_MAX_BYTES];

static size_t read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(input, 1, sizeof(input), file);
	fclose(file);
	return size;
}

// From a block of its exact size, so that a sanitizer sees what is read beyond it.
static void run(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_prefixes(size_t size)
{
	size_t step = size / PREFIXES + 1;

	for (size_t len_bytes = 0; len_bytes < size; len_bytes += step) {
		fprintf(stderr, "  its first %zu bytes\n", len_bytes);
		run(input, len_bytes);
	}
}

static void run_mutants(size_t size)
{
	struct random random;

	for (unsigned mutant = 0; mutant < MUTANTS && size > 0; mutant++) {
		uint8_t *bytes = malloc(size);

		memcpy(bytes, input, size);
		random_init_seed(&random, mutant);
		for (uint32_t n = 1 + random_below(&random, CHANGES_MAX); n > 0; n--)
			bytes[random_below(&random, (uint32_t)size)] = (uint8_t)random_u32(&random);
		fprintf(stderr, "  its mutant %u\n", mutant);
		run(bytes, size);
		free(bytes);
	}
}

static void replay_file(const char *path, const char *name)
{
	size_t size = read_file(path);

	fprintf(stderr, "%s\n", path);
	run(input, size);
	run_prefixes(size);
	run_mutants(size);
	printf("ok - %s\n", name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_visible, alphasort);

	if (n < 0) {
		perror(folder);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_BYTES];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		replay_file(path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		struct stat about;

		if (stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i], argv[i]);
	}
	return 0;
}
