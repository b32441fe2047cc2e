// SPDX-License-Identifier: BSD-3-Clause
//
// Packets to be cut into fragments: the peer's next segment, its pieces, and the stream that goes on.
// Called by the fragment tests of this folder.
#include "script/fragment_packets.h"

static size_t link_bytes(const struct fixture *f)
{
	if (f->config.link != PLX_LINK_ETHERNET)
		return 0;
	return f->config.vlan == 0 ? ETH_HEADER_BYTES : ETH_HEADER_BYTES + VLAN_TAG_BYTES;
}

void packet_set_places(struct fixture *f, struct packet *p)
{
	static uint32_t id;

	p->l3_bytes = link_bytes(f);
	p->l4_bytes = p->l3_bytes + (f->variant->is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
	p->id = ++id;
}

struct packet packet_of_next_segment(struct fixture *f, uint32_t payload_bytes)
{
	struct seg seg = SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->rcv_nxt, .ack = f->snd_nxt,
			     .wnd = FIXTURE_PEER_WND, .len = payload_bytes);
	struct packet p;

	p.len_bytes = seg_build(p.bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	packet_set_places(f, &p);
	return p;
}

uint32_t packet_transport_bytes(const struct packet *p)
{
	return (uint32_t)(p->len_bytes - p->l4_bytes);
}

void piece_arrives(struct fixture *f, const struct packet *p, struct piece piece)
{
	uint8_t bytes[FRAGMENT_FRAME_MAX_BYTES];

	frame_arrives(f, bytes, fragment_build(bytes, p->bytes, p->l3_bytes, p->id, piece));
}

void pieces_arrive(struct fixture *f, const struct packet *p, const struct piece *pieces,
		   unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		piece_arrives(f, p, pieces[i]);
}

uint64_t fragments_held(struct fixture *f)
{
	return stats_of(f).frames_held;
}

void expect_taken(struct fixture *f, uint32_t payload_bytes)
{
	f->rcv_nxt += payload_bytes;
	user_receives(f, payload_bytes);
	forget_events(f);
	advance(f, 200); // an acknowledgement may be delayed
	assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt);
	assert_true(f->n_outputs > 0);
	assert_int_equal(f->outputs[f->n_outputs - 1].frame.tcp.ack, f->rcv_nxt);
	forget_output(f);
	assert_int_equal(fragments_held(f), 0);
}

void expect_unharmed(struct fixture *f)
{
	struct packet p = packet_of_next_segment(f, PAYLOAD_MIN_BYTES);

	frame_arrives(f, p.bytes, p.len_bytes);
	f->rcv_nxt += PAYLOAD_MIN_BYTES;
	user_receives(f, PAYLOAD_MIN_BYTES);
	advance(f, 200);
	forget_output(f);
	forget_events(f);
}

void expect_all_given_up(struct fixture *f)
{
	advance(f, FRAGMENT_TIME_MS + FRAGMENT_TIME_MS / LATEST_SHARE + 1);
	assert_int_equal(fragments_held(f), 0);
}
