// SPDX-License-Identifier: BSD-3-Clause
//
// Decodes first and judges afterwards, so that an escaped ".." is one too. A path is only ever
// looked up in a table: the refusal of ".." is a courtesy, not the wall.
// Called by http_session.
#include "apps/http_path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

// RFC 9112 3.2.2: "http://host/path" is "/path" here, "http://host" is "/".
static size_t authority_len(const char *target, size_t target_len)
{
	static const char http[] = "http://";
	const size_t prefix_len = sizeof(http) - 1;
	size_t i = prefix_len;

	if (target_len < prefix_len || strncasecmp(target, http, prefix_len) != 0)
		return 0;
	while (i < target_len && strchr("/?#", target[i]) == NULL)
		i++;
	return i;
}

static bool has_parent_segment(const char *path, size_t path_len)
{
	for (size_t i = 0; i + 2 < path_len; i++)
		if (memcmp(path + i, "/..", 3) == 0 && (i + 3 == path_len || path[i + 3] == '/'))
			return true;
	return false;
}

int http_path_decode(const char *target, size_t target_len, char *path)
{
	size_t at = authority_len(target, target_len);
	bool is_absolute = at > 0;
	size_t n = 0;

	if (is_absolute && (at == target_len || target[at] != '/'))
		path[n++] = '/';
	for (; at < target_len && target[at] != '?' && target[at] != '#'; at++) {
		char c = target[at];

		if (c == '%') {
			int high = at + 2 < target_len ? hex_value(target[at + 1]) : -1;
			int low = at + 2 < target_len ? hex_value(target[at + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			at += 2;
		}
		if (c == '\0')
			return -EINVAL;
		path[n++] = c;
	}
	if (n == 0 || path[0] != '/' || has_parent_segment(path, n))
		return -EINVAL;
	return (int)n;
}
