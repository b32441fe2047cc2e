// SPDX-License-Identifier: BSD-3-Clause
//
// The regular files below a folder, found before any is read. Symbolic links to regular files
// within the folder count as files; links out of it, to folders or to nothing do not count.
// Whatever else lies there (sockets, devices) is passed over.
// Called by http_files.
#ifndef APPS_HTTP_TREE_H
#define APPS_HTTP_TREE_H

#include <stddef.h>
#include <stdint.h>

struct http_files_error;

struct http_tree_file {
	char *path;	 // of a request, "/docs/a.html"
	char *disk_path; // with every link resolved
	uint64_t bytes;
};

struct http_tree {
	char *root;	 // with every link resolved
	size_t root_len; // 0 for "/"
	struct http_tree_file *files;
	size_t n_files;
	size_t capacity;
};

// Walks the folder `root`. Returns 0, or a negative errno and in `error` what cannot be read and
// why. The tree wants http_tree_free() in both cases.
int http_tree_walk(struct http_tree *tree, const char *root, struct http_files_error *error);

void http_tree_free(struct http_tree *tree);

#endif
