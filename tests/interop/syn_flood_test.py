#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A million SYNs from nobody (RFC 4987) while curl fetches files and a connection of before goes on.

The answers to the flood go to Linux as the gateway, which forwards nothing, so nobody ever says RST
and the table of half-open connections stays full.
"""

import os
import random
import sys
import time

import files
import interop

FLOOD = os.environ.get("SYN_FLOOD", "build/tests/interop/syn_flood")
DEVICE = "net_af_packet"
FRAMES = 1_000_000
FRAMES_PER_S = 50_000
ARRIVED_AT_LEAST = 900_000  # the rest may be lost on the way when a core is taken away
MAX_HALF_OPEN = 4096  # of each family
FULL_AFTER_S = 1
FLOOD_S = 40
NAMES = [f"file-{i}.bin" for i in range(20)]
SEQUENTIAL = 60  # with a connection each, half of them in each family
FETCH_S = 15

BYSTANDER = """
import os, signal, socket, time
ended = []
signal.signal(signal.SIGINT, lambda *_: ended.append(True))
with socket.create_connection(("{addr}", 7), timeout=15) as peer:
    rounds = 0
    print("connected", flush=True)
    while not ended:
        time.sleep(0.02)
        data = os.urandom(3000)
        peer.sendall(data)
        came = b""
        while len(came) < len(data):
            part = peer.recv(len(data) - len(came))
            assert part, "closed"
            came += part
        assert came == data, "bytes came back changed"
        rounds += 1
    assert rounds > 20, rounds
"""


class Scene:
    """The server, Linux, and the files."""

    def __init__(self):
        self.files = files.Files()
        for i, name in enumerate(NAMES):
            self.files.make(name, 1 + 5003 * i)
        stack = {
            "gateway": [interop.LINUX[4], interop.LINUX[6]],
            "max_half_open": MAX_HALF_OPEN,
            "syn_cookies": "auto",
        }
        listen = [{"listen": "http:*:80", "root": self.files.root}, {"listen": "echo:*:7"}]
        self.context = interop.running(DEVICE, stack, listen, self.files.report)
        self.connections = 0  # that were opened while the table was full

    def fetch_a_round(self):
        """One after the other, then all at once, over both families; every connection is a new one."""
        common = ["--max-time", str(FETCH_S), "--fail-early", "--header", "Connection: close"]
        for family in (4, 6):
            names = [random.choice(NAMES) for _ in range(SEQUENTIAL // 2)]
            opened = self.files.fetch(self.linux, family, names, *common)
            assert opened == len(names), f"{opened} connections for {len(names)} fetches"
            self.connections += opened
            self.connections += self.files.fetch(
                self.linux, family, NAMES, *common, "--parallel", "--parallel-immediate",
                "--parallel-max", str(len(NAMES)),
            )  # fmt: skip

    def flood(self):
        """The program that floods."""
        mac = self.linux.neighbor_mac(self.interface, interop.OURS[4])
        seed = random.getrandbits(32)
        print(f"seed {seed}", flush=True)
        return interop.Program(
            self.linux, FLOOD, self.interface, interop.LINUX_MAC, mac, interop.OURS[4],
            interop.OURS[6], str(FRAMES), str(FRAMES_PER_S), str(seed),
        )  # fmt: skip


S = Scene()


def curl_is_unharmed_by_a_million_syns():
    """RFC 4987 3.6: who answers a cookie gets in, whoever was connected stays so."""
    S.linux.passes_nothing_on()
    interop.wait_for_server(S.server, S.linux)
    bystander = interop.Program(
        S.linux, "/usr/bin/python3", "-c", BYSTANDER.format(addr=interop.OURS[4])
    )
    with bystander:
        interop.wait_until(lambda: "connected" in bystander.text(), "connection of before")
        with S.flood() as flood:
            time.sleep(FULL_AFTER_S)
            S.fetch_a_round()
            assert flood.is_running(), f"the flood was over before: {flood.text()}"
            status = flood.wait(FLOOD_S)
            assert status == 0 and flood.text().startswith(f"{FRAMES} frames"), flood.text()
        status = bystander.interrupt()
        assert status == 0, f"the connection of before: {bystander.text()}"
    for family in (4, 6):
        S.files.fetch(S.linux, family, NAMES)


def server_ends_in_order_and_accounts_for_every_syn():
    """Cookies were sent and came back; nothing else took a place that the flood had filled."""
    status = S.server.interrupt()
    assert status == 0, f"exit status {status}: {S.server.text()[-2000:]}"
    report = interop.read_json(S.files.report)
    interop.check_books(report)
    count = interop.statistics(report)
    arrived = count["tcp_syns_received"] + count["tcp_cookies_sent"]
    assert arrived >= ARRIVED_AT_LEAST, f"{arrived} SYNs of {FRAMES} were answered: {dict(count)}"
    assert count["tcp_syns_received"] <= 2 * MAX_HALF_OPEN + 100, f"entries: {dict(count)}"
    assert count["tcp_cookies_accepted"] >= S.connections, (
        f"{S.connections} connections were opened while the table was full: {dict(count)}"
    )
    assert count["tcp_half_open_full"] == 0, f"SYNs were refused: {dict(count)}"
    assert count["neighbor_queue_dropped"] == 0, f"answers were given up: {dict(count)}"


def main():
    """One server for both."""
    tests = [
        curl_is_unharmed_by_a_million_syns,
        server_ends_in_order_and_accounts_for_every_syn,
    ]
    if os.geteuid() != 0:
        return interop.run_tests(tests)
    with S.files, S.context as (S.server, S.linux, S.interface):
        return interop.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
