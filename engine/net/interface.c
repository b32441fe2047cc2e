// SPDX-License-Identifier: BSD-3-Clause
//
// The configured addresses checked and laid out twice: as ranges in order, to ask "is it ours?",
// and as configured, to choose a source (RFC 6724). What is no host's address is refused (RFC 1122
// 3.2.1.3). Called by net_create(), and by everybody who judges an address.
#include "net/interface.h"

#include "net/net.h"
#include "wire/addr.h"

enum {
	MTU_IPV4_MIN_BYTES = 576,
	MTU_IPV6_MIN_BYTES = 1280, // RFC 8200 5
	MTU_MAX_BYTES = 9000,
	VLAN_MAX = 4094,
	ADDRESSES_CONFIGURED_MAX = INTERFACE_ADDRESSES_MAX - 1,
	PREFIX_IPV4_POINT_TO_POINT = 31, // RFC 3021: no broadcast address from here on
	SUFFIX_MASK = 0xffffff,		 // what a solicited-node group tells of an address
};

struct plx_addr address_after(const struct plx_addr *addr, uint32_t offset)
{
	struct plx_addr after = *addr;
	uint64_t low = htobe64(address_low(addr) + offset);

	memcpy(after.bytes + sizeof(low), &low, sizeof(low));
	return after;
}

bool address_is_unicast(const struct plx_addr *addr)
{
	bool is_zero_net = plx_addr_is_ipv4(addr) && addr->bytes[ADDR_IPV4_OFFSET] == 0;

	return !is_zero_net && !addr_is_unspecified(addr) && !addr_is_multicast(addr)
		&& !addr_is_loopback(addr) && !addr_is_ipv4_broadcast(addr);
}

static uint32_t ipv4_broadcast(const struct interface_address *address)
{
	uint32_t host_bits = (uint32_t)(UINT64_C(0xffffffff) >> address->prefix_len);

	return (uint32_t)address_low(&address->addr) | host_bits;
}

static bool has_broadcast(const struct interface_address *address)
{
	return address->is_ipv4 && address->prefix_len < PREFIX_IPV4_POINT_TO_POINT;
}

static const char *check_address(const struct interface_address *address)
{
	struct plx_addr last = address_after(&address->addr, address->count - 1);

	if (!address_is_unicast(&address->addr) || !address_is_unicast(&last))
		return "addresses: an address is unspecified, loopback, multicast or broadcast; "
		       "give one that a host can have";
	if (address->prefix_len > (address->is_ipv4 ? 32 : 128))
		return "addresses: prefix_len is longer than the address; give 0 to 32 for IPv4, "
		       "0 to 128 for IPv6";
	if (address_low(&last) < address_low(&address->addr)
	    || !addr_in_prefix(&last, &address->addr, address->prefix_len))
		return "addresses: a range goes past its prefix; lower count or prefix_len";
	if (has_broadcast(address) && (uint32_t)address_low(&last) == ipv4_broadcast(address))
		return "addresses: the broadcast address of its own prefix is among them; lower "
		       "count, or change addr or prefix_len";
	return NULL;
}

