#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nmap's scans see what RFC 9293 3.10.7 says of LISTEN and CLOSED, or nothing; no ISN can be guessed."""

import os
import sys
import tempfile
import xml.etree.ElementTree

import interop

OPEN = (7, 80)
LISTEN = [{"listen": "echo:*:7"}, {"listen": "http:*:80"}]
SCAN_S = 50
MANY_PORTS = range(1, 2001)
FEW_PORTS = [*range(1, 30), 80]  # silence takes long
BOUNDS = ["-T4", "--max-retries", "4", "--host-timeout", f"{SCAN_S - 10}s"]
# Of open ports and of closed ones, RFC 9293 3.10.7.1 and 3.10.7.2: a listener answers SYN by SYN+ACK
# and ACK by RST, and drops what has neither; of closed ports all come back as RST.
TABLE = {
    "-sS": ("open", "closed"),
    "-sA": ("unfiltered", "unfiltered"),
    "-sN": ("open|filtered", "closed"),
    "-sF": ("open|filtered", "closed"),
    "-sX": ("open|filtered", "closed"),
}
# When nobody answers, only a SYN to a listener is.
SILENT = {
    "-sS": ("open", "filtered"),
    "-sA": ("filtered", "filtered"),
    "-sN": ("open|filtered", "open|filtered"),
    "-sF": ("open|filtered", "open|filtered"),
    "-sX": ("open|filtered", "open|filtered"),
}


class Scans:
    """nmap against one server."""

    def __init__(self, linux):
        self.linux = linux

    def nmap(self, family, ports, *options):
        """Scans ports; gives what nmap says of the host."""
        words = ["-6"] if family == 6 else []
        out = self.linux.run(
            "nmap", *words, *BOUNDS, *options, "-n", "-Pn", "-p", ",".join(map(str, ports)), "-oX",
            "-", interop.OURS[family], timeout=SCAN_S,
        )  # fmt: skip
        host = xml.etree.ElementTree.fromstring(out).find("host")
        assert host is not None and host.get("timedout") != "true", f"gave up: {out[-1000:]}"
        return host

    def states(self, family, ports, scan):
        """The state of every port, by number. Those that many share are given by nmap in sum."""
        host = self.nmap(family, ports, scan).find("ports")
        rest = [extra.get("state") for extra in host.findall("extraports")]
        assert len(rest) < 2, f"{scan}: ports are {rest}"
        states = dict.fromkeys(ports, rest[0] if rest else None)
        for port in host.findall("port"):
            states[int(port.get("portid"))] = port.find("state").get("state")
        return states

    def expect_states(self, table, ports):
        """Every scan of a table, over both families."""
        for scan, (if_open, if_closed) in table.items():
            for family in (4, 6):
                for port, state in self.states(family, ports, scan).items():
                    wanted = if_open if port in OPEN else if_closed
                    assert state == wanted, f"{scan}, IPv{family}: {port} is {state}, not {wanted}"

    def expect_service(self):
        """The server is as well as before."""
        for family in (4, 6):
            self.linux.run("curl", "-sSfg", "--max-time", "10", interop.url(family))


def serving_scans(stack, test):
    """Runs a test on a server of its own; gives what that has counted."""
    with tempfile.TemporaryDirectory(prefix="pollux interop ") as directory:
        report = os.path.join(directory, "report.json")
        with interop.running("net_tap", stack, LISTEN, report) as (server, linux, _):
            interop.wait_for_server(server, linux)
            scans = Scans(linux)
            test(scans)
            scans.expect_service()
            status = server.interrupt()
            assert status == 0, f"exit status {status}: {server.text()[-2000:]}"
        document = interop.read_json(report)
    interop.check_books(document)
    return interop.statistics(document)


def scans_see_what_the_rfc_says():
    """Two thousand ports, and the books close afterwards."""
    count = serving_scans({}, lambda scans: scans.expect_states(TABLE, MANY_PORTS))
    assert count["tcp_rsts_sent"] >= 2 * 5 * 1900, f"too few RSTs: {dict(count)}"


def scans_see_nothing_when_nobody_answers():
    """answer_nobody: no. Not one RST leaves, ports are closed or not there."""
    count = serving_scans({"answer_nobody": "no"}, lambda scans: scans.expect_states(SILENT, FEW_PORTS))
    assert count["tcp_rsts_sent"] == 0, f"{count['tcp_rsts_sent']} RSTs were sent"


def initial_sequence_numbers_are_not_to_be_guessed():
    """RFC 6528, as nmap -O rates it; for IPv6 it has no rating, but sends all of its odd probes."""

    def test(scans):
        host = scans.nmap(4, FEW_PORTS, "-O", "-v")
        rating = host.find("tcpsequence")
        assert rating is not None, "nmap has not rated the sequence numbers"
        assert rating.get("difficulty") == "Good luck!", rating.attrib
        numbers = [int(value, 16) for value in rating.get("values").split(",")]
        assert len(set(numbers)) == len(numbers) >= 6, numbers
        assert scans.nmap(6, FEW_PORTS, "-O", "-v").find("os") is not None, "no detection over IPv6"

    serving_scans({}, test)


def main():
    """A server for every test."""
    tests = [
        scans_see_what_the_rfc_says,
        scans_see_nothing_when_nobody_answers,
        initial_sequence_numbers_are_not_to_be_guessed,
    ]
    return interop.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
