#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pollux relay between two Linux hosts: what the line does is what was asked for, and is counted.

Two namespaces, a veth each into a third one, where the relay joins their other ends.
"""

import contextlib
import os
import re
import sys
import tempfile

import interop

LEFT = {4: "198.18.0.1", 6: "fd00::1"}
RIGHT = {4: "198.18.0.2", 6: "fd00::2"}
TRANSFER_BYTES = 3_000_000
SEED = "--seed", "7"

# Both ends send a pattern and check the other's; the second argument says who connects.
TRANSFER = """
import hashlib, socket, sys, threading
role, address, total, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
if role == "listen":
    listener = socket.create_server((address, 7777), family=socket.AF_INET6 if ":" in address
                                    else socket.AF_INET)
    print("ready", flush=True)
    listener.settimeout(timeout)
    peer = listener.accept()[0]
else:
    peer = socket.create_connection((address, 7777), timeout=timeout)
peer.settimeout(timeout)
block = b"".join(i.to_bytes(4, "big") for i in range(total // 4))

def send():
    peer.sendall(block)
    peer.shutdown(socket.SHUT_WR)

sender = threading.Thread(target=send, daemon=True)
sender.start()
got = bytearray()
while piece := peer.recv(1 << 16):
    got += piece
sender.join(timeout)
assert bytes(got) == block, f"{len(got)} of {total} bytes, or others"
"""


class Line:
    """Two hosts and the relay between them."""

    def __init__(self, left, right, relay, report_path):
        self.left, self.right, self.relay, self.report_path = left, right, relay, report_path

    def transfer(self, family=4, total=TRANSFER_BYTES, timeout_s=60):
        """Bytes both ways at once, which arrive as they were."""
        arguments = [RIGHT[family], str(total), str(timeout_s)]
        python = "/usr/bin/python3", "-c", TRANSFER
        with interop.Program(self.right, *python, "listen", *arguments) as listener:
            interop.wait_until(lambda: "ready" in listener.text(), "the listener")
            self.left.run(*python, "connect", *arguments, timeout=timeout_s + 30)
            assert listener.wait(timeout_s) == 0, listener.text()

    def ping(self, family=4, count=20):
        """Round trips from left to right, and their least time in milliseconds."""
        out = self.left.run("ping", "-c", str(count), "-i", "0.02", "-W", "5", RIGHT[family])
        return float(re.search(r"= ([\d.]+)/", out).group(1))

    def end(self):
        """Ends the relay in order; its report."""
        assert self.relay.interrupt() == 0, self.relay.text()
        report = interop.read_json(self.report_path)
        interop.check_books(report)
        return report


def offload(namespace, interface, state):
    """Whether frames leave with unfinished checksums, or larger than the MTU."""
    settings = [word for name in ("tx", "tso", "gso", "gro") for word in (name, state)]
    namespace.run("ethtool", "-K", interface, *settings)


def plug(host, relay, interface, addresses):
    """A veth from a host to the relay."""
    host.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", interface,
             "netns", relay.name)
    relay.quiet(interface)
    relay.run("ip", "link", "set", interface, "up")
    offload(host, "wire", "off")
    for family, address in addresses.items():
        flags = ["nodad"] if family == 6 else []
        host.run("ip", "address", "add", f"{address}/{interop.PREFIX[family]}", "dev", "wire", *flags)
    host.run("ip", "link", "set", "wire", "up")


@contextlib.contextmanager
def line(*options):
    """A relay with these options, once both hosts reach each other through it."""
    with contextlib.ExitStack() as stack:
        left, right, middle = (stack.enter_context(interop.Namespace()) for _ in range(3))
        plug(left, middle, "left", LEFT)
        plug(right, middle, "right", RIGHT)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pollux relay "))
        report = os.path.join(folder, "relay.json")
        relay = stack.enter_context(interop.Program(
            middle, interop.POLLUX, "relay", "--port", "net_af_packet0,iface=left,framecnt=4096",
            "--port", "net_af_packet1,iface=right,framecnt=4096", *options, "--json", report))
        for address in RIGHT.values():
            ping = left.command("ping", "-c", "1", "-W", "1", address)
            interop.wait_until(lambda ping=ping: interop.succeeds(ping) or not relay.is_running(),
                               f"ping {address}")
            assert relay.is_running(), relay.text()
        yield Line(left, right, relay, report)


def shims(report):
    """What the ways to the right and to the left have done."""
    ports = {port["port"]: port for port in report["books"]["ports"]}
    return ports["left"]["rx_impairment"], ports["right"]["rx_impairment"]


def a_relay_without_options_is_a_wire():
    """Pings and bytes of both families; every frame that came has gone on."""
    with line() as both:
        for family in (4, 6):
            both.ping(family)
            both.transfer(family)
        report = both.end()
    for way in report["relays"]:
        assert way["frames"] == way["sent"] > 0 and way["lost"] == 0, way
    assert [(way["from"], way["to"]) for way in report["relays"]] == [("left", "right"),
                                                                      ("right", "left")]


def a_delay_of_two_values_is_for_each_way():
    """20 ms there and 5 ms back make 25 ms, as the clocks of both see them."""
    with line("--delay", "20ms,5ms") as both:
        least_ms = both.ping()
        both.end()
    assert least_ms >= 24.5, f"{least_ms} ms"


def bytes_arrive_whole_over_a_bad_line():
    """Lost, doubled, reordered and damaged frames, both ways, both families; all of it is counted."""
    with line("--loss", "1%", "--duplicate", "1%", "--reorder", "1%", "--corrupt", "0.5%",
              "--burst", "0.1%", "--delay", "1ms", "--jitter", "200us", *SEED) as both:
        for family in (4, 6):
            both.transfer(family)
        report = both.end()
    for way in shims(report):
        for what in ("lost_at_random", "lost_in_burst", "bursts", "copied", "reordered", "corrupted"):
            assert way[what] > 0, f"{what} in {way}"
        lost = way["lost_at_random"] + way["lost_in_burst"]
        assert way["frames"] + way["copied"] == way["passed"] + lost + way["held"], way


def one_way_may_lose_and_the_other_not():
    """--loss 2%,0%"""
    with line("--loss", "2%,0%", *SEED) as both:
        both.transfer()
        report = both.end()
    there, back = report["books"]["ports"]
    assert there["rx_impairment"]["lost_at_random"] > 0
    assert "rx_impairment" not in back, "a way without impairment has none"


def a_rate_holds_the_transfer_up_and_its_queue_overflows():
    """3 MB at 20 Mbit/s take at least 1.2 s; a queue of 30 kB loses some of a slow start."""
    with line("--rate", "20M", "--queue", "30k", "--delay", "5ms") as both:
        both.transfer()
        report = both.end()
    there, back = shims(report)
    assert there["lost_in_queue"] > 0 and back["frames"] > 0, there
    assert report["duration_s"] >= 1.2


def a_full_queue_marks_instead_of_losing():
    """Linux with ECN: CE arrives, and is answered by less rather than by a loss."""
    with line("--rate", "20M", "--ecn-threshold", "15k", "--delay", "5ms") as both:
        for host in (both.left, both.right):
            host.run("sysctl", "-qw", "net.ipv4.tcp_ecn=1")
        for family in (4, 6):
            both.transfer(family)
        snmp6 = both.right.run("cat", "/proc/net/snmp6")
        netstat = both.right.run("cat", "/proc/net/netstat").splitlines()
        report = both.end()
    names, values = (line.split() for line in netstat if line.startswith("IpExt"))
    assert int(dict(zip(names, values))["InCEPkts"]) > 0, "no IPv4 packet came marked"
    assert int(re.search(r"Ip6InCEPkts\s+(\d+)", snmp6).group(1)) > 0, "no IPv6 packet came marked"
    assert shims(report)[0]["marked"] > 0


def frames_larger_than_the_mtu_do_not_break_it():
    """A host that leaves segmentation to its device gets nothing through; others do afterwards."""
    with line() as both:
        offload(both.left, "wire", "on")
        command = both.left.command("/usr/bin/python3", "-c", TRANSFER, "connect", RIGHT[4], "100000",
                                    "2")
        interop.succeeds(command)
        offload(both.left, "wire", "off")
        both.ping()
        both.transfer()
        both.end()


def a_duration_ends_it():
    """By itself, and in order."""
    with line("--duration", "6s", "--delay", "300ms") as both:
        assert both.relay.wait(30) == 0, both.relay.text()
        text = both.relay.text()
    assert "\nbooks: closed (" in text, text


TESTS = [
    a_relay_without_options_is_a_wire,
    a_delay_of_two_values_is_for_each_way,
    bytes_arrive_whole_over_a_bad_line,
    one_way_may_lose_and_the_other_not,
    a_rate_holds_the_transfer_up_and_its_queue_overflows,
    a_full_queue_marks_instead_of_losing,
    frames_larger_than_the_mtu_do_not_break_it,
    a_duration_ends_it,
]

if __name__ == "__main__":
    interop.POLLUX = os.path.abspath(interop.POLLUX)
    sys.exit(interop.run_tests(TESTS))
