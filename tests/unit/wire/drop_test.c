// SPDX-License-Identifier: BSD-3-Clause
//
// The names and sentences of drop.def: there for every reason, distinct, harmless outside the list.
// The list itself is the model.
// Suite unit.
#include <ctype.h>
#include <string.h>

#include <pollux/drop.h>

#include "wire_test.h"

static const char *const list_names[] = {
	"NONE",
#define X(name, sentence) #name,
#include <pollux/drop.def>
#undef X
};

static const char *const list_sentences[] = {
	NULL,
#define X(name, sentence) sentence,
#include <pollux/drop.def>
#undef X
};

static void a_name_is_the_lists_in_lower_case(void **state)
{
	(void)state;
	assert_int_equal(LENGTH_OF(list_names), PLX_DROP_COUNT);
	for (unsigned reason = 0; reason < PLX_DROP_COUNT; reason++) {
		const char *name = plx_drop_name((enum plx_drop)reason);

		assert_int_equal(strcasecmp(name, list_names[reason]), 0);
		for (const char *c = name; *c != '\0'; c++)
			assert_false(isupper((unsigned char)*c));
	}
	assert_string_equal(plx_drop_name(PLX_DROP_IPV4_CHECKSUM), "ipv4_checksum");
}

static void a_text_is_the_lists_sentence(void **state)
{
	(void)state;
	for (unsigned reason = 1; reason < PLX_DROP_COUNT; reason++)
		assert_string_equal(plx_drop_text((enum plx_drop)reason), list_sentences[reason]);
}

static void no_two_reasons_share_a_name_or_text(void **state)
{
	(void)state;
	for (unsigned a = 0; a < PLX_DROP_COUNT; a++) {
		for (unsigned b = a + 1; b < PLX_DROP_COUNT; b++) {
			assert_string_not_equal(plx_drop_name((enum plx_drop)a),
						plx_drop_name((enum plx_drop)b));
			assert_string_not_equal(plx_drop_text((enum plx_drop)a),
						plx_drop_text((enum plx_drop)b));
		}
	}
}

static void outside_the_list_there_is_no_drop(void **state)
{
	static const enum plx_drop outside[] = {PLX_DROP_NONE, PLX_DROP_COUNT,
						(enum plx_drop)(PLX_DROP_COUNT + 1),
						(enum plx_drop) - 1};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(outside); i++) {
		assert_string_equal(plx_drop_name(outside[i]), "none");
		assert_string_equal(plx_drop_text(outside[i]), "not dropped");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_lists_in_lower_case),
		cmocka_unit_test(a_text_is_the_lists_sentence),
		cmocka_unit_test(no_two_reasons_share_a_name_or_text),
		cmocka_unit_test(outside_the_list_there_is_no_drop),
	};

	return cmocka_run_group_tests_name("wire_drop", tests, NULL, NULL);
}
