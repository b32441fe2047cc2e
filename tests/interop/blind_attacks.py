# SPDX-License-Identifier: BSD-3-Clause
"""Attacks on connections of Linux' own TCP, by somebody who knows more than a blind attacker may.

Usage, inside the namespace: blind_attacks.py INTERFACE SERVER-MAC SEED. A claim is a function of a
Wire; all of them are tried over IPv4 and over IPv6.
"""

import random
import sys
import threading
import time

import interop
from wire import MODULO, Connection, HandPeer, Wire

LIMIT_PER_S = 1000  # challenge ACKs of a stack; as many may be saved up
SPRAY = 20_000
CHUNK = 1000
PAYLOAD = b"EVIL" * 25
# How long a budget of challenge ACKs takes to be full again.
REFILL_S = 1.1


def rst_in_window_is_challenged(wire):
    """RFC 5961 3.2, second case: not exactly RCV.NXT."""
    with Connection(wire) as conn:
        for flags in ("R", "RA"):
            conn.settle()
            for offset in (1, CHUNK, conn.window - 1):
                conn.forge(flags=flags, seq=(conn.rcv_nxt + offset) % MODULO, ack=conn.snd_nxt)
                conn.expect_challenge(f"{flags} at RCV.NXT + {offset}")
        conn.expect_alive()


