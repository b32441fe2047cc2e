// SPDX-License-Identifier: BSD-3-Clause
//
// What somebody meant who mistyped a word: the known one at the least edit distance (Damerau and
// Levenshtein, neighbours swapped count once), when it is near enough to be worth naming.
// Called for keys, names and protocols of a file, and for options and commands of the program.
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include <stddef.h>

// Edits between two words; upper and lower case are the same letter, as - and _ are.
unsigned nearest_distance(const char *a, const char *b);

// A search: the words offered one by one.
struct nearest {
	const char *mistyped;
	const char *word; // the best so far, NULL when none is near enough
	unsigned distance;
};

void nearest_init(struct nearest *nearest, const char *mistyped);
void nearest_offer(struct nearest *nearest, const char *word);

#endif
