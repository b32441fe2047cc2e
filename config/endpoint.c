// SPDX-License-Identifier: BSD-3-Clause
//
// Values that are made of addresses, from text.
// RFC 3986 3.2.2 for the brackets, RFC 4291 2.2 and 2.3 for addresses and prefixes.
// Called by value.c.
#include "config/endpoint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "config/nearest.h"

enum { ENDPOINT_BYTES = 128, HTTP_PORT = 80, ECHO_PORT = 7 };

static const char *const protocols[] = {
#define X(name, text) text,
	CONFIG_PROTOCOL_LIST(X)
#undef X
};

const char *config_protocol_name(enum config_protocol protocol)
{
	return protocols[protocol];
}

int reason_set(char reason[CONFIG_REASON_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, CONFIG_REASON_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

int reason_set_form(char reason[CONFIG_REASON_BYTES], enum config_type type, const char *text)
{
	return reason_set(reason, "\"%s\" is not %s; write %s", text, config_type_noun(type),
			  config_type_text(type));
}

// Copies `len` bytes of text, to be cut apart; false when they are too many to mean anything here.
static bool copy(char buffer[ENDPOINT_BYTES], const char *text, size_t len)
{
	if (len >= ENDPOINT_BYTES)
		return false;
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	return true;
}

// Digits up to `most`; false for anything else.
static bool parse_small(const char *text, unsigned most, unsigned *value)
{
	size_t len = strlen(text);

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	*value = (unsigned)strtoul(text, NULL, 10);
	return *value <= most;
}

int endpoint_parse_address(const char *text, struct plx_addr *field, char *reason)
{
	if (plx_addr_parse(text, field))
		return reason_set_form(reason, CONFIG_TYPE_ADDRESS, text);
	return 0;
}

int endpoint_add_address(const char *text, struct config_addresses *field, char *reason)
{
	struct plx_addr addr;
	char other[PLX_ADDR_TEXT_BYTES];

	if (plx_addr_parse(text, &addr))
		return reason_set_form(reason, CONFIG_TYPE_ADDRESSES, text);
	for (unsigned i = 0; i < field->n; i++)
		if (address_is_same_family(&addr, &field->items[i]))
			return reason_set(reason,
					  "%s is of the same family as %s; give one of each", text,
					  plx_addr_format(&field->items[i], other));
	field->items[field->n++] = addr;
	return 0;
}

// "A" or "A-B" into a first address and a count.
static int parse_range(char *text, struct plx_addr *first, uint32_t *count, char *reason)
{
	char *dash = strchr(text, '-');
	struct plx_addr last;

	if (dash)
		*dash = '\0';
	if (plx_addr_parse(text, first))
		return reason_set_form(reason, CONFIG_TYPE_ADDRESS, text);
	*count = 1;
	if (!dash)
		return 0;
	if (plx_addr_parse(dash + 1, &last))
		return reason_set_form(reason, CONFIG_TYPE_ADDRESS, dash + 1);
	if (!address_is_same_family(first, &last))
		return reason_set(reason,
				  "the range goes from %s to %s; give two addresses of one family",
				  address_family(first), address_family(&last));
	*count = address_count(first, &last);
	if (*count == 0)
		return reason_set(reason,
				  "the range ends before it begins, or is too long; "
				  "write the lower address first");
	return 0;
}

// Cuts "/LENGTH" off `text` and reads it.
static int parse_prefix_len(char *text, enum config_type type, uint8_t *prefix_len, char *reason)
{
	char *slash = strchr(text, '/');
	unsigned most = strchr(text, ':') ? 128 : 32, len = 0;

	if (!slash)
		return reason_set(reason, "\"%s\" has no prefix length; write %s", text,
				  config_type_text(type));
	*slash = '\0';
	if (!parse_small(slash + 1, most, &len))
		return reason_set(reason,
				  "\"%s\" is not the length of an IPv%c prefix; "
				  "give 0 to %u",
				  slash + 1, most == 32 ? '4' : '6', most);
	*prefix_len = (uint8_t)len;
	return 0;
}

int endpoint_parse_prefix(const char *text, struct config_prefix *field, char *reason)
{
	char buffer[ENDPOINT_BYTES];
	struct config_prefix prefix = {.count = 1};
	struct plx_addr network;

	if (!copy(buffer, text, strlen(text)))
		return reason_set_form(reason, CONFIG_TYPE_PREFIX, text);
	if (parse_prefix_len(buffer, CONFIG_TYPE_PREFIX, &prefix.prefix_len, reason))
		return -EINVAL;
	if (plx_addr_parse(buffer, &prefix.first))
		return reason_set_form(reason, CONFIG_TYPE_PREFIX, text);
	network = address_network(&prefix.first, prefix.prefix_len);
	if (!plx_addr_is_equal(&network, &prefix.first))
		return reason_set(reason, "\"%s\" has bits behind its prefix; write %s/%u", text,
				  plx_addr_format(&network, buffer), prefix.prefix_len);
	*field = prefix;
	return 0;
}

// Both ends of the range must be on the link and fit for a host.
static int check_host_range(const struct config_prefix *prefix, char *reason)
{
	struct plx_addr last = address_add(&prefix->first, prefix->count - 1);
	const struct plx_addr *ends[] = {&prefix->first, &last};
	char text[PLX_ADDR_TEXT_BYTES];

	if (!address_is_in_prefix(&last, &prefix->first, prefix->prefix_len))
		return reason_set(reason,
				  "the range leaves its prefix of %u bits; "
				  "shorten the range or the prefix",
				  prefix->prefix_len);
	for (unsigned i = 0; i < 2; i++) {
		const char *why = address_why_unfit(ends[i], prefix->prefix_len);

		if (why)
			return reason_set(reason, "%s is %s; give the address of a host",
					  plx_addr_format(ends[i], text), why);
	}
	return 0;
}

int endpoint_add_prefix(const char *text, struct config_prefixes *field, char *reason)
{
	char buffer[ENDPOINT_BYTES];
	struct config_prefix prefix;

	if (field->n == CONFIG_ADDRESSES_MAX)
		return reason_set(reason, "is the %uth; join some into ranges, %u are the most",
				  field->n + 1, CONFIG_ADDRESSES_MAX);
	if (!copy(buffer, text, strlen(text)))
		return reason_set_form(reason, CONFIG_TYPE_PREFIXES, text);
	if (parse_prefix_len(buffer, CONFIG_TYPE_PREFIXES, &prefix.prefix_len, reason)
	    || parse_range(buffer, &prefix.first, &prefix.count, reason)
	    || check_host_range(&prefix, reason))
		return -EINVAL;
	field->items[field->n++] = prefix;
	return 0;
}

int endpoint_parse_range(const char *text, struct config_range *field, char *reason)
{
	char buffer[ENDPOINT_BYTES];
	struct config_range range;

	if (!copy(buffer, text, strlen(text)))
		return reason_set_form(reason, CONFIG_TYPE_RANGE, text);
	if (parse_range(buffer, &range.first, &range.count, reason))
		return -EINVAL;
	*field = range;
	return 0;
}

// "80" or "80-89"
static int parse_ports(char *text, struct config_ports *ports, char *reason)
{
	char *dash = strchr(text, '-');
	unsigned first, last;

	if (dash)
		*dash = '\0';
	if (!parse_small(text, UINT16_MAX, &first) || first == 0)
		return reason_set(reason, "\"%s\" is not a port; give 1 to 65535", text);
	last = first;
	if (dash && (!parse_small(dash + 1, UINT16_MAX, &last) || last == 0))
		return reason_set(reason, "\"%s\" is not a port; give 1 to 65535", dash + 1);
	if (last < first)
		return reason_set(reason,
				  "ports %u-%u end before they begin; "
				  "write the lower one first",
				  first, last);
	*ports = (struct config_ports){(uint16_t)first, (uint16_t)last};
	return 0;
}

// Cuts "ADDR", "[ADDR]", either with ":PORTS", apart. False when the brackets do not match or an
// IPv6 address has none. `ports` is NULL when there are none.
static bool split_authority(char *text, char **addr, char **ports)
{
	char *end;

	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || !strchr(text, ':') || (end[1] != '\0' && end[1] != ':'))
			return false;
		*addr = text + 1;
		*ports = end[1] ? end + 2 : NULL;
		*end = '\0';
		return strchr(*addr, ':') != NULL;
	}
	end = strchr(text, ':');
	if (end && strchr(end + 1, ':'))
		return false;
	*addr = text;
	*ports = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return true;
}

