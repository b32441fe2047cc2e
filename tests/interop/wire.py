# SPDX-License-Identifier: BSD-3-Clause
"""The wire as an attacker would like to see it: every frame on Linux' interface, and frames of his own.

To be used inside the namespace. Connection is one of Linux' own TCP, with its numbers as they are
on the wire; HandPeer is a TCP of a host that is not there, whose every segment is written by hand.
"""

import random
import socket
import struct
import time

from scapy.all import IP, TCP, Ether, ICMP, IPv6, Raw
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig

import interop

ECHO = 7
HAND = {4: "198.18.0.77", 6: "fd00::77"}  # the server has a static neighbour for it
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER_BYTES = 32 << 20
MODULO = 1 << 32
QUIET_S = 0.12  # more than a delayed acknowledgement
SILENCE_S = 0.15
ANSWER_S = 3
BURST_FRAMES = 50
BURST_PAUSE_S = 0.001
CHECKSUM_AT = 16  # in a TCP header
SEQ_AT = 4
ACK_AT = 8


def is_after(a, b):
    """Sequence numbers, modulo 2^32."""
    return 0 < (a - b) % MODULO < MODULO // 2


class Segment:
    """A TCP segment as it was on the wire."""

    def __init__(self, frame, is_outgoing):
        self.is_outgoing = is_outgoing
        self.tcp = frame[TCP]
        self.frame = frame
        ip = frame[IP] if IP in frame else frame[IPv6]
        self.packet_bytes = ip.len if IP in frame else ip.plen + 40
        header_bytes = (ip.ihl * 4 if IP in frame else 40) + self.tcp.dataofs * 4
        self.payload = bytes(self.tcp.payload)[: self.packet_bytes - header_bytes]
        self.flags = str(self.tcp.flags)
        self.seq = self.tcp.seq
        self.ack = self.tcp.ack
        self.next_seq = (self.seq + len(self.payload) + ("S" in self.flags) + ("F" in self.flags)) % MODULO

    def option(self, name, otherwise=None):
        """The value of a TCP option."""
        return dict(self.tcp.options).get(name, otherwise)

    def __repr__(self):
        return f"<{self.flags} seq={self.seq} ack={self.ack} len={len(self.payload)}>"


class Wire:
    """A raw socket on Linux' interface, in one family."""

    def __init__(self, interface, server_mac, family):
        self.server_mac = server_mac
        self.family = family
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.socket.bind((interface, 0))

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.socket.close()

    def packet(self, source, *layers):
        """A frame from somebody to the server."""
        network = IP if self.family == 4 else IPv6
        frame = Ether(src=interop.LINUX_MAC, dst=self.server_mac)
        frame /= network(src=source, dst=interop.OURS[self.family])
        for layer in layers:
            frame /= layer
        return frame

    def send(self, frame):
        """Puts a frame on the wire."""
        self.socket.send(bytes(frame))

    def send_many(self, template, changes):
        """Sends a segment again and again with other numbers: pairs of (seq, ack)."""
        frame = bytearray(bytes(template))
        at = 14 + (20 if self.family == 4 else 40)
        for i, (seq, ack) in enumerate(changes):
            numbers = struct.pack("!II", seq % MODULO, ack % MODULO)
            total = 0xFFFF ^ struct.unpack_from("!H", frame, at + CHECKSUM_AT)[0]
            # RFC 1624: HC' = ~(~HC + ~m + m')
            total += sum(0xFFFF ^ word for word in struct.unpack_from("!4H", frame, at + SEQ_AT))
            total += sum(struct.unpack("!4H", numbers))
            while total > 0xFFFF:
                total = (total & 0xFFFF) + (total >> 16)
            frame[at + SEQ_AT : at + ACK_AT + 4] = numbers
            struct.pack_into("!H", frame, at + CHECKSUM_AT, 0xFFFF ^ total)
            self.socket.send(frame)
            if i % BURST_FRAMES == BURST_FRAMES - 1:
                time.sleep(BURST_PAUSE_S)

    def segments(self, port, timeout_s):
        """TCP segments from and to a port of ours, until none has come for so long."""
        end = time.monotonic() + timeout_s
        wanted = struct.pack("!H", port)
        ports_at = 14 + (20 if self.family == 4 else 40)
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, address = self.socket.recvfrom(65536)
            except TimeoutError:
                return
            if wanted not in (data[ports_at : ports_at + 2], data[ports_at + 2 : ports_at + 4]):
                continue
            frame = Ether(data)
            if TCP in frame and port in (frame[TCP].sport, frame[TCP].dport):
                yield Segment(frame, address[2] == socket.PACKET_OUTGOING)
                end = time.monotonic() + timeout_s

    def unreachable(self, quoted, code):
        """An ICMP "destination unreachable" from the quoted packet's destination."""
        if self.family == 4:
            return self.packet(quoted.dst, ICMP(type=3, code=code), quoted)
        return self.packet(quoted.dst, ICMPv6DestUnreach(code=code), quoted)

    def too_big(self, quoted, mtu):
        """An ICMP "packet too big"."""
        if self.family == 4:
            return self.packet(quoted.dst, ICMP(type=3, code=4, nexthopmtu=mtu), quoted)
        return self.packet(quoted.dst, ICMPv6PacketTooBig(mtu=mtu), quoted)

    def quote(self, peer, peer_port, server_port, seq):
        """The beginning of a packet of the server's, as a router quotes it."""
        network = IP if self.family == 4 else IPv6
        segment = TCP(sport=server_port, dport=peer_port, seq=seq, flags="A")
        return network(src=interop.OURS[self.family], dst=peer) / segment


