# SPDX-License-Identifier: BSD-3-Clause
"""What the interop tests share: namespaces that vanish, programs that end, and result lines.

A test is a function whose name is its claim. run_tests() runs them in order, prints
"ok - NAME", "not ok - NAME: WHY" or "skip - NAME: WHY" for each, and returns the exit status.
Traffic stays inside network namespaces made here; the addresses are those of RFC 2544 tests.
"""

import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

POLLUX = os.environ.get("POLLUX", "build/apps/pollux")
OURS = {4: "198.18.0.2", 6: "fd00::2"}
LINUX = {4: "198.18.0.1", 6: "fd00::1"}
PREFIX = {4: 24, 6: 64}
LINUX_MAC = "02:00:00:00:00:01"  # of linux0
END_GRACE_S = 20
START_S = 30
DEVICES = {
    "net_tap": "net_tap0,iface=pollux0",
    "net_af_packet": "net_af_packet0,iface=pollux0,framecnt=8192",
}

# Whoever ends a test early has its namespaces removed all the same.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def url(family, path="/", port=80):
    """The URL of a server of ours."""
    host = OURS[family] if family == 4 else f"[{OURS[family]}]"
    return f"http://{host}:{port}{path}"


def run(command, **options):
    """Runs a command to its end; its output is in the exception when it fails."""
    options.setdefault("timeout", 120)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options
    )
    if done.returncode != 0:
        text = (done.stdout + done.stderr)[-3000:]
        raise AssertionError(f"{' '.join(command[:6])} ... ended with {done.returncode}: {text}")
    return done.stdout


class Namespace:
    """A network namespace, with everything in it removed at the end."""

    count = 0

    def __init__(self):
        Namespace.count += 1
        self.name = f"pollux-{os.getpid()}-{Namespace.count}"

    def __enter__(self):
        run(["ip", "netns", "add", self.name])
        self.run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *failure):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def command(self, *command):
        """The command as it is run inside."""
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **options):
        """Runs a command inside to its end."""
        return run(self.command(*command), **options)

    def python(self, code, **options):
        """Runs Python code inside."""
        return self.run("/usr/bin/python3", "-c", code, **options)

    def quiet(self, interface):
        """Keeps Linux itself from speaking on an interface that is not its own."""
        self.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")

    def neighbor_mac(self, interface, address):
        """Where Linux has found a neighbour."""
        out = self.run("ip", "-json", "neighbor", "show", "to", address, "dev", interface)
        return json.loads(out)[0]["lladdr"]

    def passes_nothing_on(self):
        """Keeps Linux from being a router for what is not its own."""
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")

    def address(self, interface):
        """Gives Linux its addresses on an interface."""
        for family, addr in LINUX.items():
            flags = ["nodad"] if family == 6 else []
            self.run("ip", "address", "add", f"{addr}/{PREFIX[family]}", "dev", interface, *flags)
        self.run("ip", "link", "set", interface, "up")


class Program:
    """A program that runs in a namespace until it is told to end."""

    def __init__(self, namespace, *command):
        self.output = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            namespace.command(*command), stdout=self.output, stderr=subprocess.STDOUT
        )

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if failure[0] is not None:
            sys.stderr.write(self.text()[-4000:])
        self.output.close()

    def text(self):
        """What it has printed so far."""
        self.output.seek(0)
        return self.output.read()

    def is_running(self):
        """Has it not ended yet?"""
        return self.process.poll() is None

    def interrupt(self):
        """Ends it by SIGINT, in order, and gives its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait(END_GRACE_S)

    def wait(self, timeout_s):
        """Waits for its end and gives its exit status."""
        try:
            return self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end: {self.text()[-2000:]}") from None


def wait_until(question, what, timeout_s=START_S):
    """Asks until the answer is yes."""
    end = time.monotonic() + timeout_s
    while not question():
        assert time.monotonic() < end, f"{what}: not within {timeout_s} s"
        time.sleep(0.05)


def succeeds(command):
    """Does a command end with 0?"""
    return (
        subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=30
        ).returncode
        == 0
    )


def read_json(path):
    """The JSON document in a file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


OUR_ADDRESSES = [
    word for family, addr in OURS.items() for word in ("--address", f"{addr}/{PREFIX[family]}")
]


@contextlib.contextmanager
def veth():
    """Two namespaces joined by a pair of interfaces: ours has no address, Linux sends whole checksums."""
    with Namespace() as ours, Namespace() as linux:
        ours.run(
            "ip", "link", "add", "pollux0", "type", "veth", "peer", "name", "linux0",
            "netns", linux.name, "address", LINUX_MAC,
        )  # fmt: skip
        ours.quiet("pollux0")
        ours.run("ip", "link", "set", "pollux0", "up")
        linux.run("ethtool", "-K", "linux0", "tx", "off", "gso", "off", "tso", "off", "gro", "off")
        linux.address("linux0")
        yield ours, linux


@contextlib.contextmanager
def behind(device, *command):
    """A server of ours behind a device; gives the program, Linux' namespace and its interface."""
    if device == "net_tap":
        with Namespace() as both:
            with Program(both, POLLUX, *command) as server:
                has_device = both.command("ip", "link", "show", "pollux0")
                wait_until(lambda: succeeds(has_device) or not server.is_running(), "TAP device")
                assert server.is_running(), f"the server has ended: {server.text()}"
                both.address("pollux0")
                yield server, both, "pollux0"
    else:
        with veth() as (ours, linux):
            with Program(ours, POLLUX, *command) as server:
                yield server, linux, "linux0"


def serving(device, *options):
    """A server that `pollux serve` describes by its options; else as behind()."""
    return behind(device, "serve", "--port", DEVICES[device], *OUR_ADDRESSES, *options)


@contextlib.contextmanager
def running(device, stack, listen, report):
    """A server with keys of a stack that only a file has: {key: value}; else as behind()."""
    config = {
        "ports": [{"name": "port", "device": DEVICES[device]}],
        "stacks": [{"name": "server", "port": "port", "addresses": OUR_ADDRESSES[1::2], **stack}],
        "servers": [{"stack": "server", **server} for server in listen],
    }
    with tempfile.TemporaryDirectory(prefix="pollux config ") as directory:
        path = os.path.join(directory, "server.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)  # which is YAML too
        with behind(device, "run", path, "--json", report) as parts:
            yield parts


def wait_for_server(server, linux):
    """Until it answers ping in both families."""
    for addr in OURS.values():
        ping = linux.command("ping", "-c", "1", "-W", "1", addr)
        wait_until(lambda ping=ping: succeeds(ping) or not server.is_running(), f"ping {addr}")
        assert server.is_running(), f"the server has ended: {server.text()}"


def statistics(report):
    """Drops and counters of all stacks by name."""
    total = collections.Counter()
    for stack in report["books"]["stacks"]:
        total.update(stack["drops"])
        total.update(stack["counters"])
    return total


def check_books(report):
    """Nothing was lost: frames, connections and buffers add up."""
    assert report["books"]["closed"], f"books do not close: {json.dumps(report['books'])[:2000]}"


def run_tests(tests, needs_root=True):
    """Runs the tests in order and prints their results. The exit status: 0 when none failed."""
    failed = 0
    for test in tests:
        name = test.__name__
        if needs_root and os.geteuid() != 0:
            print(f"skip - {name}: needs root, for network namespaces and devices", flush=True)
            continue
        try:
            test()
            print(f"ok - {name}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as failure:
            failed += 1
            reason = " ".join(str(failure).split())[:2000]
            print(f"not ok - {name}: {reason}", flush=True)
    return 1 if failed else 0