static int parse_authority(char *text, struct plx_addr *addr, struct config_ports *ports,
			   char *reason)
{
	char *addr_text, *ports_text;

	if (!split_authority(text, &addr_text, &ports_text))
		return reason_set(reason,
				  "\"%s\" is ambiguous; write an IPv6 address in brackets, "
				  "as [fd00::2]:80",
				  text);
	if (strcmp(addr_text, "*") == 0)
		*addr = (struct plx_addr){0};
	else if (plx_addr_parse(addr_text, addr))
		return reason_set(reason,
				  "\"%s\" is not an IP address; names are not resolved, "
				  "write the address",
				  addr_text);
	if (!ports_text)
		return ports->first ? 0
				    : reason_set(reason, "has no port; write %s",
						 config_type_text(CONFIG_TYPE_LISTEN));
	return parse_ports(ports_text, ports, reason);
}

static int parse_protocol(const char *text, enum config_protocol *protocol, char *reason)
{
	struct nearest nearest;

	nearest_init(&nearest, text);
	for (unsigned i = 0; i < CONFIG_PROTOCOL_COUNT; i++) {
		if (strcmp(text, protocols[i]) == 0) {
			*protocol = (enum config_protocol)i;
			return 0;
		}
		nearest_offer(&nearest, protocols[i]);
	}
	if (nearest.word)
		return reason_set(reason, "unknown protocol \"%s\"; did you mean \"%s\"?", text,
				  nearest.word);
	return reason_set(reason, "unknown protocol \"%s\"; give one of" CONFIG_PROTOCOLS, text);
}

