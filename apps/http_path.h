// SPDX-License-Identifier: BSD-3-Clause
//
// From the target of a request to the path it names: RFC 9112 3.2 (origin and absolute form), RFC
// 3986 2.1 (percent-encoding). A pure function of its bytes.
// Called by http_session.
#ifndef APPS_HTTP_PATH_H
#define APPS_HTTP_PATH_H

#include <stddef.h>

// Writes the decoded path of `target`, without scheme, authority, query and fragment, to `path`; it
// needs room for target_len bytes and is not terminated. Returns its length, at least 1; -EINVAL
// when the target has no path (an asterisk, an authority), a broken escape, a zero byte or a ".."
// segment.
int http_path_decode(const char *target, size_t target_len, char *path);

#endif
