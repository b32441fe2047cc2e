// SPDX-License-Identifier: BSD-3-Clause
//
// Values as people write them: numbers with units, addresses and ranges, what to listen on, what to
// ask for; and which known word a mistyped one was meant for.
// Rooms: config/units, config/address, config/endpoint, config/value, config/nearest.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <string.h>

#include "config/address.h"
#include "config/nearest.h"
#include "config/units.h"
#include "config/value.h"

static struct plx_addr addr(const char *text)
{
	struct plx_addr parsed;

	assert_int_equal(plx_addr_parse(text, &parsed), 0);
	return parsed;
}

static uint64_t parsed(const struct unit *units, const char *text)
{
	uint64_t value = 12345678987654321;

	assert_int_equal(units_parse(units, text, &value), 0);
	return value;
}

static void numbers_have_the_units_of_their_kind(void **state)
{
	(void)state;
	assert_int_equal(parsed(units_none, "0"), 0);
	assert_int_equal(parsed(units_none, "18446744073709551615"), UINT64_MAX);
	assert_int_equal(parsed(units_count, "10k"), 10000);
	assert_int_equal(parsed(units_count, "1.5k"), 1500);
	assert_int_equal(parsed(units_count, "2M"), 2000000);
	assert_int_equal(parsed(units_size, "64"), 64);
	assert_int_equal(parsed(units_size, "64k"), 65536);
	assert_int_equal(parsed(units_size, "1.5k"), 1536);
	assert_int_equal(parsed(units_size, "100M"), 104857600);
	assert_int_equal(parsed(units_size, "2G"), UINT64_C(2) << 30);
	assert_int_equal(parsed(units_time, "0"), 0);
	assert_int_equal(parsed(units_time, "7ns"), 7);
	assert_int_equal(parsed(units_time, "250us"), 250000);
	assert_int_equal(parsed(units_time, "500ms"), 500 * PLX_MILLISECOND);
	assert_int_equal(parsed(units_time, "0.000000001s"), 1);
	assert_int_equal(parsed(units_time, "50s"), 50 * PLX_SECOND);
	assert_int_equal(parsed(units_time, "2m"), 120 * PLX_SECOND);
	assert_int_equal(parsed(units_time, "1.5h"), 5400 * PLX_SECOND);
	assert_int_equal(parsed(units_share, "0.1%"), 1000);
	assert_int_equal(parsed(units_share, "100%"), 1000000);
	assert_int_equal(parsed(units_share, "25ppm"), 25);
}

static void what_is_no_number_of_the_kind_is_refused(void **state)
{
	static const char *const not_times[] = {
		"",    "s",    "5",    "5 s", " 5s", "5s ",   "5S",    "-5s",
		"+5s", "1e3s", "0x5s", "5.s", ".5s", "5..5s", "0.5ns", "1.0000000001s",
	};
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(not_times) / sizeof(not_times[0]); i++)
		assert_int_equal(units_parse(units_time, not_times[i], &value), -EINVAL);
	assert_int_equal(units_parse(units_none, "1k", &value), -EINVAL);
	assert_int_equal(units_parse(units_size, "1kB", &value), -EINVAL);
	assert_int_equal(units_parse(units_none, "18446744073709551616", &value), -ERANGE);
	assert_int_equal(units_parse(units_size, "17179869184G", &value), -ERANGE);
	assert_int_equal(units_parse(units_count, "99999999999999999999999k", &value), -ERANGE);
	assert_int_equal(value, 77);
}

static void numbers_are_written_as_they_are_read(void **state)
{
	static const uint64_t values[] = {1, 64, 1000, 1024, 65536, 5000000, 90000000000, 1 << 30};
	static const struct unit *const tables[] = {units_none, units_count, units_size, units_time,
						    units_share};
	char text[32];

	(void)state;
	assert_string_equal(units_format(units_size, 65536, text), "64k");
	assert_string_equal(units_format(units_time, 10 * PLX_SECOND, text), "10s");
	assert_string_equal(units_format(units_time, 0, text), "0");
	assert_string_equal(units_format(units_share, 1000000, text), "100%");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
			assert_int_equal(
				parsed(tables[k], units_format(tables[k], values[i], text)),
				values[i]);
}

