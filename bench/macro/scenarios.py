# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: a list. Keys of loads, servers and stacks are those of a configuration file.

A scenario runs over each of its links in each of its families; `quick` are the links that it has
without --all. What a figure is worth, and the goal it is held against, stands with the scenario.
"""

import dataclasses

LOOPBACK, ONE_CORE, RING, MEMIF = "loopback", "loopback, one core", "net_ring", "net_memif"
FLOODED, NO_DEVICE = "net_memif, flooded", "no device"
AF_PACKET, AF_XDP, VHOST = "net_af_packet", "net_af_xdp", "net_vhost"
EVERY = (LOOPBACK, RING, MEMIF, AF_PACKET, AF_XDP, VHOST)
SHARED = (LOOPBACK, MEMIF)  # links that are memory, and keep up


@dataclasses.dataclass(frozen=True)
class Goal:
    """At least or at most so much, over one link."""

    link: str
    least: float = 0.0
    most: float = 0.0
    figure: str = "value"
    unit: str = ""  # of another figure than the scenario's

    def ratio(self, value):
        """How far it is met: 1 or more is."""
        return value / self.least if self.least else self.most / value


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One thing to measure."""

    name: str
    what: str  # packets and payloads, what differs from the defaults
    metric: str  # a function of results.py
    unit: str
    load: dict
    server: dict = dataclasses.field(default_factory=dict)
    stack: dict = dataclasses.field(default_factory=dict)  # of both ends
    links: tuple = EVERY
    quick: tuple = SHARED
    families: tuple = (4, 6)
    quick_families: tuple = (4,)  # over memory; over other links always IPv4
    protocol: str = "http"
    seconds: int = 3
    memory_mb: int = 3000  # of both ends together
    sources: int = 32  # addresses that the load connects from
    goals: tuple = ()
    docs: str = ""  # how docs/performance.md calls it

    def chosen_links(self, all_of_it):
        """Where it is measured."""
        return self.links if all_of_it else self.quick

    def chosen_families(self, link, all_of_it):
        """IPv4, IPv6."""
        if all_of_it:
            return self.families
        return self.quick_families if link in SHARED else (4,)


def connections(name, what, stack, **more):
    """A new connection for each request: SYN, SYN+ACK, ACK with request, response with FIN, FIN, ACK."""
    return Scenario(
        name, f"6 packets a connection, HTTP GET, 1 byte of body, {what}",
        "connections_per_s", "connections/s",
        {"connections": 1000, "requests_per_connection": 1}, {"body_size": 1}, stack, seconds=2, **more,
    )  # fmt: skip


def requests(name, connections_count, body, label, load=None, **more):
    """Requests one after the other on connections that stay."""
    more.setdefault("stack", {"time_wait": 0})
    return Scenario(
        name, f"{label} connections kept, HTTP GET, {body} of body, 2 packets a request",
        "requests_per_s", "requests/s",
        {"connections": connections_count, **(load or {})}, {"body_size": body.removesuffix(" B")}, **more,
    )  # fmt: skip


def echoes(name, connections_count, label, **more):
    """The same without HTTP: a byte there and back."""
    return Scenario(
        name, f"{label} connections kept, 1 byte there and back, 2 packets a request",
        "requests_per_s", "requests/s", {"connections": connections_count, "request_size": 1},
        stack={"time_wait": 0}, protocol="echo", links=SHARED, **more,
    )  # fmt: skip


