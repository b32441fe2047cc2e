# SPDX-License-Identifier: BSD-3-Clause
"""How two ends are joined: one process over a loopback, or two over memory or a pair of interfaces.

A link has the port of each end and says when the server's is there. What cannot be had on this
machine is a Skip with its reason.
"""

import os

from machine import interop, testbed

DESCRIPTORS = 4096
RING_LOG2 = 12
FRAMECNT = 4096


class Skip(Exception):
    """This machine cannot."""


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

    def socket(self):
        """Where the ends of what is memory meet."""
        return os.path.join(self.directory, "wire.sock")

    def is_ready(self):
        """May the load's end be started?"""
        return os.path.exists(self.socket())


class Loopback(Link):
    """Both ends in one process."""

    is_one_process = True
    cpus = ("server", "client")

    def ports(self, side):
        peer = {"peer": "server"} if side == "client" else {}
        return [{"name": side, "device": "loopback", "rx_descriptors": DESCRIPTORS,
                 "tx_descriptors": DESCRIPTORS, **peer}]  # fmt: skip


class OneCore(Loopback):
    """Both ends on one thread."""

    cpus = ("client",)


class Ring(Link):
    """A port of net_ring."""

    def __init__(self, stack, directory):
        super().__init__(stack, directory)
        raise Skip("a net_ring that is given as a device is joined to itself: both ends are one port")


class Memif(Link):
    """Shared memory, frames copied."""

    def device(self, side):
        role = {"server": "server", "client": "client"}[side]
        return (f"net_memif0,role={role},id=0,rsize={RING_LOG2},socket={self.socket()},"
                "socket-abstract=no")  # fmt: skip


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
    "net_af_packet": AfPacket,
    "net_af_xdp": AfXdp,
    "net_vhost": Vhost,
}