class Endpoint:
    """What Connection and HandPeer have in common: the server's numbers, and attacks on them."""

    def __init__(self, wire, address, port, server_port):
        self.wire = wire
        self.address = address
        self.port = port
        self.server_port = server_port
        self.rcv_nxt = self.snd_nxt = self.snd_una = 0  # the server's
        self.window = 0
        self.max_snd_wnd = 0
        self.ts_val = 0  # of this end
        self.shift = {True: 0, False: 0}

    def learn(self, segment):
        """Follows the numbers."""
        is_syn = "S" in segment.flags
        if is_syn:
            self.shift[segment.is_outgoing] = segment.option("WScale", 0)
        window = segment.tcp.window << (0 if is_syn else self.shift[segment.is_outgoing])
        if segment.is_outgoing:
            self.max_snd_wnd = max(self.max_snd_wnd, window)
            self.snd_una = segment.ack
            self.ts_val = segment.option("Timestamp", (0, 0))[0]
        else:
            if is_syn or is_after(segment.next_seq, self.snd_nxt):
                self.snd_nxt = segment.next_seq
            self.rcv_nxt = segment.ack
            self.window = window

    def settle(self):
        """Reads until all is quiet; the numbers are those of now."""
        for segment in self.wire.segments(self.port, QUIET_S):
            self.learn(segment)

    def segment(self, payload=b"", **fields):
        """A segment that seems to come from this end."""
        fields.setdefault("window", 1000)
        tcp = TCP(sport=self.port, dport=self.server_port, **fields)
        return self.wire.packet(self.address, tcp, Raw(payload))

    def forge(self, payload=b"", **fields):
        """Sends such a segment."""
        self.wire.send(self.segment(payload, **fields))

    def answers(self, timeout_s=SILENCE_S):
        """What the server sends until it is silent."""
        return [s for s in self.wire.segments(self.port, timeout_s) if not s.is_outgoing]

    def expect_silence(self, what):
        """Nothing comes."""
        answers = self.answers()
        assert not answers, f"{what}: answered by {answers}"

    def expect_challenge(self, what):
        """One acknowledgement with the numbers of now comes, and nothing else."""
        self.expect_challenge_in(self.answers(), what)

    def expect_challenge_in(self, answers, what):
        """The same in what was read already."""
        assert len(answers) == 1, f"{what}: {answers or 'silence'} where a challenge ACK was due"
        got = answers[0]
        fits = got.flags == "A" and not got.payload
        fits = fits and (got.seq, got.ack) == (self.snd_nxt, self.rcv_nxt)
        assert fits, f"{what}: {got} is no challenge ACK of {self.snd_nxt}, {self.rcv_nxt}"

    def quote(self, seq):
        """A segment of the server's to this end, as a router quotes it."""
        return self.wire.quote(self.address, self.port, self.server_port, seq)