static void ranges_count_across_octets(void **state)
{
	struct plx_addr first = addr("198.18.0.250"), last = addr("198.18.1.9");
	struct plx_addr low = addr("fd00::"), high = addr("fd00::ffff:ffff");

	(void)state;
	assert_int_equal(address_count(&first, &last), 16);
	assert_int_equal(address_count(&last, &first), 0);
	assert_int_equal(address_count(&first, &first), 1);
	assert_int_equal(address_count(&low, &high), 0); // 2^32 do not fit
	last = address_add(&first, 15);
	high = addr("198.18.1.9");
	assert_true(plx_addr_is_equal(&last, &high));
	assert_true(address_is_in_range(&high, &first, 16));
	assert_false(address_is_in_range(&high, &first, 15));
	assert_false(address_is_in_range(&low, &first, 16));
}

static void prefixes_compare_bits_of_one_family(void **state)
{
	struct plx_addr a = addr("198.18.0.1"), b = addr("198.18.0.129"), six = addr("fd00::1"),
			other = addr("fd00::8000:0:0:1"), network;

	(void)state;
	assert_true(address_is_in_prefix(&a, &b, 24));
	assert_false(address_is_in_prefix(&a, &b, 25));
	assert_true(address_is_in_prefix(&a, &b, 0));
	assert_true(address_is_in_prefix(&a, &a, 32));
	assert_false(address_is_in_prefix(&a, &six, 0));
	assert_false(address_is_in_prefix(&six, &a, 0));
	assert_true(address_is_in_prefix(&six, &other, 64));
	assert_false(address_is_in_prefix(&six, &other, 65));
	assert_true(address_is_in_prefix(&six, &six, 128));
	network = address_network(&b, 25);
	a = addr("198.18.0.128");
	assert_true(plx_addr_is_equal(&network, &a));
	network = address_network(&b, 0);
	a = addr("0.0.0.0");
	assert_true(plx_addr_is_equal(&network, &a));
}

// RFC 3021: a prefix of 31 bits has no network or broadcast address.
static void short_links_use_every_address(void **state)
{
	struct plx_addr zero = addr("198.18.0.0"), one = addr("198.18.0.1");

	(void)state;
	assert_null(address_why_unfit(&zero, 31));
	assert_null(address_why_unfit(&one, 31));
	assert_null(address_why_unfit(&zero, 32));
	assert_non_null(address_why_unfit(&zero, 30));
}

static int parse(enum config_key key, const char *text, void *field)
{
	char reason[CONFIG_REASON_BYTES];

	return config_value_parse(config_key_info(key), text, field, reason);
}

static void targets_have_defaults_ports_and_paths(void **state)
{
	const enum config_key key = CONFIG_KEY_load_target;
	struct config_target target;
	struct plx_addr expected = addr("198.18.0.2");

	(void)state;
	assert_int_equal(parse(key, "http://198.18.0.2", &target), 0);
	assert_true(plx_addr_is_equal(&target.addr, &expected));
	assert_int_equal(target.ports.first, 80);
	assert_int_equal(target.ports.last, 80);
	assert_string_equal(target.path, "/");
	assert_int_equal(parse(key, "http://198.18.0.2:8080-8089/a/b?c=d", &target), 0);
	assert_int_equal(target.ports.first, 8080);
	assert_int_equal(target.ports.last, 8089);
	assert_string_equal(target.path, "/a/b?c=d");
	expected = addr("fd00::2");
	assert_int_equal(parse(key, "http://[fd00::2]/x", &target), 0);
	assert_true(plx_addr_is_equal(&target.addr, &expected));
	assert_int_equal(parse(key, "http://[fd00::2]:81/", &target), 0);
	assert_int_equal(target.ports.last, 81);
	assert_int_equal(target.protocol, CONFIG_PROTOCOL_HTTP);
	assert_int_equal(parse(key, "echo://[fd00::2]", &target), 0);
	assert_int_equal(target.protocol, CONFIG_PROTOCOL_ECHO);
	assert_int_equal(target.ports.first, 7);
	assert_string_equal(target.path, "");
	assert_int_equal(parse(key, "echo://[fd00::2]:81", &target), 0);
	assert_int_equal(parse(key, "echo://[fd00::2]:82/", &target), -EINVAL);
	assert_int_equal(parse(key, "discard://[fd00::2]:82", &target), -EINVAL);
	assert_int_equal(parse(key, "http://fd00::2/", &target), -EINVAL);
	assert_int_equal(target.ports.last, 81);
}

