#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Blind attacks (RFC 5961, RFC 5927) on connections between Linux and Pollux, by scapy on the wire."""

import os
import random
import subprocess
import sys
import tempfile

import interop

ATTACKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blind_attacks.py")
ATTACKS_S = 100
DEVICE = "net_af_packet"
HAND = {"198.18.0.77": interop.LINUX_MAC, "fd00::77": interop.LINUX_MAC}
# What the attacks have left in the books, each under its own name.
EXPECTED = [
    "tcp_challenge_acks",
    "tcp_rst_sequence",
    "tcp_syn_synchronized",
    "tcp_ack",
    "tcp_sequence",
    "tcp_no_timestamp",
    "tcp_paws",
    "icmp_no_connection",
]


def attack(server, linux, interface):
    """Runs the attacks inside, whose results go where ours do; gives their exit status."""
    linux.passes_nothing_on()
    linux.run("sysctl", "-qw", "net.ipv4.tcp_timestamps=0")
    interop.wait_for_server(server, linux)
    mac = linux.neighbor_mac(interface, interop.OURS[4])
    command = linux.command("/usr/bin/python3", ATTACKS, interface, mac, str(random.getrandbits(32)))
    return subprocess.run(command, check=False, timeout=ATTACKS_S).returncode


def main():
    """One server for all attacks, which must still be well at the end."""
    with tempfile.TemporaryDirectory(prefix="pollux interop ") as directory:
        report = os.path.join(directory, "report.json")

        def server_survives_with_closed_books():
            neighbors = [{"address": a, "mac": m} for a, m in HAND.items()]
            stack = {"neighbors": neighbors}
            listen = [{"listen": "echo:*:7"}]
            with interop.running(DEVICE, stack, listen, report) as (server, linux, interface):
                failed = attack(server, linux, interface)
                status = server.interrupt()
                assert status == 0, f"exit status {status}: {server.text()[-2000:]}"
            document = interop.read_json(report)
            interop.check_books(document)
            statistics = interop.statistics(document)
            missing = [name for name in EXPECTED if not statistics[name]]
            assert not missing, f"nothing was counted as {missing}: {dict(statistics)}"
            assert not failed, "attacks have succeeded"

        return interop.run_tests([server_survives_with_closed_books])


if __name__ == "__main__":
    sys.exit(main())
