# SPDX-License-Identifier: BSD-3-Clause
"""A TCP client by hand, with segments that are odd but legal.

fetch_by_hand() runs this file inside the namespace: a host that is not Linux (its address is
nobody's, so no kernel interferes) makes itself known by ARP or ND and talks HTTP.
"""

import os
import sys

REQUEST = b"GET /small-7.bin HTTP/1.1\r\nHost: odd\r\n\r\n"
ANSWER_S = 5


def fetch_by_hand(linux, interface, family):
    """Runs the client in a namespace; raises when it fails."""
    linux.run("/usr/bin/python3", os.path.abspath(__file__), interface, str(family), timeout=60)


def main(interface, family):
    """The client itself."""
    # pylint: disable=import-outside-toplevel
    from scapy.all import ARP, IP, TCP, Ether, IPv6, Raw, conf, get_if_hwaddr
    from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr
    from scapy.layers.inet6 import ICMPv6NDOptSrcLLAddr

    ours = {4: "198.18.0.2", 6: "fd00::2"}[family]
    me = {4: "198.18.0.77", 6: "fd00::77"}[family]
    network = IP if family == 4 else IPv6
    mac = get_if_hwaddr(interface)
    wire = conf.L2socket(iface=interface)

    def answer_neighbor(frame):
        """What Linux would do for an address of its own."""
        if ICMPv6ND_NS in frame and frame[ICMPv6ND_NS].tgt == me:
            wire.send(
                Ether(src=mac, dst=frame.src)
                / IPv6(src=me, dst=frame[IPv6].src)
                / ICMPv6ND_NA(tgt=me, S=1, O=1, R=0)
                / ICMPv6NDOptDstLLAddr(lladdr=mac)
            )
        elif ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == me:
            wire.send(
                Ether(src=mac, dst=frame.src)
                / ARP(op=2, hwsrc=mac, psrc=me, hwdst=frame.src, pdst=frame[ARP].psrc)
            )

    def receive(question, what):
        """The next frame with a yes."""
        import time

        end = time.monotonic() + ANSWER_S
        while time.monotonic() < end:
            frame = wire.recv(65535)
            if frame is None:
                continue
            answer_neighbor(frame)
            if question(frame):
                return frame
        raise SystemExit(f"no {what} within {ANSWER_S} s")

    def learn_mac():
        if family == 4:
            wire.send(
                Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
                / ARP(op=1, hwsrc=mac, psrc=me, pdst=ours)
            )
            return receive(lambda f: ARP in f and f[ARP].op == 2 and f[ARP].psrc == ours, "ARP").src
        wire.send(
            Ether(src=mac, dst="33:33:ff:00:00:02")
            / IPv6(src=me, dst="ff02::1:ff00:2", hlim=255)
            / ICMPv6ND_NS(tgt=ours)
            / ICMPv6NDOptSrcLLAddr(lladdr=mac)
        )
        return receive(lambda f: ICMPv6ND_NA in f and f[ICMPv6ND_NA].tgt == ours, "NA").src

    peer_mac = learn_mac()
    port = 40000 + os.getpid() % 20000

    def send(payload=b"", **fields):
        wire.send(
            Ether(src=mac, dst=peer_mac)
            / network(src=me, dst=ours)
            / TCP(sport=port, dport=80, **fields)
            / Raw(payload)
        )

    def is_mine(frame):
        return TCP in frame and frame[TCP].dport == port and frame[TCP].sport == 80

    def payload_of(frame):
        length = (
            frame[IP].len - frame[IP].ihl * 4 if family == 4 else frame[IPv6].plen
        ) - frame[TCP].dataofs * 4
        return bytes(frame[TCP].payload)[:length]

    isn = 0xFFFFFFF0  # the request runs across the wrap
    # Unknown kinds, NOPs in odd places, SACK permitted, the end of the list before its padding.
    options = [
        (253, b"\x12\x34\x56"),
        ("NOP", None),
        ("SAckOK", b""),
        ("MSS", 777),
        ("NOP", None),
        ("WScale", 5),
        ("EOL", None),
    ]
    send(flags="SEC", seq=isn, window=1000, options=options)
    syn_ack = receive(lambda f: is_mine(f) and f[TCP].flags.S and f[TCP].flags.A, "SYN+ACK")
    assert syn_ack[TCP].ack == (isn + 1) % 2**32, "SYN not acknowledged"
    kinds = [kind for kind, _ in syn_ack[TCP].options]
    assert "SAckOK" not in kinds, "SACK was offered"
    assert "WScale" in kinds and "Timestamp" not in kinds, f"options {kinds}"

    snd = (isn + 1) % 2**32
    rcv = (syn_ack[TCP].seq + 1) % 2**32
    # The end first, the beginning twice and overlapping, the middle byte by byte, with PSH and URG bits.
    send(REQUEST[30:], flags="PA", seq=(snd + 30) % 2**32, ack=rcv, window=1000)
    send(REQUEST[:9], flags="A", seq=snd, ack=rcv, window=1000)
    send(REQUEST[:12], flags="PA", seq=snd, ack=rcv, window=1000)
    for i in range(12, 30):
        send(REQUEST[i : i + 1], flags="A", seq=(snd + i) % 2**32, ack=rcv, window=1000)
    snd = (snd + len(REQUEST)) % 2**32

    body = b""
    wanted = None
    while wanted is None or len(body) < wanted:
        frame = receive(lambda f: is_mine(f) and payload_of(f), "response")
        assert len(payload_of(frame)) <= 777, "a segment is larger than the MSS"
        if frame[TCP].seq == rcv:
            body += payload_of(frame)
            rcv = (rcv + len(payload_of(frame))) % 2**32
        send(flags="A", seq=snd, ack=rcv, window=1000)
        if wanted is None and b"\r\n\r\n" in body:
            head, body = body.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 200"), head
            lower = head.lower()
            wanted = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
    assert len(body) == wanted, f"{len(body)} bytes of {wanted}"

    # A FIN with the last bytes of a second request: answered in full, then closed.
    send(REQUEST, flags="FPA", seq=snd, ack=rcv, window=1000)
    snd = (snd + len(REQUEST) + 1) % 2**32
    fin = None
    while fin is None:
        frame = receive(lambda f: is_mine(f) and (payload_of(f) or f[TCP].flags.F), "FIN")
        assert not frame[TCP].flags.R, "reset"
        if frame[TCP].seq == rcv:
            rcv = (rcv + len(payload_of(frame)) + bool(frame[TCP].flags.F)) % 2**32
            fin = frame if frame[TCP].flags.F else None
        send(flags="A", seq=snd, ack=rcv, window=1000)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
