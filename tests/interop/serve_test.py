#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pollux serve against Linux: ping, curl, wrk, a gigabyte to discard, odd but legal segments.

Usage: serve_test.py DEVICE, net_tap or net_af_packet. Both families each time.
"""

import os
import re
import sys

import files
import interop
import odd_segments

BIG_BYTES = 100_000_000
SMALL_FILES = 1000
PARALLEL = 200
WRK_CONNECTIONS = 400
WRK_S = 10
DISCARD_BYTES = 1_000_000_000
DEVICE = sys.argv[1] if len(sys.argv) > 1 else "net_tap"

SEND_TO_DISCARD = """
import socket
target, total = ("{addr}", 9), {total}
with socket.create_connection(target, timeout=60) as peer:
    block = bytes(1 << 20)
    left = total
    while left > 0:
        left -= peer.send(block[: min(left, len(block))])
    peer.shutdown(socket.SHUT_WR)
    assert peer.recv(1) == b"", "discard answered"
"""


class Serving(files.Files):
    """One server with files for all the tests of this program."""

    def __init__(self):
        super().__init__()
        self.make("big.bin", BIG_BYTES)
        for i in range(SMALL_FILES):
            self.make(f"small-{i}.bin", 1 + 37 * i % 9000)
        listen = [
            word
            for family in (4, 6)
            for proto, port in (("http", 80), ("discard", 9), ("echo", 7))
            for word in ("--listen", f"{proto}:{self.host(family)}:{port}")
        ]
        self.context = interop.serving(DEVICE, *listen, "--root", self.root, "--json", self.report)

    @staticmethod
    def host(family):
        """Our address as --listen takes it."""
        return interop.OURS[4] if family == 4 else f"[{interop.OURS[6]}]"


S = Serving()


def both_families_answer_ping():
    """ICMP and ICMPv6 echo, large ones too."""
    for addr in interop.OURS.values():
        S.linux.run("ping", "-c", "20", "-i", "0.02", "-W", "5", addr)
        S.linux.run("ping", "-c", "3", "-i", "0.02", "-s", "1400", "-W", "5", addr)


def big_file_arrives_unchanged():
    """100 MB by curl."""
    for family in (4, 6):
        S.fetch(S.linux, family, ["big.bin"])


def thousand_small_files_come_over_one_connection():
    """Keep-alive."""
    names = [name for name in S.digests if name != "big.bin"]
    for family in (4, 6):
        connections = S.fetch(S.linux, family, names)
        assert connections == 1, f"{connections} connections"


def many_fetches_in_parallel_arrive():
    """200 at a time."""
    names = [name for name in S.digests if name != "big.bin"][:PARALLEL]
    for family in (4, 6):
        S.fetch(
            S.linux, family, names, "--parallel", "--parallel-immediate", "--parallel-max",
            str(PARALLEL),
        )  # fmt: skip


def wrk_sees_no_errors():
    """400 connections for ten seconds, half of them each family."""
    for family in (4, 6):
        out = S.linux.run(
            "wrk", "-t1", f"-c{WRK_CONNECTIONS}", f"-d{WRK_S // 2 if family == 6 else WRK_S}s",
            interop.url(family, "/small-3.bin"),
        )  # fmt: skip
        assert "Socket errors" not in out and "Non-2xx" not in out, out
        assert int(re.search(r"(\d+) requests in", out).group(1)) > 1000, out


def gigabyte_to_discard_is_counted():
    """Sent by Linux, over both families; the report at the end has the bytes."""
    for family, addr in interop.OURS.items():
        total = DISCARD_BYTES // 2
        S.linux.python(SEND_TO_DISCARD.format(addr=addr, total=total), timeout=200)
        S.discarded = getattr(S, "discarded", 0) + total


def odd_but_legal_segments_are_understood():
    """A handshake by hand: strange options, bytes out of order, one at a time, FIN with data."""
    for family in (4, 6):
        odd_segments.fetch_by_hand(S.linux, S.interface, family)


def server_ends_in_order_with_closed_books():
    """SIGINT, exit 0, every byte to discard accounted for."""
    status = S.server.interrupt()
    assert status == 0, f"exit status {status}: {S.server.text()[-2000:]}"
    report = interop.read_json(S.report)
    interop.check_books(report)
    assert report["servers"], "no servers in the report"
    received = sum(
        s["rx_bytes"] for s in report["servers"] if s["listen"].startswith("discard:")
    )
    assert received == S.discarded, f"discard took {received} bytes of {S.discarded}"


def main():
    """All tests against one server."""
    tests = [
        both_families_answer_ping,
        big_file_arrives_unchanged,
        thousand_small_files_come_over_one_connection,
        many_fetches_in_parallel_arrive,
        wrk_sees_no_errors,
        gigabyte_to_discard_is_counted,
        odd_but_legal_segments_are_understood,
        server_ends_in_order_with_closed_books,
    ]
    if os.geteuid() != 0:
        return interop.run_tests(tests)
    with S, S.context as (S.server, S.linux, S.interface):
        interop.wait_for_server(S.server, S.linux)
        return interop.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
