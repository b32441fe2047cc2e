// SPDX-License-Identifier: BSD-3-Clause
//
// Interned profiles against a model in which every user has all his values to himself: whoever
// reads finds what he set, equal values are one profile, and the counts are those of the users.
// Room: engine/tcp/options_profile.
#include "tcp/options_profile.h"

#include <errno.h>
#include <string.h>

#include <rte_memory.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { USERS = 400, ROUNDS = 10000, CHANGES_MAX = 3 };

static int set(struct option_profiles *profiles, uint16_t *profile, enum plx_option option,
	       int64_t value)
{
	struct plx_option_value change = {option, value};

	return option_profile_change(profiles, profile, &change, 1);
}

static uint16_t join(struct option_profiles *profiles)
{
	option_profile_hold(profiles, 0);
	return 0;
}

static void the_first_profile_holds_the_defaults_and_stays(void **state)
{
	struct option_profiles profiles;
	uint16_t profile;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++) {
		int64_t initial;

		assert_int_equal(plx_option_bounds((enum plx_option)i, &initial, NULL, NULL), 0);
		assert_int_equal(option_profile_value(&profiles, 0, (enum plx_option)i), initial);
	}
	profile = join(&profiles);
	option_profile_release(&profiles, profile);
	assert_int_equal(profiles.profiles[0].users, 1);
	option_profiles_fini(&profiles);
	assert_null(profiles.profiles);
}