static void listens_name_protocol_address_and_ports(void **state)
{
	const enum config_key key = CONFIG_KEY_server_listen;
	struct config_listen listen;
	struct plx_addr expected = addr("fd00::2");

	(void)state;
	assert_int_equal(parse(key, "discard:[fd00::2]:9-12", &listen), 0);
	assert_int_equal(listen.protocol, CONFIG_PROTOCOL_DISCARD);
	assert_true(plx_addr_is_equal(&listen.addr, &expected));
	assert_int_equal(listen.ports.first, 9);
	assert_int_equal(listen.ports.last, 12);
	assert_int_equal(parse(key, "echo:*:7", &listen), 0);
	assert_int_equal(listen.protocol, CONFIG_PROTOCOL_ECHO);
	assert_true(plx_addr_is_any(&listen.addr));
}

static void lists_of_addresses_grow_by_one(void **state)
{
	struct config_prefixes prefixes = {.n = 0};
	struct config_addresses addresses = {.n = 0};

	(void)state;
	assert_int_equal(parse(CONFIG_KEY_stack_addresses, "198.18.0.1-198.18.0.4/24", &prefixes),
			 0);
	assert_int_equal(parse(CONFIG_KEY_stack_addresses, "fd00::1/64", &prefixes), 0);
	assert_int_equal(parse(CONFIG_KEY_stack_addresses, "fd00::2", &prefixes), -EINVAL);
	assert_int_equal(prefixes.n, 2);
	assert_int_equal(prefixes.items[0].count, 4);
	assert_int_equal(prefixes.items[0].prefix_len, 24);
	assert_int_equal(prefixes.items[1].prefix_len, 64);
	assert_int_equal(parse(CONFIG_KEY_stack_gateway, "198.18.0.254", &addresses), 0);
	assert_int_equal(parse(CONFIG_KEY_stack_gateway, "198.18.0.253", &addresses), -EINVAL);
	assert_int_equal(parse(CONFIG_KEY_stack_gateway, "fd00::fe", &addresses), 0);
	assert_int_equal(addresses.n, 2);
}

static void neighbouring_letters_swapped_are_one_edit(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("port", "port"), 0);
	assert_int_equal(nearest_distance("prot", "port"), 1);
	assert_int_equal(nearest_distance("adresses", "addresses"), 1);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("abc", ""), 3);
	assert_int_equal(nearest_distance("body-size", "BODY_SIZE"), 0);
}

static void only_near_words_are_offered(void **state)
{
	static const char *const words[] = {"serve", "load", "run", "help"};
	static const struct {
		const char *mistyped, *meant;
	} cases[] = {
		{"srve", "serve"}, {"sevre", "serve"}, {"laod", "load"}, {"rnu", "run"},
		{"halp", "help"},  {"xyzzy", NULL},    {"", NULL},	 {"serverless", NULL},
	};
	struct nearest nearest;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nearest_init(&nearest, cases[i].mistyped);
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			nearest_offer(&nearest, words[k]);
		if (cases[i].meant)
			assert_string_equal(nearest.word, cases[i].meant);
		else
			assert_null(nearest.word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_units_of_their_kind),
		cmocka_unit_test(what_is_no_number_of_the_kind_is_refused),
		cmocka_unit_test(numbers_are_written_as_they_are_read),
		cmocka_unit_test(ranges_count_across_octets),
		cmocka_unit_test(prefixes_compare_bits_of_one_family),
		cmocka_unit_test(short_links_use_every_address),
		cmocka_unit_test(targets_have_defaults_ports_and_paths),
		cmocka_unit_test(listens_name_protocol_address_and_ports),
		cmocka_unit_test(lists_of_addresses_grow_by_one),
		cmocka_unit_test(neighbouring_letters_swapped_are_one_edit),
		cmocka_unit_test(only_near_words_are_offered),
	};

	return cmocka_run_group_tests_name("config_value", tests, NULL, NULL);
}
