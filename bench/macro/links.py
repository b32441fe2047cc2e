# SPDX-License-Identifier: BSD-3-Clause
"""How two ends are joined: one process over a loopback, or two over memory or a pair of interfaces.

A link has the port of each end and says when the server's is there. What cannot be had on this
machine is a Skip with its reason.
"""

import json
import os

import machine
from machine import interop, testbed

DESCRIPTORS = 4096
# Slots of a memif's rings. Each has 2 KB of its own, which cost cache; where both ends hold what finds no slot, nothing
# is lost for want of one. A flood holds nothing, so its rings ride out a moment in which the server has no core.
RING_LOG2, FLOODED_RING_LOG2 = 10, 13
FRAMECNT = 4096


class Skip(Exception):
    """This machine cannot."""


def helper(name):
    """A program of bench/macro, beside the one that is measured."""
    path = os.path.join(os.path.dirname(interop.POLLUX), "..", "bench", "macro", name)
    if not os.access(path, os.X_OK):
        raise Skip(f"bench/macro/{name} is not built: make bench, or configure with -Dbench=true")
    return path


def core_distance():
    """Nanoseconds that a cache line takes from the server's core to the load's just now; {} where both are one."""
    cpus = machine.cores()
    if cpus["server"] == cpus["client"]:
        return {}
    found = interop.run([helper("core_distance"), str(cpus["server"]), str(cpus["client"])])
    return {"core_to_core_ns": float(found)}


class Link:
    """Two processes, the server's first; both in namespaces of their own."""

    is_one_process = False

    def __init__(self, stack, directory):
        self.directory = directory
        self.server = stack.enter_context(interop.Namespace())
        self.client = stack.enter_context(interop.Namespace())

    def namespace(self, side):
        """Where the end lives."""
        return getattr(self, side)

    def ports(self, side):
        """The port of an end, as the configuration has it."""
        return [{"name": "wire", "device": self.device(side), "rx_descriptors": DESCRIPTORS,
                 "tx_descriptors": DESCRIPTORS}]  # fmt: skip

    def keys(self, side):
        """What its stack must know besides."""
        return {}

    def join(self, stack):
        """The server's end is there, the load's is about to come."""

    def part(self, reports):
        """Both ends have ended: what the link has to add to their reports."""

    def socket(self):
        """Where the ends of what is memory meet."""
        return os.path.join(self.directory, "wire.sock")

    def is_ready(self):
        """May the load's end be started?"""
        return os.path.exists(self.socket())


class Loopback(Link):
    """Both ends in one process, frames copied."""

    is_one_process = True
    cpus = ("server", "client")
    word = "loopback"

    def ports(self, side):
        peer = {"peer": "server"} if side == "client" else {}
        return [{"name": side, "device": self.word, "rx_descriptors": DESCRIPTORS,
                 "tx_descriptors": DESCRIPTORS, **peer}]  # fmt: skip


class OneCore(Loopback):
    """Both ends on one thread."""

    cpus = ("client",)


class Ring(Loopback):
    """Both ends in one process, frames handed on."""

    word = "net_ring"


class Memif(Link):
    """Shared memory, frames copied."""

    ring_log2 = RING_LOG2

    def memif(self, number, ident, role, socket):
        """An end of one."""
        return (f"net_memif{number},role={role},id={ident},rsize={self.ring_log2},socket={socket},"
                "socket-abstract=no")  # fmt: skip

    def device(self, side):
        return self.memif(0, 0, side, self.socket())


class FloodedMemif(Memif):
    """Two memifs with a program between that passes on what comes, and floods the server with SYNs."""

    ring_log2 = FLOODED_RING_LOG2
    DELAY_S, SECONDS, SYNS_PER_S = 1.5, 3, 0  # 0: as many as are taken
    GATEWAY, MAC = "198.18.255.254", "02:00:00:00:00:fd"
    START_S = 20

    def load_socket(self):
        """Where the load comes in."""
        return os.path.join(self.directory, "load.sock")

    def device(self, side):
        if side == "server":
            return super().device(side)
        return self.memif(0, 1, "client", self.load_socket())

    def keys(self, side):
        if side == "client":
            return {}
        return {"mac": "02:00:00:00:00:02", "gateway": self.GATEWAY,
                "neighbors": [{"address": self.GATEWAY, "mac": self.MAC}]}  # fmt: skip

    def join(self, stack):
        cpu = machine.cores()["client"]
        self.program = stack.enter_context(interop.Program(self.client, *machine.pinned(
            [cpu], helper("flood"), "-l", str(cpu), "--no-pci", "--no-telemetry", "--socket-mem", "256",
            "--single-file-segments", "--file-prefix", f"flood-{os.getpid()}",
            "--vdev", self.memif(0, 0, "client", self.socket()),
            "--vdev", self.memif(1, 1, "server", self.load_socket()),
            "--", "198.18.0.2", str(self.DELAY_S), str(self.SECONDS), str(self.SYNS_PER_S))))  # fmt: skip
        interop.wait_until(
            lambda: os.path.exists(self.load_socket()) or not self.program.is_running(), "flood", self.START_S)
        assert self.program.is_running(), f"the flood has ended: {self.program.text()[-1000:]}"

    def part(self, reports):
        assert self.program.interrupt() == 0, f"the flood: {self.program.text()[-1000:]}"
        reports["flood"] = json.loads(self.program.text().splitlines()[-1])


class Vhost(Link):
    """vhost-user without a kernel: net_vhost and net_virtio_user."""

    def device(self, side):
        if side == "server":
            return f"net_vhost0,iface={self.socket()},queues=1"
        return f"net_virtio_user0,path={self.socket()},queues=1,queue_size=1024"

    def ports(self, side):
        return [{**port, "rx_descriptors": 1024, "tx_descriptors": 1024} for port in super().ports(side)]


class Veth(Link):
    """A pair of interfaces that Linux has: checksums whole, no oversized frames."""

    def __init__(self, stack, directory):
        super().__init__(stack, directory)
        testbed.plug(self.server, "wire", self.client, "wire")

    def is_ready(self):
        return testbed.is_open(self.server, "wire")


class AfPacket(Veth):
    """Packet sockets with rings."""

    def device(self, side):
        return f"net_af_packet0,iface=wire,framecnt={FRAMECNT}"


class AfXdp(Veth):
    """XDP sockets; a veth has no zero-copy mode."""

    def device(self, side):
        return "net_af_xdp0,iface=wire,force_copy=1"

    def is_ready(self):
        return "xdp" in self.server.run("ip", "link", "show", "dev", "wire")


LINKS = {
    "loopback": Loopback,
    "loopback, one core": OneCore,
    "net_ring": Ring,
    "net_memif": Memif,
    "net_memif, flooded": FloodedMemif,
    "net_af_packet": AfPacket,
    "net_af_xdp": AfXdp,
    "net_vhost": Vhost,
}
