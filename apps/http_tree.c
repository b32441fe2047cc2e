// SPDX-License-Identifier: BSD-3-Clause
//
// A physical walk by fts(3): folders are never entered through a link, so there is no way out and
// no way round. Only names that are links are resolved, and then to where they lead in the end.
// Called by http_files.
#include "apps/http_tree.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/http_files.h"

static int fail(const char *path, int err, struct http_files_error *error)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(-err));
	return err;
}

static int add_file(struct http_tree *tree, const char *path, const char *disk_path, off_t bytes)
{
	if (tree->n_files == tree->capacity) {
		size_t capacity = tree->capacity == 0 ? 64 : 2 * tree->capacity;
		void *files = reallocarray(tree->files, capacity, sizeof(*tree->files));

		if (files == NULL)
			return -ENOMEM;
		tree->files = files;
		tree->capacity = capacity;
	}
	struct http_tree_file file = {strdup(path), strdup(disk_path), (uint64_t)bytes};

	if (file.path == NULL || file.disk_path == NULL) {
		free(file.path);
		free(file.disk_path);
		return -ENOMEM;
	}
	tree->files[tree->n_files++] = file;
	return 0;
}

static bool is_below(const char *root, size_t root_len, const char *path)
{
	return strncmp(root, path, root_len) == 0 && path[root_len] == '/';
}

// It counts as the file it leads to, under its own name; one that leads nowhere does not count.
static int add_link(struct http_tree *tree, const char *path, const char *link)
{
	char *target = realpath(link, NULL);
	struct stat status;
	int err = 0;

	if (target == NULL)
		return errno == ENOMEM ? -ENOMEM : 0;
	if (is_below(tree->root, tree->root_len, target) && lstat(target, &status) == 0
	    && S_ISREG(status.st_mode))
		err = add_file(tree, path, target, status.st_size);
	free(target);
	return err;
}

static int visit(struct http_tree *tree, const FTSENT *entry, struct http_files_error *error)
{
	const char *path = entry->fts_path + tree->root_len;
	int err = 0;

	switch (entry->fts_info) {
	case FTS_F:
		err = entry->fts_level == FTS_ROOTLEVEL
			? -ENOTDIR
			: add_file(tree, path, entry->fts_path, entry->fts_statp->st_size);
		break;
	case FTS_SL:
	case FTS_SLNONE:
		err = add_link(tree, path, entry->fts_path);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		err = -entry->fts_errno;
		break;
	default: // a folder, before and after, or what is not a file
		break;
	}
	return err < 0 ? fail(entry->fts_path, err, error) : 0;
}

static int visit_all(struct http_tree *tree, FTS *walk, struct http_files_error *error)
{
	FTSENT *entry;

	while (errno = 0, (entry = fts_read(walk)) != NULL) {
		int err = visit(tree, entry, error);

		if (err < 0)
			return err;
	}
	return errno == 0 ? 0 : fail(tree->root, -errno, error);
}

int http_tree_walk(struct http_tree *tree, const char *root, struct http_files_error *error)
{
	*tree = (struct http_tree){.root = realpath(root, NULL)};
	if (tree->root == NULL)
		return fail(root, -errno, error);
	tree->root_len = strcmp(tree->root, "/") == 0 ? 0 : strlen(tree->root);

	FTS *walk = fts_open((char *[]){tree->root, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	if (walk == NULL)
		return fail(root, -errno, error);
	int err = visit_all(tree, walk, error);

	fts_close(walk);
	return err;
}

void http_tree_free(struct http_tree *tree)
{
	for (size_t i = 0; i < tree->n_files; i++) {
		free(tree->files[i].path);
		free(tree->files[i].disk_path);
	}
	free(tree->files);
	free(tree->root);
}