class Connection(Endpoint):
    """A connection of Linux' own TCP to the server's echo."""

    def __init__(self, wire):
        target = (interop.OURS[wire.family], ECHO)
        self.socket = socket.create_connection(target, timeout=ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = self.socket.getsockname()[1]
        super().__init__(wire, interop.LINUX[wire.family], port, ECHO)

    def __enter__(self):
        self.exchange()
        return self

    def __exit__(self, *failure):
        self.socket.close()

    def exchange(self, length=1000):
        """Random bytes go and come back as they were."""
        data = random.randbytes(length)
        self.socket.sendall(data)
        came = b""
        while len(came) < length:
            part = self.socket.recv(length - len(came))
            assert part, f"closed after {len(came)} bytes of {length}"
            came += part
        assert came == data, "bytes came back changed"

    def expect_alive(self):
        """It still carries data, and no more than that."""
        for _ in range(3):
            self.exchange()
        self.socket.settimeout(SILENCE_S)
        try:
            extra = self.socket.recv(1)
            raise AssertionError(f"{extra} came from nowhere")
        except TimeoutError:
            self.socket.settimeout(ANSWER_S)


class HandPeer(Endpoint):
    """A peer whose segments are written by hand, connected to the server's echo."""

    port_count = 0

    def __init__(self, wire, mss):
        HandPeer.port_count += 1
        port = 20000 + random.randrange(10000) + HandPeer.port_count
        super().__init__(wire, HAND[wire.family], port, ECHO)
        self.mss = mss

    def __enter__(self):
        isn = random.randrange(MODULO)
        self.forge(flags="S", seq=isn, window=65535, options=[("MSS", self.mss)])
        syn_ack = self.receive(lambda s: s.flags == "SA", "SYN+ACK")
        assert syn_ack.ack == (isn + 1) % MODULO, f"{syn_ack} does not acknowledge {isn}"
        self.max_snd_wnd = 65535
        self.acknowledge()
        return self

    def __exit__(self, *failure):
        self.forge(flags="R", seq=self.rcv_nxt)

    def receive(self, question, what):
        """The next segment of the server's with a yes."""
        for segment in self.wire.segments(self.port, ANSWER_S):
            if not segment.is_outgoing:
                self.learn(segment)
                if question(segment):
                    return segment
        raise AssertionError(f"no {what}")

    def acknowledge(self):
        """Everything that has come."""
        self.snd_una = self.snd_nxt
        self.forge(flags="A", seq=self.rcv_nxt, ack=self.snd_nxt, window=65535)

    def send(self, payload):
        """Text as it is due, in segments."""
        for at in range(0, len(payload), self.mss):
            part = payload[at : at + self.mss]
            seq = (self.rcv_nxt + at) % MODULO
            self.forge(part, flags="PA", seq=seq, ack=self.snd_una, window=65535)

    def echo(self, payload):
        """Sends text; gives the segments it comes back in, none of them acknowledged."""
        self.send(payload)
        return self.collect(payload)

    def collect(self, payload):
        """The segments that bring the text, in order."""
        start = self.snd_una
        came, segments = b"", []
        while len(came) < len(payload):
            segment = self.receive(lambda s: s.payload, "echo")
            if segment.seq == (start + len(came)) % MODULO:
                came += segment.payload
                segments.append(segment)
        assert came == payload, "bytes came back changed"
        return segments
