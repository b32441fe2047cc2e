// SPDX-License-Identifier: BSD-3-Clause
//
// Edit distance between words, and the nearest of several.
// Words are short: three rows of the table are kept, and what is longer is compared by its
// beginning.
// Called wherever a word that is not known is reported.
#include "config/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/param.h>

enum { WORD_CHARS = 64 };

static char fold(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_CHARS + 1];
	size_t len_a = strnlen(a, WORD_CHARS), len_b = strnlen(b, WORD_CHARS);

	for (unsigned j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= len_a; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *over = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= len_b; j++) {
			bool differs = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = MIN(above[j - 1] + differs, MIN(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2])
			    && fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = MIN(row[j], over[j - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

void nearest_init(struct nearest *nearest, const char *mistyped)
{
	nearest->mistyped = mistyped;
	nearest->word = NULL;
	nearest->distance = UINT_MAX;
}

// Near enough is one edit in three letters: "prot" is meant for "port", "abc" is meant for nothing.
void nearest_offer(struct nearest *nearest, const char *word)
{
	unsigned distance = nearest_distance(nearest->mistyped, word);
	size_t longer = MAX(strlen(nearest->mistyped), strlen(word));

	if (distance < nearest->distance && distance * 3 <= longer + 1) {
		nearest->distance = distance;
		nearest->word = word;
	}
}
