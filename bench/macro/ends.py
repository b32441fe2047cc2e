# SPDX-License-Identifier: BSD-3-Clause
"""One run: both ends described, started, ended, and their reports read."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

import links
import machine
from machine import interop

SERVER = {4: "198.18.0.2", 6: "fd00::2"}
PREFIX = {4: 16, 6: 64}
PORTS = {"http": 80, "echo": 7}
START_S = 20
END_S = 40
PROGRESS = re.compile(
    r"^ *(\d+) s +([\d,]+) requests/s +\S+ \S+ +([\d,]+) connections +([\d,]+) failed$", re.MULTILINE)


def source_range(family, count):
    """Addresses of the load, none of which is the server's."""
    if family == 4:
        return f"198.18.1.1-198.18.1.{count}"
    return f"fd00::1:1-fd00::1:{count:x}"


def target(protocol, family):
    """What the load asks."""
    host = SERVER[family] if family == 4 else f"[{SERVER[family]}]"
    return f"{protocol}://{host}"


class Plan:
    """The configuration of a scenario's ends over a link."""

    def __init__(self, scenario, link, family, seconds):
        self.scenario, self.link, self.family, self.seconds = scenario, link, family, seconds

    def stack(self, side):
        """The stack of an end."""
        count = self.scenario.load["connections"]
        prefix = PREFIX[self.family]
        address = (SERVER[self.family] if side == "server"
                   else source_range(self.family, self.scenario.sources))
        return {
            "name": side, "port": self.link.ports(side)[0]["name"],
            "addresses": [f"{address}/{prefix}"], "max_connections": max(65536, 2 * count),
            **self.scenario.stack, **self.link.keys(side),
        }  # fmt: skip

    def end(self, side):
        """What runs on it."""
        if side == "server":
            listen = f"{self.scenario.protocol}:*:{PORTS[self.scenario.protocol]}"
            return {"servers": [{"stack": side, "listen": listen, **self.scenario.server}]}
        load = {
            "stack": side, "target": target(self.scenario.protocol, self.family),
            "duration": f"{self.seconds}s",
            "source": source_range(self.family, self.scenario.sources), **self.scenario.load,
        }  # fmt: skip
        return {"loads": [load]}

    def configuration(self, sides):
        """Of a process that has these ends."""
        whole = {"ports": [port for side in sides for port in self.link.ports(side)],
                 "stacks": [self.stack(side) for side in sides]}  # fmt: skip
        for side in sides:
            whole.update(self.end(side))
        return whole


class Process:
    """A pollux with one or both ends."""

    def __init__(self, plan, sides, directory):
        self.name = sides[-1]
        self.path = os.path.join(directory, f"{self.name}.json")
        config = os.path.join(directory, f"{self.name}.yaml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(plan.configuration(sides), file)  # which is YAML too
        cpus = [machine.cores()[who] for who in (plan.link.cpus if len(sides) > 1 else sides)]
        self.program = interop.Program(
            plan.link.namespace(self.name),
            *machine.pinned(cpus, interop.POLLUX, "run", config, "--json", self.path))  # fmt: skip

    def report(self):
        """What it has told at its end, with its lines of progress and what it says about memory."""
        text = self.program.text()
        if not os.path.exists(self.path) or os.path.getsize(self.path) == 0:
            raise AssertionError(f"{self.name} has ended without a report: {text[-1500:]}")
        report = interop.read_json(self.path)
        report["progress"] = [tuple(int(number.replace(",", "")) for number in line)
                              for line in PROGRESS.findall(text)]  # fmt: skip
        report["has_ordinary_memory"] = "so ordinary memory is used" in text
        return report


def check_started(process, side):
    """A device that this machine does not let be there is a Skip."""
    if process.program.is_running():
        return
    text = process.program.text()
    refused = re.search(r"^pollux: (?:wire|port wire|net_\w+): .*", text, re.MULTILINE)
    if refused:
        raise links.Skip(refused.group(0))
    raise AssertionError(f"{side} has ended: {text[-1000:]}")


def run(scenario, link_name, family, seconds):
    """Both ends; gives {"server": report, "client": report}, one report for both over a loopback."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pollux bench "))
        link = links.LINKS[link_name](stack, directory)
        plan = Plan(scenario, link, family, seconds)
        if link.is_one_process:
            begun = time.monotonic()
            both = stack.enter_context(start(plan, ("server", "client"), directory))
            both.program.wait(seconds + END_S)
            report = {"run_s": time.monotonic() - begun, **both.report()}
            return {"client": report, "server": report}
        server = stack.enter_context(start(plan, ("server",), directory))
        interop.wait_until(lambda: link.is_ready() or not server.program.is_running(), "server", START_S)
        check_started(server, "server")
        link.join(stack)
        client = stack.enter_context(start(plan, ("client",), directory))
        client.program.wait(seconds + END_S)
        reports = {}
        link.part(reports)
        server.program.interrupt()
        return {**reports, "client": client.report(), "server": server.report()}


@contextlib.contextmanager
def start(plan, sides, directory):
    """A process while it is needed; it does not outlive the run."""
    process = Process(plan, sides, directory)
    try:
        yield process
    finally:
        if process.program.is_running():
            process.program.process.kill()
            process.program.process.wait()
        process.program.output.close()


def failure(error):
    """One line about what went wrong with a run."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not within {error.timeout} s"
    return " ".join(str(error).split())[:300]
