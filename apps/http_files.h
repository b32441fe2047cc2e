// SPDX-License-Identifier: BSD-3-Clause
//
// The files below a folder, read into memory once and looked up by the path of a request. Only what
// was found by walking the folder can ever be served, so no path leads out of it; symbolic links
// are followed to files within the folder only. A folder answers with its index.html.
// Made by apps/host before the workers start, which share it unchanged; asked by http_session.
#ifndef APPS_HTTP_FILES_H
#define APPS_HTTP_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "apps/http_response.h"

#define HTTP_FILES_ERROR_BYTES 4352

struct http_files;

// What went wrong, naming the file: "/srv/www/a.html: Permission denied".
struct http_files_error {
	char text[HTTP_FILES_ERROR_BYTES];
};

// Walks the folder and notes every regular file with its size; reads none yet. Returns 0;
// a negative errno with `error` filled in when the folder, or anything in it, cannot be read.
int http_files_scan(const char *root, struct http_files **files, struct http_files_error *error);

// What http_files_read() needs. How many files, for a line to the operator.
size_t http_files_bytes(const struct http_files *files);
size_t http_files_count(const struct http_files *files);

// Reads the files into `memory` of http_files_bytes(), which stays the caller's and must outlive
// every stack that served from it; NULL = memory of its own. Returns 0; -ENOMEM; a negative errno
// with `error` filled in when a file cannot be read or has changed its size since the scan.
int http_files_read(struct http_files *files, void *memory, struct http_files_error *error);

// NULL is ignored.
void http_files_destroy(struct http_files *files);

// By decoded path with its leading slash, as http_path_decode() gives it. NULL when there is none.
const struct http_response *http_files_find(const struct http_files *files, const char *path,
					    size_t path_len);

#endif
