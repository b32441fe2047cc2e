// SPDX-License-Identifier: BSD-3-Clause
//
// Two steps: http_tree.c walks the folder, this file reads what was found into one block and
// answers look-ups by an open-addressed table that never changes afterwards. Paths come from the
// operator's disk and are fixed, so the hash needs no key.
// Called by apps/host and http_session.
#include "apps/http_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/http_tree.h"

#define BODY_ALIGNMENT ((uint64_t)64)
#define INDEX_NAME "/index.html"

struct slot {
	uint64_t hash;
	const char *path; // NULL = empty
	uint32_t path_len;
	uint32_t file;
};

struct http_files {
	struct http_tree tree;
	struct http_response *responses; // of the tree's files, by index
	struct slot *slots;
	uint64_t n_slots; // a power of two, at least twice as many as there are paths
	char *own_memory; // NULL when the caller gave some
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + BODY_ALIGNMENT - 1) / BODY_ALIGNMENT * BODY_ALIGNMENT;
}

// FNV-1a.
static uint64_t hash_path(const char *path, size_t path_len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < path_len; i++)
		hash = (hash ^ (unsigned char)path[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static const char *content_type(const char *path)
{
	static const char *const types[][2] = {
#define X(ending, type) {ending, type},
#include "apps/http_types.def"
#undef X
	};
	const char *name = strrchr(path, '/');
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(dot + 1, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

int http_files_scan(const char *root, struct http_files **files, struct http_files_error *error)
{
	struct http_files *new = calloc(1, sizeof(*new));

	*files = NULL;
	if (new == NULL) {
		snprintf(error->text, sizeof(error->text), "%s: %s", root, strerror(ENOMEM));
		return -ENOMEM;
	}
	int err = http_tree_walk(&new->tree, root, error);

	if (err < 0) {
		http_files_destroy(new);
		return err;
	}
	*files = new;
	return 0;
}

size_t http_files_bytes(const struct http_files *files)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < files->tree.n_files; i++)
		bytes += round_up(files->tree.files[i].bytes);
	return bytes;
}

size_t http_files_count(const struct http_files *files)
{
	return files->tree.n_files;
}

static int fail(const char *path, const char *what, int err, struct http_files_error *error)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", path, what);
	return err;
}

static int read_open_file(int fd, const struct http_tree_file *file, char *memory,
			  struct http_files_error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail(file->disk_path, strerror(errno), -errno, error);
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != file->bytes)
		return fail(file->disk_path, "has changed while it was being read", -ESTALE, error);
	for (uint64_t done = 0; done < file->bytes;) {
		ssize_t n = read(fd, memory + done, file->bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file->disk_path, strerror(errno), -errno, error);
		if (n == 0)
			return fail(file->disk_path, "ended while it was being read", -ESTALE,
				    error);
		done += (uint64_t)n;
	}
	return 0;
}

static int read_file(const struct http_tree_file *file, char *memory,
		     struct http_files_error *error)
{
	int fd = open(file->disk_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail(file->disk_path, strerror(errno), -errno, error);
	int err = read_open_file(fd, file, memory, error);

	close(fd);
	return err;
}

static void add_path(struct http_files *files, size_t path_len, uint32_t file)
{
	const char *path = files->tree.files[file].path;
	uint64_t hash = hash_path(path, path_len);
	uint64_t i = hash & (files->n_slots - 1);

	while (files->slots[i].path != NULL)
		i = (i + 1) & (files->n_slots - 1);
	files->slots[i] = (struct slot){hash, path, (uint32_t)path_len, file};
}

// A folder's index.html answers for "/folder/" and "/folder" too; nothing else can have these
// paths.
static void add_paths(struct http_files *files, uint32_t file)
{
	const size_t index_len = strlen(INDEX_NAME);
	const char *path = files->tree.files[file].path;
	size_t path_len = strlen(path);

	add_path(files, path_len, file);
	if (path_len < index_len || strcmp(path + path_len - index_len, INDEX_NAME) != 0)
		return;
	add_path(files, path_len - index_len + 1, file);
	if (path_len > index_len)
		add_path(files, path_len - index_len, file);
}

int http_files_read(struct http_files *files, void *memory, struct http_files_error *error)
{
	size_t n = files->tree.n_files;
	char *at = memory;

	files->n_slots = 8;
	while (files->n_slots < 6 * n)
		files->n_slots *= 2;
	files->responses = calloc(n + 1, sizeof(*files->responses));
	files->slots = calloc(files->n_slots, sizeof(*files->slots));
	if (memory == NULL)
		at = files->own_memory = malloc(http_files_bytes(files) + 1);
	if (files->responses == NULL || files->slots == NULL || at == NULL)
		return fail(files->tree.root, strerror(ENOMEM), -ENOMEM, error);

	for (size_t i = 0; i < n; i++) {
		const struct http_tree_file *file = &files->tree.files[i];
		int err = read_file(file, at, error);

		if (err < 0)
			return err;
		http_response_init(&files->responses[i], 200, content_type(file->path), at,
				   file->bytes);
		add_paths(files, (uint32_t)i);
		at += round_up(file->bytes);
	}
	return 0;
}

void http_files_destroy(struct http_files *files)
{
	if (files == NULL)
		return;
	http_tree_free(&files->tree);
	free(files->responses);
	free(files->slots);
	free(files->own_memory);
	free(files);
}

const struct http_response *http_files_find(const struct http_files *files, const char *path,
					    size_t path_len)
{
	uint64_t hash = hash_path(path, path_len);

	for (uint64_t i = hash & (files->n_slots - 1); files->slots[i].path != NULL;
	     i = (i + 1) & (files->n_slots - 1)) {
		const struct slot *slot = &files->slots[i];

		if (slot->hash == hash && slot->path_len == path_len
		    && memcmp(slot->path, path, path_len) == 0)
			return &files->responses[slot->file];
	}
	return NULL;
}
