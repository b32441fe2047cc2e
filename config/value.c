// SPDX-License-Identifier: BSD-3-Clause
//
// Text to value for every type of types.def, and numbers back to text.
// A value that does not parse is answered with a sentence that shows how it is written.
// Called by config_set, for files and options alike.
#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pollux/option.h>

#include "config/endpoint.h"
#include "config/units.h"

static const struct unit *units_of(enum config_type type)
{
	switch (type) {
	case CONFIG_TYPE_COUNT:
	case CONFIG_TYPE_RATE:
		return units_count;
	case CONFIG_TYPE_BITRATE:
		return units_bits;
	case CONFIG_TYPE_SIZE:
		return units_size;
	case CONFIG_TYPE_TIME:
		return units_time;
	case CONFIG_TYPE_SHARE:
		return units_share;
	default:
		return units_none;
	}
}

const char *config_value_format(enum config_type type, uint64_t value, char text[32])
{
	return units_format(units_of(type), value, text);
}

static int parse_number(const struct config_key_info *key, const char *text, uint64_t *field,
			char *reason)
{
	char least[32], greatest[32];
	uint64_t value = 0;
	int error = units_parse(units_of(key->type), text, &value);

	if (error == -EINVAL)
		return reason_set_form(reason, key->type, text);
	config_value_format(key->type, key->least, least);
	config_value_format(key->type, key->greatest, greatest);
	if (error || value < key->least || value > key->greatest)
		return reason_set(reason, "%s is out of range; give %s to %s", text, least,
				  greatest);
	*field = value;
	return 0;
}

// Words that stand for numbers, each for its place; a list ends with NULL.
static const char *const words_switch[] = {"no", "yes", NULL};
static const char *const words_cookies[] = {"auto", "always", "never", NULL};

// In the order of enum plx_ecn.
static const char *const words_ecn[] = {"never", "ask", "agree", NULL};

static int parse_word(const struct config_key_info *key, const char *const *words, const char *text,
		      uint64_t *field, char *reason)
{
	for (uint64_t i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0) {
			*field = i;
			return 0;
		}
	return reason_set_form(reason, key->type, text);
}

static int parse_congestion(const char *text, uint64_t *field, char *reason)
{
	int index = plx_congestion_index(text);

	if (index < 0)
		return reason_set_form(reason, CONFIG_TYPE_CONGESTION, text);
	*field = (uint64_t)index;
	return 0;
}

static int parse_name(const struct config_key_info *key, const char *text, char *field,
		      char *reason)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(text);

	if (len == 0 || len >= key->size || strspn(text, letters) != len)
		return reason_set_form(reason, key->type, text);
	memcpy(field, text, len + 1);
	return 0;
}

static int parse_text(const struct config_key_info *key, const char *text, char *field,
		      char *reason)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			return reason_set(reason,
					  "has a control character; write one line of text");
	if (len == 0)
		return reason_set(reason, "is empty; leave it out, or give it a value");
	if (len >= key->size)
		return reason_set(reason, "has %zu bytes; shorten it to %zu", len, key->size - 1);
	memcpy(field, text, len + 1);
	return 0;
}

static int parse_mac(const char *text, struct config_mac *field, char *reason)
{
	struct config_mac mac;
	int end = 0;
	uint8_t *b = mac.bytes;

	if (strlen(text) != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17
	    || sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &b[0], &b[1], &b[2], &b[3],
		      &b[4], &b[5], &end)
		    != 6
	    || end != 17)
		return reason_set_form(reason, CONFIG_TYPE_MAC, text);
	if (b[0] & 1)
		return reason_set(reason, "%s is a multicast address; give one of a station", text);
	if (memcmp(&mac, &(struct config_mac){0}, sizeof(mac)) == 0)
		return reason_set(reason, "%s is no station's address; give one of a station",
				  text);
	*field = mac;
	return 0;
}

int config_value_parse(const struct config_key_info *key, const char *text, void *field,
		       char reason[CONFIG_REASON_BYTES])
{
	switch (key->type) {
	case CONFIG_TYPE_NAME:
		return parse_name(key, text, field, reason);
	case CONFIG_TYPE_DEVICE:
	case CONFIG_TYPE_FOLDER:
		return parse_text(key, text, field, reason);
	case CONFIG_TYPE_SWITCH:
		return parse_word(key, words_switch, text, field, reason);
	case CONFIG_TYPE_COOKIES:
		return parse_word(key, words_cookies, text, field, reason);
	case CONFIG_TYPE_ECN:
		return parse_word(key, words_ecn, text, field, reason);
	case CONFIG_TYPE_CONGESTION:
		return parse_congestion(text, field, reason);
	case CONFIG_TYPE_MAC:
		return parse_mac(text, field, reason);
	case CONFIG_TYPE_ADDRESS:
		return endpoint_parse_address(text, field, reason);
	case CONFIG_TYPE_ADDRESSES:
		return endpoint_add_address(text, field, reason);
	case CONFIG_TYPE_PREFIX:
		return endpoint_parse_prefix(text, field, reason);
	case CONFIG_TYPE_PREFIXES:
		return endpoint_add_prefix(text, field, reason);
	case CONFIG_TYPE_RANGE:
		return endpoint_parse_range(text, field, reason);
	case CONFIG_TYPE_LISTEN:
		return endpoint_parse_listen(text, field, reason);
	case CONFIG_TYPE_TARGET:
		return endpoint_parse_target(text, field, reason);
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_MAP:
		return reason_set(reason, "is made of keys; it cannot be one value");
	default:
		return parse_number(key, text, field, reason);
	}
}