def rst_outside_window_is_dropped_silently(wire):
    """RFC 5961 3.2, first case; both edges."""
    with Connection(wire) as conn:
        conn.settle()
        for offset in (-1, -CHUNK, conn.window, conn.window + CHUNK, MODULO // 2):
            conn.forge(flags="R", seq=(conn.rcv_nxt + offset) % MODULO)
            conn.expect_silence(f"RST at RCV.NXT + {offset}")
        conn.expect_alive()


def rst_at_rcv_nxt_resets(wire):
    """RFC 5961 3.2, third case: this is what the attacker would have to guess."""
    with Connection(wire) as conn:
        conn.settle()
        conn.forge(flags="R", seq=conn.rcv_nxt)
        conn.expect_silence("exact RST")
        conn.socket.sendall(b"anybody there?")
        try:
            data = conn.socket.recv(100)
        except ConnectionResetError:
            return
        raise AssertionError(f"the connection lives on: {data}")


def syn_is_challenged_wherever_it_lies(wire):
    """RFC 5961 4.2: in and out of the window, with and without ACK."""
    with Connection(wire) as conn:
        conn.settle()
        for flags in ("S", "SA"):
            for offset in (0, 1, conn.window - 1, conn.window, -CHUNK, MODULO // 2):
                seq = (conn.rcv_nxt + offset) % MODULO
                conn.forge(flags=flags, seq=seq, ack=conn.snd_nxt if flags == "SA" else 0)
                conn.expect_challenge(f"{flags} at RCV.NXT + {offset}")
        conn.expect_alive()


def ack_out_of_bounds_is_challenged_and_its_data_refused(wire):
    """RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT, or nothing of the segment counts."""
    with Connection(wire) as conn:
        conn.settle()
        too_old = conn.snd_una - conn.max_snd_wnd - 1
        for ack in (conn.snd_nxt + 1, conn.snd_nxt + MODULO // 2 - 1, too_old, too_old - CHUNK):
            for flags, payload in (("PA", PAYLOAD), ("FA", b""), ("A", b"")):
                conn.forge(payload, flags=flags, seq=conn.rcv_nxt, ack=ack % MODULO)
                conn.expect_challenge(f"{flags} with ACK = SND.UNA + {ack - conn.snd_una}")
        conn.expect_alive()


def ack_at_both_bounds_is_accepted(wire):
    """RFC 5961 5.2: the edges themselves are inside; else the test before would prove little."""
    with HandPeer(wire, 1000) as peer:
        for distance in (peer.max_snd_wnd, 0):
            ack = (peer.snd_una - distance) % MODULO
            peer.forge(PAYLOAD, flags="PA", seq=peer.rcv_nxt, ack=ack, window=65535)
            peer.collect(PAYLOAD)
            peer.acknowledge()


def segment_outside_window_is_acknowledged_and_refused(wire):
    """RFC 9293 3.10.7.4 first: data and FIN before and behind the window."""
    with Connection(wire) as conn:
        conn.settle()
        for offset in (conn.window, conn.window + CHUNK, MODULO // 2, -2 * CHUNK):
            for flags in ("PA", "FA"):
                seq = (conn.rcv_nxt + offset) % MODULO
                conn.forge(PAYLOAD, flags=flags, seq=seq, ack=conn.snd_nxt)
                conn.expect_challenge(f"{flags} at RCV.NXT + {offset}")
        conn.expect_alive()


def forgeries_without_timestamps_are_dropped(wire):
    """RFC 7323 3.2, 5.3: whoever does not know the timestamps injects nothing."""
    interop.run(["sysctl", "-qw", "net.ipv4.tcp_timestamps=1"])
    try:
        with Connection(wire) as conn:
            conn.settle()
            now = {"seq": conn.rcv_nxt, "ack": conn.snd_nxt}
            conn.forge(PAYLOAD, flags="PA", **now)
            conn.expect_silence("data without timestamps")
            for age in (1000, MODULO // 4):
                old = [("Timestamp", ((conn.ts_val - age) % MODULO, 0))]
                conn.forge(PAYLOAD, flags="FPA", options=old, **now)
                conn.expect_challenge(f"timestamp {age} too old")
            conn.forge(flags="R", seq=(conn.rcv_nxt + 1) % MODULO)
            conn.expect_challenge("RST without timestamps")
            conn.forge(flags="S", seq=conn.rcv_nxt)
            conn.expect_challenge("SYN without timestamps")
            conn.expect_alive()
    finally:
        interop.run(["sysctl", "-qw", "net.ipv4.tcp_timestamps=0"])


class Talking:
    """Carries data, a chunk at a time, in a thread, while an attack goes on."""

    def __init__(self, conn):
        self.conn = conn
        self.chunks = 0
        self.end = threading.Event()
        self.failure = None
        conn.settle()
        self.base = conn.rcv_nxt
        self.thread = threading.Thread(target=self.talk)

    def talk(self):
        """The thread."""
        try:
            while not self.end.is_set():
                self.conn.exchange(CHUNK)
                self.chunks += 1
        except (AssertionError, OSError) as failure:
            self.failure = failure

    def between_chunks(self, ahead):
        """A sequence number so many chunks ahead that RCV.NXT never has, since chunks arrive whole."""
        return self.base + (self.chunks + ahead) * CHUNK + CHUNK // 2

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.end.set()
        self.thread.join()
        if failure[0] is None:
            assert self.failure is None, f"killed after {self.chunks} chunks: {self.failure}"
            assert self.chunks > 1, "nothing was carried meanwhile"
            self.conn.expect_alive()


def rst_spray_over_all_sequence_numbers_does_not_kill(wire):
    """The blind attack itself: RSTs a window apart; one of them must lie inside."""
    with Connection(wire) as conn, Talking(conn) as talking:
        stride = conn.window // CHUNK * CHUNK
        first = talking.between_chunks(1)
        numbers = [(seq, 0) for seq in range(first, first + MODULO - stride, stride)]
        random.shuffle(numbers)
        wire.send_many(conn.segment(flags="R"), numbers)


def many_rsts_in_the_window_do_not_kill(wire):
    """20,000 of them."""
    with Connection(wire) as conn, Talking(conn) as talking:
        ahead = conn.window // CHUNK // 2
        numbers = ((talking.between_chunks(random.randrange(ahead)), 0) for _ in range(SPRAY))
        wire.send_many(conn.segment(flags="R"), numbers)


def data_with_guessed_acks_is_not_taken(wire):
    """Injection: numbers in the window, but an acknowledgement of what was never sent."""
    with Connection(wire) as conn, Talking(conn) as talking:
        ahead = conn.window // CHUNK // 2
        numbers = (
            (
                talking.between_chunks(random.randrange(-1, ahead)),
                conn.snd_nxt + random.randrange(MODULO // 4, MODULO // 2),
            )
            for _ in range(SPRAY // 4)
        )
        wire.send_many(conn.segment(PAYLOAD, flags="PA"), numbers)


def syn_spray_does_not_kill(wire):
    """SYNs with random numbers, as RFC 5961 4 has the attack."""
    with Connection(wire) as conn, Talking(conn):
        numbers = ((random.randrange(MODULO), 0) for _ in range(SPRAY // 4))
        wire.send_many(conn.segment(flags="S"), numbers)


def challenges_come_at_once_and_are_limited(wire):
    """RFC 5961 7: the first one of a connection does not wait; a flood of causes does not get a flood."""
    time.sleep(REFILL_S)
    with Connection(wire) as conn:
        conn.settle()
        template = conn.segment(flags="R")
        start = time.monotonic()
        conn.forge(flags="R", seq=(conn.rcv_nxt + 1) % MODULO)
        first = next(s for s in wire.segments(conn.port, 1) if not s.is_outgoing)
        waited = time.monotonic() - start
        assert first.flags == "A" and waited < 0.5, f"{first} after {waited} s"
        numbers = ((conn.rcv_nxt + 1 + i % CHUNK, 0) for i in range(SPRAY))
        start = time.monotonic()
        wire.send_many(template, numbers)
        sent = time.monotonic() - start
        answers = conn.answers(0.3)
        bound = LIMIT_PER_S * (2 + sent) + LIMIT_PER_S / 2
        assert LIMIT_PER_S / 2 - 1 <= len(answers) <= bound, f"{len(answers)} answers in {sent} s"
        assert all(a.flags == "A" for a in answers), "not all of them are acknowledgements"
        time.sleep(REFILL_S)
        conn.forge(flags="R", seq=(conn.rcv_nxt + 1) % MODULO)
        conn.expect_challenge("RST after the flood")
        conn.expect_alive()


HARD_ERRORS = {4: (2, 3, 9, 10, 13), 6: (1, 4, 5, 6)}  # protocol, port, prohibited
SOFT_ERRORS = {4: (0, 1, 11), 6: (0, 3)}


def icmp_errors_do_not_kill(wire):
    """RFC 5927 4 and 5: whatever they quote, a connection of Linux' own goes on."""
    with Connection(wire) as conn:
        conn.settle()
        for code in HARD_ERRORS[wire.family] + SOFT_ERRORS[wire.family]:
            for seq in (conn.snd_nxt, conn.snd_nxt - 1, random.randrange(MODULO)):
                wire.send(wire.unreachable(conn.quote(seq % MODULO), code))
        conn.expect_silence("ICMP errors")
        conn.expect_alive()


def icmp_hard_error_about_data_in_flight_does_not_kill(wire):
    """RFC 5461, RFC 5927 5: hard errors are soft in synchronized states, even when they fit."""
    with HandPeer(wire, 1000) as peer:
        for code in HARD_ERRORS[wire.family]:
            peer.echo(PAYLOAD)
            wire.send(wire.unreachable(peer.quote(peer.snd_una), code))
            assert all("R" not in s.flags for s in peer.answers(0.05)), f"code {code}: reset"
            peer.acknowledge()
        peer.echo(PAYLOAD)
        peer.acknowledge()


FLOOR = {4: 552, 6: 1280}
MTU = 1500


def too_big_makes_no_segment_smaller_than_the_floor(wire):
    """RFC 5927 7.2: 68 bytes are believed down to 552 or 1280, when a byte in flight is quoted."""
    headers = MTU - {4: 1460, 6: 1440}[wire.family]
    with HandPeer(wire, MTU - headers) as peer:
        text = random.randbytes(3 * (MTU - headers))
        sizes = {s.packet_bytes for s in peer.echo(text)}
        assert MTU in sizes, f"segments of {sizes} bytes"
        wire.send(wire.too_big(peer.quote(peer.snd_una), 68))
        sizes = [s.packet_bytes for s in peer.collect(text)]
        assert max(sizes) == sizes[0] == FLOOR[wire.family], f"again in segments of {sizes} bytes"
        peer.acknowledge()
        sizes = {s.packet_bytes for s in peer.echo(text)}
        assert max(sizes) == FLOOR[wire.family], f"later segments of {sizes} bytes"
        peer.acknowledge()


def too_big_about_nothing_in_flight_is_ignored(wire):
    """RFC 5927 7.2: a blind router changes nothing."""
    headers = MTU - {4: 1460, 6: 1440}[wire.family]
    with HandPeer(wire, MTU - headers) as peer:
        text = random.randbytes(3 * (MTU - headers))
        peer.echo(text)
        peer.acknowledge()
        peer.settle()
        for seq in (peer.snd_nxt, peer.snd_nxt - 1, random.randrange(MODULO)):
            wire.send(wire.too_big(peer.quote(seq % MODULO), 1280))
        peer.expect_silence("packet too big")
        sizes = [s.packet_bytes for s in peer.echo(text)]
        assert max(sizes) == MTU, f"segments of {sizes} bytes"
        peer.acknowledge()


CLAIMS = [
    rst_in_window_is_challenged,
    rst_outside_window_is_dropped_silently,
    rst_at_rcv_nxt_resets,
    syn_is_challenged_wherever_it_lies,
    ack_out_of_bounds_is_challenged_and_its_data_refused,
    ack_at_both_bounds_is_accepted,
    segment_outside_window_is_acknowledged_and_refused,
    forgeries_without_timestamps_are_dropped,
    icmp_errors_do_not_kill,
    icmp_hard_error_about_data_in_flight_does_not_kill,
    too_big_makes_no_segment_smaller_than_the_floor,
    too_big_about_nothing_in_flight_is_ignored,
    rst_spray_over_all_sequence_numbers_does_not_kill,
    many_rsts_in_the_window_do_not_kill,
    data_with_guessed_acks_is_not_taken,
    syn_spray_does_not_kill,
    challenges_come_at_once_and_are_limited,
]


def over(family, claim, *wire_at):
    """A claim as a test, in one family."""

    def test():
        with Wire(*wire_at, family) as wire:
            claim(wire)

    test.__name__ = f"{claim.__name__}_over_ipv{family}"
    return test


def main(interface, server_mac, seed):
    """All claims, over both families."""
    random.seed(int(seed))
    print(f"seed {seed}", flush=True)
    return interop.run_tests(
        [over(family, claim, interface, server_mac) for claim in CLAIMS for family in (4, 6)]
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
