// SPDX-License-Identifier: BSD-3-Clause
//
// The main of a fuzz target where libFuzzer is not: runs every file of the folders (or the files) named on the
// command line through it, in order of name, and says "ok - FILE" for each. A fault ends the process, so
// that the last line names the file before it.
// Linked to each target for the ordinary test run.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz/target.h"

enum { INPUT_MAX_BYTES = 1 << 20, PATH_BYTES = 4096 };

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(INPUT_MAX_BYTES);

	if (file == NULL || bytes == NULL) {
		perror(path);
		exit(1);
	}
	*size = fread(bytes, 1, INPUT_MAX_BYTES, file);
	fclose(file);
	// Of its exact size, so that a sanitizer sees what is read beyond it.
	return realloc(bytes, *size == 0 ? 1 : *size);
}

static void replay_file(const char *path, const char *name)
{
	size_t size;
	uint8_t *bytes = read_file(path, &size);

	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
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