// Keeps `ranges` in order.
static bool add_range(struct interface *interface, const struct interface_address *address)
{
	struct address_range range = {
		.high = address_high(&address->addr),
		.first = address_low(&address->addr),
		.span = address->count - 1,
	};
	struct address_range *ranges = interface->ranges;
	unsigned at = interface->n_ranges;

	for (unsigned i = 0; i < interface->n_ranges; i++)
		if (ranges[i].high == range.high && ranges[i].first <= range.first + range.span
		    && range.first <= ranges[i].first + ranges[i].span)
			return false;
	for (; at > 0
	     && (ranges[at - 1].high > range.high
		 || (ranges[at - 1].high == range.high && ranges[at - 1].first > range.first));
	     at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = range;
	interface->n_ranges++;
	if (address->is_ipv4)
		interface->ipv4_ranges[interface->n_ipv4_ranges++] =
			(struct ipv4_range){(uint32_t)range.first, (uint32_t)range.span};
	return true;
}

static void add_broadcast(struct interface *interface, uint32_t broadcast)
{
	for (unsigned i = 0; i < interface->n_broadcasts; i++)
		if (interface->broadcasts[i] == broadcast)
			return;
	interface->broadcasts[interface->n_broadcasts++] = broadcast;
}

static const char *add_address(struct interface *interface, const struct plx_address *configured)
{
	struct interface_address *address = &interface->addresses[interface->n_addresses];
	const char *wrong;

	*address = (struct interface_address){
		.addr = configured->addr,
		.count = configured->count == 0 ? 1 : configured->count,
		.prefix_len = configured->prefix_len,
		.is_ipv4 = plx_addr_is_ipv4(&configured->addr),
	};
	wrong = check_address(address);
	if (wrong != NULL)
		return wrong;
	if (!add_range(interface, address))
		return "addresses: two of them overlap; name each address once";
	if (has_broadcast(address))
		add_broadcast(interface, ipv4_broadcast(address));
	if (!address->is_ipv4)
		interface->has_ipv6 = true;
	interface->n_addresses++;
	return NULL;
}

// DEVIATION RFC 4862 5.4: no duplicate address detection. Addresses are the operator's word, and a
// stack answers from its first poll on; a duplicate shows as ADDRESS_CONFLICTS.
static void add_link_local(struct interface *interface)
{
	const struct plx_address link_local = {
		.addr = addr_link_local_of_mac(&interface->mac),
		.prefix_len = 64,
	};

	// Refused only when it was configured by hand, which is as good.
	add_address(interface, &link_local);
}

static const char *check_link(const struct plx_stack_config *config)
{
	static const struct mac_addr zero;
	struct mac_addr mac;

	if (config->link == PLX_LINK_IP)
		return NULL;
	if (config->link != PLX_LINK_ETHERNET)
		return "link: unknown; give PLX_LINK_ETHERNET or PLX_LINK_IP";
	memcpy(&mac, config->mac, sizeof(mac));
	if (mac_is_equal(&mac, &zero) || mac_is_multicast(&mac))
		return "mac: zero or a group address; give the port's own MAC address";
	if (config->vlan > VLAN_MAX)
		return "vlan: no VLAN identifier; give 1 to 4094, or 0 for untagged frames";
	if (config->outer_vlan > VLAN_MAX)
		return "outer_vlan: no VLAN identifier; give 1 to 4094, or 0 for one tag or none";
	if (config->outer_vlan != 0 && config->vlan == 0)
		return "outer_vlan: there is no inner one; give vlan too";
	return NULL;
}

static const char *check_mtu(const struct interface *interface)
{
	if (interface->mtu_bytes > MTU_MAX_BYTES)
		return "mtu_bytes: too large; give at most 9000";
	if (interface->mtu_bytes < MTU_IPV4_MIN_BYTES)
		return "mtu_bytes: too small; give at least 576";
	if (interface->has_ipv6 && interface->mtu_bytes < MTU_IPV6_MIN_BYTES)
		return "mtu_bytes: too small for IPv6; give at least 1280, or IPv4 addresses only";
	return NULL;
}

const char *interface_init(struct interface *interface, const struct plx_stack_config *config)
{
	const char *wrong = check_link(config);

	if (wrong != NULL)
		return wrong;
	if (config->n_addresses == 0 || config->addresses == NULL)
		return "addresses: there are none; give at least one";
	if (config->n_addresses > ADDRESSES_CONFIGURED_MAX)
		return "n_addresses: too many; give at most 64, with count for a range";

	*interface = (struct interface){
		.has_ethernet = config->link == PLX_LINK_ETHERNET,
		.mtu_bytes = config->mtu_bytes,
	};
	if (interface->has_ethernet) {
		memcpy(&interface->mac, config->mac, sizeof(interface->mac));
		interface->mac_word = mac_word_of(&interface->mac);
		interface->is_untagged = config->vlan == 0 && config->outer_vlan == 0;
		interface->vlan = config->vlan;
		interface->outer_vlan = config->outer_vlan;
		interface->l2_bytes = ETH_HEADER_BYTES + VLAN_TAG_BYTES * (config->vlan != 0)
			+ VLAN_TAG_BYTES * (config->outer_vlan != 0);
	}
	add_broadcast(interface, UINT32_MAX);
	for (unsigned i = 0; i < config->n_addresses; i++) {
		wrong = add_address(interface, &config->addresses[i]);
		if (wrong != NULL)
			return wrong;
	}
	if (interface->has_ipv6 && interface->has_ethernet)
		add_link_local(interface);
	return check_mtu(interface);
}

// The last range that does not begin behind the address is the only one that can hold it.
bool interface_search(const struct interface *interface, uint64_t high, uint64_t low)
{
	unsigned from = 0, to = interface->n_ranges;

	while (to - from > 1) {
		unsigned middle = (from + to) / 2;
		const struct address_range *range = &interface->ranges[middle];

		if (range->high < high || (range->high == high && range->first <= low))
			from = middle;
		else
			to = middle;
	}
	return address_range_has(&interface->ranges[from], high, low);
}

bool interface_has_address(const struct net *net, const struct plx_addr *addr)
{
	return interface_owns(&net->interface, addr);
}

bool interface_is_broadcast(const struct net *net, const struct plx_addr *addr)
{
	return plx_addr_is_ipv4(addr)
		&& interface_has_broadcast(&net->interface, (uint32_t)address_low(addr));
}

// RFC 6724 5: a source of the destination's scope (rule 2) counts for more than one on the next
// hop's prefix, which stands for rule 8; among equals the first configured is taken.
const struct plx_addr *interface_source_for(const struct net *net, const struct plx_addr *remote)
{
	const struct interface *interface = &net->interface;
	bool is_ipv4 = plx_addr_is_ipv4(remote);
	const struct plx_addr *best = NULL;
	struct plx_addr next_hop;
	int best_score = -1;

	if (!route_next_hop(net, remote, &next_hop))
		return NULL;
	for (unsigned i = 0; i < interface->n_addresses; i++) {
		const struct interface_address *own = &interface->addresses[i];
		bool same_scope = addr_is_link_local_ipv6(&own->addr)
			== addr_is_link_local_ipv6(remote);
		bool same_prefix = addr_in_prefix(&next_hop, &own->addr, own->prefix_len);
		int score = 2 * same_scope + same_prefix;

		if (own->is_ipv4 == is_ipv4 && score > best_score) {
			best = &own->addr;
			best_score = score;
		}
	}
	return best;
}

// Does an address of ours end in these 24 bits?
static bool has_suffix(const struct interface *interface, uint32_t suffix)
{
	for (unsigned i = 0; i < interface->n_addresses; i++) {
		const struct interface_address *own = &interface->addresses[i];
		uint32_t distance = (suffix - (uint32_t)address_low(&own->addr)) & SUFFIX_MASK;

		if (!own->is_ipv4 && distance < own->count)
			return true;
	}
	return false;
}

bool interface_has_group(const struct interface *interface, const struct plx_addr *group)
{
	static const struct plx_addr all_nodes = {{0xff, 0x02, [15] = 0x01}};
	struct plx_addr solicited = addr_solicited_node_multicast(group);

	if (!interface->has_ipv6)
		return false;
	if (plx_addr_is_equal(group, &all_nodes))
		return true;
	return plx_addr_is_equal(group, &solicited)
		&& has_suffix(interface, (uint32_t)address_low(group) & SUFFIX_MASK);
}

bool interface_has_group_mac(const struct interface *interface, const struct mac_addr *mac)
{
	// RFC 2464 7: 33:33 and the last four bytes of a group, of which ours have two kinds.
	struct plx_addr group = {{0xff, 0x02}};

	if (mac->bytes[0] != 0x33 || mac->bytes[1] != 0x33)
		return false;
	if (mac->bytes[2] == 0xff)
		group.bytes[11] = 0x01;
	memcpy(group.bytes + 12, mac->bytes + 2, 4);
	return interface_has_group(interface, &group);
}