SCENARIOS = (
    connections(
        "connections", "no TIME_WAIT", {"time_wait": 0}, links=EVERY, quick=EVERY,
        quick_families=(4, 6), goals=(Goal(MEMIF, least=1.9e6),), docs="new connections",
    ),
    connections(
        "connections, TIME_WAIT", "TIME_WAIT of 60 s in a table of 4 M",
        {"time_wait": "60s", "max_time_wait": 4_000_000}, links=SHARED, quick=(MEMIF,),
        memory_mb=5000, sources=128,
        goals=(Goal(MEMIF, least=1.9e6),), docs="new connections, bounded TIME_WAIT table",
    ),
    echoes("echoes, 1 k", 1000, "1,000", goals=(Goal(MEMIF, least=8.3e6),),
           docs="keep-alive requests of 1 byte, 1,000 connections"),
    echoes("echoes, 100 k", 100_000, "100,000", quick=(MEMIF,), seconds=5, goals=(Goal(MEMIF, least=3.6e6),),
           docs="keep-alive requests of 1 byte, 100,000 connections"),
    requests(
        "requests, 1 k", 1000, "1 B", "1,000", quick=EVERY, quick_families=(4, 6),
        docs="keep-alive requests, 1,000 connections, HTTP",
    ),
    requests("requests, 1 k, 1 KB", 1000, "1k", "1,000", quick=(MEMIF,), docs="requests for 1 KB"),
    requests("requests, 100, 64 KB", 100, "64k", "100", quick=(MEMIF,), docs="requests for 64 KB"),
    requests("requests, 100 k", 100_000, "1 B", "100,000", links=SHARED, quick=(MEMIF,), seconds=5,
             docs="keep-alive requests, 100,000 connections, HTTP"),
    requests("requests, 1 M", 1_000_000, "1 B", "1,000,000 at first opened", {"open_first": "yes"},
             links=SHARED, quick=(), seconds=6, memory_mb=4000,
             docs="keep-alive requests, 1,000,000 connections, HTTP"),
    Scenario(
        "bulk", "one stream one way, MTU 1500, bodies of 64 MB", "gbit_per_s",
        "Gbit/s", {"connections": 1}, {"body_size": "64M"}, seconds=2, links=EVERY, quick=EVERY,
        goals=(Goal(MEMIF, least=40),), docs="bulk, one stream",
    ),
    Scenario(
        "flood", "SYNs of 64 bytes from 2^32 tuples for 3 s, half-open table of 16,384, then cookies; beside it "
        "1,000 new connections/s with a request each, on the flood's core", "syns_per_s", "SYN/s",
        {"connections": 100, "requests_per_connection": 1, "rate": 1000}, {"body_size": 1},
        {"time_wait": 0}, links=(FLOODED,), quick=(FLOODED,), families=(4,), seconds=5,
        goals=(Goal(FLOODED, least=8e6),
               Goal(FLOODED, least=1, figure="bystanders_answered", unit="of what they ask")),
        docs="SYN flood answered",
    ),
    Scenario(
        "memory", "of an idle established connection; half-open and TIME_WAIT by family; table and timers included",
        "bytes", "bytes", {}, links=(NO_DEVICE,), quick=(NO_DEVICE,), families=(4,), memory_mb=0,
        goals=(Goal(NO_DEVICE, most=384), Goal(NO_DEVICE, most=96, figure="half_open_ipv4"),
               Goal(NO_DEVICE, most=128, figure="half_open_ipv6"), Goal(NO_DEVICE, most=96, figure="time_wait_ipv4"),
               Goal(NO_DEVICE, most=128, figure="time_wait_ipv6")), docs="memory of a connection",
    ),
    Scenario(
        "start", "from the start of the program, both ends in it, to its end; it answers one request in between",
        "run_s", "s", {"connections": 1, "requests_per_connection": 1, "rate": 1, "duration": "1ms"},
        links=(LOOPBACK,), quick=(LOOPBACK,), families=(4,), seconds=1,
        goals=(Goal(LOOPBACK, most=1),), docs="start to first answered request",
    ),
    Scenario(
        "latency", "100,000 requests/s on a schedule over 100 connections, 1 byte of body, from when "
        "each was due", "latency_us", "us",
        {"connections": 100, "rate": 100_000}, {"body_size": 1}, {"time_wait": 0},
        links=(LOOPBACK, ONE_CORE, MEMIF, VHOST), quick=(LOOPBACK, ONE_CORE, MEMIF),
        goals=(Goal(LOOPBACK, most=50, figure="p99_9"), Goal(ONE_CORE, most=1.5, figure="p50"),
               Goal(ONE_CORE, most=3, figure="p99_9")), docs="request latency",
    ),
)  # fmt: skip