static void a_change_copies_and_a_change_back_shares(void **state)
{
	struct option_profiles profiles;
	uint16_t a, b;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	a = join(&profiles);
	b = join(&profiles);
	assert_int_equal(set(&profiles, &a, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_not_equal(a, b);
	assert_int_equal(option_profile_value(&profiles, a, PLX_OPTION_HOP_LIMIT), 7);
	assert_int_equal(option_profile_value(&profiles, b, PLX_OPTION_HOP_LIMIT), 64);
	assert_int_equal(set(&profiles, &b, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_equal(a, b);
	assert_int_equal(profiles.profiles[a].users, 2);
	assert_int_equal(profiles.profiles[0].users, 1);
	assert_int_equal(set(&profiles, &a, PLX_OPTION_HOP_LIMIT, 64), 0);
	assert_int_equal(a, 0);
	assert_int_equal(option_profile_change(&profiles, &b, NULL, 0), 0);
	assert_int_equal(option_profile_value(&profiles, b, PLX_OPTION_HOP_LIMIT), 7);
	assert_int_equal(profiles.profiles[b].users, 1);
	option_profiles_fini(&profiles);
}

// The last change is remembered; what it found may have been given to others since.
static void a_change_made_again_finds_its_values_again(void **state)
{
	struct option_profiles profiles;
	uint16_t a, b, c;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	a = join(&profiles);
	b = join(&profiles);
	c = join(&profiles);
	assert_int_equal(set(&profiles, &a, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_equal(set(&profiles, &b, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_equal(b, a);
	assert_int_equal(profiles.profiles[a].users, 2);
	option_profile_release(&profiles, a);
	option_profile_release(&profiles, b);
	b = join(&profiles);
	assert_int_equal(set(&profiles, &b, PLX_OPTION_HOP_LIMIT, 7), 0); // nobody had it meanwhile
	assert_int_equal(option_profile_value(&profiles, b, PLX_OPTION_HOP_LIMIT), 7);
	assert_int_equal(profiles.profiles[b].users, 1);
	option_profile_release(&profiles, b);
	assert_int_equal(set(&profiles, &c, PLX_OPTION_RTO_MIN, 5 * PLX_MILLISECOND), 0);
	assert_int_equal(c, b); // its place
	assert_int_equal(option_profile_rtt_bounds(&profiles, c)->min_us, 5000);
	b = join(&profiles);
	assert_int_equal(set(&profiles, &b, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_not_equal(b, c);
	assert_int_equal(option_profile_value(&profiles, b, PLX_OPTION_HOP_LIMIT), 7);
	assert_int_equal(option_profile_rtt_bounds(&profiles, b)->min_us, 200000);
	// The same change, but of another profile; and the same option with another value.
	assert_int_equal(set(&profiles, &c, PLX_OPTION_HOP_LIMIT, 7), 0);
	assert_int_equal(option_profile_value(&profiles, c, PLX_OPTION_RTO_MIN),
			 5 * PLX_MILLISECOND);
	assert_int_not_equal(c, b);
	assert_int_equal(set(&profiles, &c, PLX_OPTION_HOP_LIMIT, 8), 0);
	assert_int_equal(option_profile_value(&profiles, c, PLX_OPTION_HOP_LIMIT), 8);
	option_profiles_fini(&profiles);
}

// Longer than what is remembered of it: the last value counts, and the next change finds its own.
static void an_option_may_be_named_again_and_again(void **state)
{
	enum { TIMES = 2 * PLX_OPTION_COUNT + 1 };
	struct plx_option_value changes[TIMES];
	struct option_profiles profiles;
	uint16_t a;

	(void)state;
	for (unsigned i = 0; i < TIMES; i++)
		changes[i] = (struct plx_option_value){PLX_OPTION_HOP_LIMIT, i + 1};
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	for (unsigned n = TIMES; n > PLX_OPTION_COUNT - 2; n--) {
		a = join(&profiles);
		assert_int_equal(option_profile_change(&profiles, &a, changes, n), 0);
		assert_int_equal(option_profile_value(&profiles, a, PLX_OPTION_HOP_LIMIT), n);
		option_profile_release(&profiles, a);
		a = join(&profiles);
		assert_int_equal(set(&profiles, &a, PLX_OPTION_HOP_LIMIT, 1), 0);
		assert_int_equal(option_profile_value(&profiles, a, PLX_OPTION_HOP_LIMIT), 1);
		option_profile_release(&profiles, a);
	}
	option_profiles_fini(&profiles);
}

static void each_option_takes_its_bounds_and_nothing_beyond(void **state)
{
	struct option_profiles profiles;
	uint16_t profile;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++) {
		enum plx_option option = (enum plx_option)i;
		int64_t low, high;

		profile = join(&profiles);
		plx_option_bounds(option, NULL, &low, &high);
		if (option == PLX_OPTION_CONGESTION)
			for (high = 0; plx_congestion_name((unsigned)high + 1) != NULL;)
				high++; // as many as there are by name
		assert_int_equal(set(&profiles, &profile, option, low - 1), -ERANGE);
		assert_int_equal(set(&profiles, &profile, option, high + 1), -ERANGE);
		assert_int_equal(set(&profiles, &profile, option, INT64_MIN), -ERANGE);
		assert_int_equal(set(&profiles, &profile, option, INT64_MAX), -ERANGE);
		assert_int_equal(profile, 0);
		assert_int_equal(set(&profiles, &profile, option, low), 0);
		assert_int_equal(option_profile_value(&profiles, profile, option), low);
		assert_int_equal(set(&profiles, &profile, option, high), 0);
		assert_int_equal(option_profile_value(&profiles, profile, option), high);
		option_profile_release(&profiles, profile);
	}
	profile = join(&profiles);
	assert_int_equal(set(&profiles, &profile, PLX_OPTION_COUNT, 1), -EINVAL);
	assert_int_equal(set(&profiles, &profile, (enum plx_option) - 1, 1), -EINVAL);
	assert_int_equal(profile, 0);
	option_profiles_fini(&profiles);
}

static void the_least_timeout_is_not_above_the_greatest(void **state)
{
	struct option_profiles profiles;
	struct plx_option_value both[] = {{PLX_OPTION_RTO_MIN, 2 * PLX_SECOND},
					  {PLX_OPTION_RTO_MAX, 2 * PLX_SECOND}};
	uint16_t profile;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	profile = join(&profiles);
	assert_int_equal(option_profile_change(&profiles, &profile, both, 2), 0);
	assert_int_equal(set(&profiles, &profile, PLX_OPTION_RTO_MAX, PLX_SECOND), -ERANGE);
	assert_int_equal(set(&profiles, &profile, PLX_OPTION_RTO_MIN, 3 * PLX_SECOND), -ERANGE);
	assert_int_equal(option_profile_value(&profiles, profile, PLX_OPTION_RTO_MIN),
			 2 * PLX_SECOND);
	option_profiles_fini(&profiles);
}

static void an_error_changes_nothing(void **state)
{
	struct plx_option_value changes[] = {{PLX_OPTION_NAGLE, 0}, {PLX_OPTION_DSCP, 64}};
	struct option_profiles profiles;
	uint16_t profile;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	profile = join(&profiles);
	assert_int_equal(option_profile_change(&profiles, &profile, changes, 2), -ERANGE);
	assert_int_equal(profile, 0);
	assert_int_equal(option_profile_value(&profiles, 0, PLX_OPTION_NAGLE), 1);
	assert_int_equal(profiles.profiles[0].users, 2);
	option_profiles_fini(&profiles);
}

static void there_are_as_many_as_promised_and_then_an_answer(void **state)
{
	struct option_profiles profiles;
	uint16_t users[OPTION_PROFILES], late;

	(void)state;
	assert_int_equal(option_profiles_init(&profiles, SOCKET_ID_ANY), 0);
	for (unsigned i = 1; i < OPTION_PROFILES; i++) {
		users[i] = join(&profiles);
		assert_int_equal(set(&profiles, &users[i], PLX_OPTION_SEND_BUFFER, i), 0);
	}
	late = join(&profiles);
	assert_int_equal(set(&profiles, &late, PLX_OPTION_SEND_BUFFER, 99999), -ENOBUFS);
	assert_int_equal(late, 0);
	assert_int_equal(set(&profiles, &late, PLX_OPTION_SEND_BUFFER, 77), 0);
	assert_int_equal(late, users[77]);
	option_profile_release(&profiles, users[33]);
	assert_int_equal(set(&profiles, &late, PLX_OPTION_SEND_BUFFER, 99999), 0);
	assert_int_equal(option_profile_value(&profiles, late, PLX_OPTION_SEND_BUFFER), 99999);
	assert_int_equal(option_profile_value(&profiles, users[77], PLX_OPTION_SEND_BUFFER), 77);
	option_profiles_fini(&profiles);
}

struct user {
	bool is_in;
	uint16_t profile;
	int64_t values[PLX_OPTION_COUNT];
};

struct model {
	struct option_profiles profiles;
	struct user users[USERS]; // number 0 is the room itself, which holds the defaults
	struct random random;
};

// All that users change: a few options and values, so that they meet.
static const enum plx_option changed[] = {PLX_OPTION_NAGLE, PLX_OPTION_DSCP, PLX_OPTION_RETRIES,
					  PLX_OPTION_KEEPALIVE_COUNT};

static bool has_same_values(const struct user *a, const struct user *b)
{
	for (unsigned i = 0; i < RTE_DIM(changed); i++)
		if (a->values[changed[i]] != b->values[changed[i]])
			return false;
	return true;
}

// Users with these values, and how many different profiles there are.
static unsigned count_users(const struct model *m, const struct user *like, unsigned *different)
{
	unsigned same = 0;

	*different = 0;
	for (unsigned i = 0; i < USERS; i++) {
		bool is_first = m->users[i].is_in;

		if (!m->users[i].is_in)
			continue;
		same += has_same_values(&m->users[i], like);
		for (unsigned j = 0; j < i && is_first; j++)
			is_first = !m->users[j].is_in
				|| !has_same_values(&m->users[i], &m->users[j]);
		*different += is_first;
	}
	return same;
}

static void expect_as_in_model(const struct model *m)
{
	unsigned counts[OPTION_PROFILES] = {0};

	for (unsigned i = 0; i < USERS; i++) {
		if (!m->users[i].is_in)
			continue;
		counts[m->users[i].profile]++;
		for (unsigned option = 0; option < PLX_OPTION_COUNT; option++)
			assert_int_equal(option_profile_value(&m->profiles, m->users[i].profile,
							      (enum plx_option)option),
					 m->users[i].values[option]);
	}
	for (unsigned i = 0; i < OPTION_PROFILES; i++)
		assert_int_equal(m->profiles.profiles[i].users, counts[i]);
}

// One in thirty is beyond the bounds.
static struct plx_option_value random_change(struct random *r)
{
	struct plx_option_value change = {changed[random_below(r, RTE_DIM(changed))],
					  random_below(r, 2)};

	if (change.option != PLX_OPTION_NAGLE)
		change.value = 1 + random_below(r, 8);
	if (random_below(r, 30) == 0)
		change.value = 256;
	return change;
}

static void user_changes(struct model *m, struct user *user)
{
	struct plx_option_value changes[CHANGES_MAX];
	unsigned n = random_below(&m->random, CHANGES_MAX + 1), different, same;
	struct user wanted = *user;
	int expected = 0, rc;

	for (unsigned i = 0; i < n; i++) {
		changes[i] = random_change(&m->random);
		wanted.values[changes[i].option] = changes[i].value;
		if (changes[i].value == 256)
			expected = -ERANGE;
	}
	same = count_users(m, &wanted, &different);
	if (expected == 0 && same == 0 && different == OPTION_PROFILES)
		expected = -ENOBUFS;
	rc = option_profile_change(&m->profiles, &wanted.profile, changes, n);
	assert_int_equal(rc, expected);
	if (rc == 0)
		*user = wanted;
	else
		assert_int_equal(wanted.profile, user->profile);
}

// Whoever comes is like somebody who is there.
static void user_comes(struct model *m, struct user *user)
{
	unsigned like = random_below(&m->random, USERS);

	*user = m->users[m->users[like].is_in ? like : 0];
	option_profile_hold(&m->profiles, user->profile);
}

static void random_users_find_what_they_set(void **state)
{
	static struct model m;
	unsigned exhausted = 0;

	(void)state;
	random_init_seed(&m.random, test_seed());
	assert_int_equal(option_profiles_init(&m.profiles, SOCKET_ID_ANY), 0);
	m.users[0].is_in = true;
	memcpy(m.users[0].values, m.profiles.profiles[0].values, sizeof(m.users[0].values));
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct user *user = &m.users[1 + random_below(&m.random, USERS - 1)];
		unsigned different;

		if (!user->is_in) {
			user_comes(&m, user);
		} else if (random_below(&m.random, 8) == 0) {
			option_profile_release(&m.profiles, user->profile);
			user->is_in = false;
		} else {
			user_changes(&m, user);
		}
		if (round % 100 != 0)
			continue;
		expect_as_in_model(&m);
		count_users(&m, user, &different);
		exhausted += different == OPTION_PROFILES;
	}
	assert_true(exhausted > 0);
	option_profiles_fini(&m.profiles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_profile_holds_the_defaults_and_stays),
		cmocka_unit_test(a_change_copies_and_a_change_back_shares),
		cmocka_unit_test(a_change_made_again_finds_its_values_again),
		cmocka_unit_test(an_option_may_be_named_again_and_again),
		cmocka_unit_test(each_option_takes_its_bounds_and_nothing_beyond),
		cmocka_unit_test(the_least_timeout_is_not_above_the_greatest),
		cmocka_unit_test(an_error_changes_nothing),
		cmocka_unit_test(there_are_as_many_as_promised_and_then_an_answer),
		cmocka_unit_test(random_users_find_what_they_set),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/options_profile", tests, NULL, NULL);
}