int endpoint_parse_listen(const char *text, struct config_listen *field, char *reason)
{
	char buffer[ENDPOINT_BYTES];
	struct config_listen listen = {0};
	char *colon;

	if (!copy(buffer, text, strlen(text)) || !(colon = strchr(buffer, ':')))
		return reason_set_form(reason, CONFIG_TYPE_LISTEN, text);
	*colon = '\0';
	if (parse_protocol(buffer, &listen.protocol, reason)
	    || parse_authority(colon + 1, &listen.addr, &listen.ports, reason))
		return -EINVAL;
	*field = listen;
	return 0;
}

// What is asked for (RFC 9112 3.2.1): printable, from a slash on.
static int parse_path(const char *path, char *field, char *reason)
{
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c > '~')
			return reason_set(reason,
					  "the path has a character that no URL has; "
					  "write it as %%%02X",
					  (unsigned char)*c);
	if (*path != '\0' && *path != '/')
		return reason_set(reason, "the path begins with \"%c\"; put a / before it", *path);
	if (strchr(path, '#'))
		return reason_set(reason, "has a fragment, which is never sent; leave it out");
	if (strlen(path) >= CONFIG_TARGET_PATH_BYTES)
		return reason_set(reason, "the path has %zu bytes; shorten it to %d", strlen(path),
				  CONFIG_TARGET_PATH_BYTES - 1);
	strcpy(field, *path ? path : "/");
	return 0;
}

// What can be asked for, with the port that it has unless another is given.
static bool parse_scheme(const char *text, struct config_target *target, const char **authority)
{
	static const struct {
		const char *text;
		enum config_protocol protocol;
		uint16_t port;
	} schemes[] = {
		{"http://", CONFIG_PROTOCOL_HTTP, HTTP_PORT},
		{"echo://", CONFIG_PROTOCOL_ECHO, ECHO_PORT},
	};

	for (unsigned i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].text);

		if (strncmp(text, schemes[i].text, len) != 0)
			continue;
		target->protocol = schemes[i].protocol;
		target->ports = (struct config_ports){schemes[i].port, schemes[i].port};
		*authority = text + len;
		return true;
	}
	return false;
}

int endpoint_parse_target(const char *text, struct config_target *field, char *reason)
{
	char buffer[ENDPOINT_BYTES];
	struct config_target target = {0};
	const char *authority, *path;

	if (!parse_scheme(text, &target, &authority))
		return reason_set_form(reason, CONFIG_TYPE_TARGET, text);
	path = authority + strcspn(authority, "/?#");
	if (!copy(buffer, authority, (size_t)(path - authority)) || path == authority)
		return reason_set_form(reason, CONFIG_TYPE_TARGET, text);
	if (parse_authority(buffer, &target.addr, &target.ports, reason))
		return -EINVAL;
	if (target.protocol != CONFIG_PROTOCOL_HTTP && *path)
		return reason_set(reason, "an %s has no path; leave \"%s\" out",
				  config_protocol_name(target.protocol), path);
	if (target.protocol == CONFIG_PROTOCOL_HTTP && parse_path(path, target.path, reason))
		return -EINVAL;
	if (plx_addr_is_any(&target.addr))
		return reason_set(reason, "asks no address in particular; name the server's");
	*field = target;
	return 0;
}
