# SPDX-License-Identifier: BSD-3-Clause
"""A line between two hosts for comparisons with Linux: namespaces, veths, and pollux relay between.

    sender ── veth ── left [pollux relay] right ── veth ── receiver

A host is Linux TCP or Pollux on a packet socket of the same kind of interface; a transfer is an
HTTP GET of a body without end, counted by the receiver. Everything is made afresh for each run, so
that no run knows of the one before, and is removed at its end, however it ends.
"""

import contextlib
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "interop"))

import interop  # noqa: E402  (found by the line above)

PREFIX_LEN = 24
RECEIVER = "198.18.0.2"
BUFFER = "4M"  # of Pollux, each way: Linux goes up to as much by itself
RING = "framecnt=4096"
START_S = 20
NICE = -10  # of all three, so that whatever else runs here disturbs less
LINUX_SETTINGS = (
    "tcp_recovery", "tcp_early_retrans", "tcp_frto", "tcp_timestamps", "tcp_ecn", "tcp_reordering",
    "tcp_slow_start_after_idle", "tcp_rmem", "tcp_wmem",
)  # fmt: skip
LINUX_COUNTERS = ("RetransSegs", "TCPTimeouts", "TCPFastRetrans", "TCPLossProbes", "TCPSpuriousRTOs")

# Answers every connection with a body that does not end before the program does.
LINUX_SENDER = """
import socket, sys, threading

def serve(peer):
    # As the namespace's default only controls may be set that the machine allows to everybody.
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sys.argv[2].encode())
    while b"\\r\\n\\r\\n" not in peer.recv(65536):
        pass
    peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000000000000\\r\\n\\r\\n")
    block = bytes(1 << 18)
    try:
        while True:
            peer.sendall(block)
    except OSError:
        pass

listener = socket.create_server((sys.argv[1], 80))
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

# Asks each address for its body at the same moment; prints the bytes of each between two times.
LINUX_RECEIVER = """
import json, selectors, socket, sys, time

begin_s, end_s, *addresses = sys.argv[1:]
begin_s, end_s = float(begin_s), float(end_s)
start = time.monotonic()
selector, counted, block = selectors.DefaultSelector(), [0] * len(addresses), bytearray(1 << 20)
for i, address in enumerate(addresses):
    peer = socket.socket()
    peer.setblocking(False)
    peer.connect_ex((address, 80))
    selector.register(peer, selectors.EVENT_WRITE, i)
while (now := time.monotonic() - start) < end_s:
    for key, _ in selector.select(end_s - now):
        if key.events == selectors.EVENT_WRITE:
            key.fileobj.send(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
            continue
        n = key.fileobj.recv_into(block)
        assert n, "the sender has ended"
        if time.monotonic() - start >= begin_s:
            counted[key.data] += n
print(json.dumps(counted))
"""


@dataclasses.dataclass(frozen=True)
class Link:
    """What the line does: equal both ways, but for the loss, which only data meets."""

    rate_mbit: int = 100
    rtt_ms: int = 20
    loss: str = "0%"
    seed: int = 1

    def queue_bytes(self):
        """One product of bandwidth and delay."""
        return self.rate_mbit * self.rtt_ms * 125

    def body_bytes(self, seconds):
        """More than can be moved in so many seconds."""
        return int(self.rate_mbit * 125000 * (seconds + 1))

    def options(self):
        """For pollux relay; data goes from left to right."""
        return [
            "--rate", f"{self.rate_mbit}M", "--queue", str(self.queue_bytes()),
            "--delay", f"{self.rtt_ms * 500}us", "--loss", f"{self.loss},0%",
            "--seed", str(self.seed),
        ]  # fmt: skip


def cpus():
    """A CPU for the relay and one each for sender and receiver, as far as there are enough."""
    allowed = sorted(os.sched_getaffinity(0))
    others = allowed[:-1] or allowed
    return {"relay": allowed[-1], "sender": others[0], "receiver": others[-1]}


def pinned(who, *command):
    """The command on its CPU. A Pollux that has one CPU only gives way when it has nothing to do."""
    return ["nice", "-n", str(NICE), "taskset", "-c", str(cpus()[who]), *command]


def plug(ours, interface, other, peer):
    """A veth pair between two namespaces, whole checksums and no oversized frames on either end."""
    ours.run("ip", "link", "add", interface, "type", "veth", "peer", "name", peer, "netns", other.name)
    for namespace, name in ((ours, interface), (other, peer)):
        namespace.quiet(name)
        namespace.run("ethtool", "-K", name, "tx", "off", "rx", "off", "tso", "off", "gso", "off",
                      "gro", "off")
        namespace.run("ip", "link", "set", name, "up")


def is_open(namespace, interface):
    """Has Pollux opened it? It listens to all addresses then."""
    out = namespace.run("ip", "-json", "link", "show", "dev", interface)
    return "PROMISC" in json.loads(out)[0]["flags"]


def wait_for_pollux(program, namespace, interfaces):
    """Until it has opened its ports."""
    interop.wait_until(
        lambda: not program.is_running() or all(is_open(namespace, name) for name in interfaces),
        "pollux", START_S,
    )  # fmt: skip
    assert program.is_running(), f"pollux has ended: {program.text()[-2000:]}"


class Relay:
    """pollux relay between two namespaces; its report is there once it has been stopped."""

    def __init__(self, stack, directory, link, left, right):
        self.namespace = stack.enter_context(interop.Namespace())
        self.report_path = os.path.join(directory, "relay.json")
        plug(left, "wire", self.namespace, "left")
        plug(right, "wire", self.namespace, "right")
        self.program = stack.enter_context(interop.Program(
            self.namespace, *pinned(
                "relay", interop.POLLUX, "relay",
                "--port", f"net_af_packet0,iface=left,{RING}",
                "--port", f"net_af_packet1,iface=right,{RING}",
                *link.options(), "--json", self.report_path)))  # fmt: skip
        wait_for_pollux(self.program, self.namespace, ("left", "right"))

    def stop(self):
        """Ends it; gives what happened to the frames each way."""
        status = self.program.interrupt()
        assert status == 0, f"the relay ended with {status}: {self.program.text()[-2000:]}"
        books = interop.read_json(self.report_path)["books"]
        assert books["closed"], books
        ports = {port["port"]: port for port in books["ports"]}
        missed = sum(port["rx_missed"] + port["tx_errors"] for port in ports.values())
        return {"data": ports["left"]["rx_impairment"], "acks": ports["right"]["rx_impairment"],
                "missed": missed}  # fmt: skip


def become_linux(namespace, address, sack):
    """Linux TCP on the interface, with nothing kept from connection to connection."""
    namespace.run("sysctl", "-qw", f"net.ipv4.tcp_sack={int(sack)}", "net.ipv4.tcp_no_metrics_save=1")
    namespace.run("ip", "address", "add", f"{address}/{PREFIX_LEN}", "dev", "wire")


def linux_counters(namespace):
    """Some of the kernel's, which are the namespace's own."""
    text = namespace.run("cat", "/proc/net/snmp", "/proc/net/netstat")
    lines = [line.split() for line in text.splitlines()]
    values = {}
    for names, numbers in zip(lines[::2], lines[1::2]):
        values.update(zip(names[1:], numbers[1:]))
    return {name: int(values[name]) for name in LINUX_COUNTERS}


class LinuxSender:
    """Linux sends."""

    def __init__(self, stack, namespace, address, congestion, sack):
        become_linux(namespace, address, sack)
        self.namespace = namespace
        self.program = stack.enter_context(interop.Program(
            namespace,
            *pinned("sender", "/usr/bin/python3", "-c", LINUX_SENDER, address, congestion)))
        interop.wait_until(lambda: "ready" in self.program.text(), "Linux' sender", START_S)

    def stop(self):
        """What it has counted."""
        return linux_counters(self.namespace)


# Linux' names of congestion controls, and ours.
POLLUX_CONGESTION = {"reno": "newreno", "cubic": "cubic"}


class PolluxSender:
    """Pollux sends."""

    def __init__(self, stack, namespace, address, congestion, directory, body_bytes, options=()):
        self.report_path = os.path.join(directory, "sender.json")
        self.program = stack.enter_context(interop.Program(namespace, *pinned(
            "sender", interop.POLLUX, "serve", "--port", f"net_af_packet0,iface=wire,{RING}",
            "--address", f"{address}/{PREFIX_LEN}", "--listen", "http:*:80", "--body-size", str(body_bytes),
            "--congestion", POLLUX_CONGESTION[congestion], "--send-buffer", BUFFER,
            "--json", self.report_path, *options)))  # fmt: skip
        # The first line of progress comes when everything is there, a large body too.
        interop.wait_until(lambda: " 1 s " in self.program.text(), "Pollux' sender", START_S)

    def stop(self):
        """What its stack has counted, but for what is zero."""
        self.program.interrupt()
        report = interop.read_json(self.report_path)
        return {name: n for name, n in report["books"]["stacks"][0]["counters"].items() if n}


def linux_receives(namespace, address, sack, window_s, senders):
    """Linux asks each sender at once; the bytes of each within the window, a pair of seconds."""
    become_linux(namespace, address, sack)
    out = namespace.run(
        *pinned("receiver", "/usr/bin/python3", "-c", LINUX_RECEIVER, *map(str, window_s), *senders),
        timeout=window_s[1] + 30,
    )  # fmt: skip
    return json.loads(out)


def pollux_receives(namespace, address, seconds, sender, directory):
    """Pollux asks; the bytes within so many seconds."""
    path = os.path.join(directory, "receiver.json")
    command = namespace.command(*pinned(
        "receiver", interop.POLLUX, "load", "--port", f"net_af_packet0,iface=wire,{RING}",
        "--address", f"{address}/{PREFIX_LEN}", "--target", f"http://{sender}/",
        "--connections", "1", "--duration", f"{int(seconds * 1000)}ms", "--timeout", "10m",
        "--drain", "0", "--receive-buffer", BUFFER, "--json", path))  # fmt: skip
    # The answer does not come to its end, which the exit status tells: 1.
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=seconds + 60)  # fmt: skip
    assert done.returncode in (0, 1), done.stdout[-2000:]
    report = interop.read_json(path)
    interop.check_books(report)
    return report["bytes"]["rx"]


def folder(stack):
    """A folder for reports, gone with the stack."""
    return stack.enter_context(tempfile.TemporaryDirectory(prefix="pollux bench "))


@contextlib.contextmanager
def line(link):
    """Sender's and receiver's namespaces with a relay between, a folder, and an ExitStack."""
    with contextlib.ExitStack() as stack:
        directory = folder(stack)
        sender = stack.enter_context(interop.Namespace())
        receiver = stack.enter_context(interop.Namespace())
        relay = Relay(stack, directory, link, sender, receiver)
        yield stack, directory, sender, receiver, relay


def measure_line(link, sender_address):
    """The line without loss: round trips by ping, and what Linux gets through it."""
    with line(link) as (stack, _, sender, receiver, relay):
        LinuxSender(stack, sender, sender_address, "cubic", True)
        become_linux(receiver, RECEIVER, True)
        out = receiver.run("ping", "-q", "-c", "100", "-i", "0.02", sender_address)
        receiver.run("ip", "address", "flush", "dev", "wire")
        (got,) = linux_receives(receiver, RECEIVER, True, (2, 6), [sender_address])
        relay.stop()
    least, mean, most = re.search(r"= ([\d.]+)/([\d.]+)/([\d.]+)/", out).groups()
    return {"rtt_ms": [float(least), float(mean), float(most)], "mbit_per_s": got * 8 / 4 / 1e6}


def commit():
    """Of the source, with a mark when it has been changed since."""
    git = ["git", "-C", HERE]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                          check=False).stdout.strip()  # fmt: skip
    changed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"],
                             capture_output=True, text=True, check=False).stdout  # fmt: skip
    return (head or "unknown") + (" with changes" if changed else "")


def processor():
    """Its name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else os.uname().machine


def settings():
    """Defaults of Linux that bear on loss recovery."""
    values = {}
    for name in LINUX_SETTINGS:
        with open(f"/proc/sys/net/ipv4/{name}", encoding="utf-8") as file:
            values[name] = " ".join(file.read().split())
    return values


def conditions(link, sender_address):
    """Everything that a reader needs to judge the figures."""
    return {
        "commit": commit(), "kernel": os.uname().release, "processor": processor(),
        "cpus": len(os.sched_getaffinity(0)), "placement": cpus(), "linux": settings(),
        "load_average": os.getloadavg()[0], "line": measure_line(link, sender_address),
    }  # fmt: skip


def print_conditions(found, link):
    """As lines above a table."""
    least, mean, most = found["line"]["rtt_ms"]
    print(f"{found['processor']}, {found['cpus']} CPUs: relay on {found['placement']['relay']}, "
          f"sender on {found['placement']['sender']}, receiver on {found['placement']['receiver']}; "
          f"load average {found['load_average']:.2f} before")
    print(f"Linux {found['kernel']}, Pollux at {found['commit']}")
    print(f"line: {link.rate_mbit} Mbit/s, {link.rtt_ms} ms, {link.queue_bytes()} bytes of queue; "
          f"measured without loss: ping {least:.2f}/{mean:.2f}/{most:.2f} ms (min/mean/max), "
          f"Linux {found['line']['mbit_per_s']:.1f} Mbit/s")
    print("Linux: tcp_no_metrics_save=1, offloads off; defaults "
          + ", ".join(f"{name}={value}" for name, value in found["linux"].items()), flush=True)


@contextlib.contextmanager
def journal(path):
    """A function that writes a value as a line of JSON to a file, or does nothing without one."""
    if not path:
        yield lambda value: None
        return
    with open(path, "w", encoding="utf-8") as file:
        yield lambda value: print(json.dumps(value), file=file, flush=True)


def begin(write, link, sender_address, **more):
    """Measures the conditions, tells, writes and gives them, together with what else there is to know."""
    found = {**conditions(link, sender_address), **more}
    write({"conditions": found})
    print_conditions(found, link)
    return found


def read_journal(path):
    """The conditions and the runs of an earlier journal."""
    with open(path, encoding="utf-8") as file:
        first, *runs = (json.loads(line) for line in file)
    return first["conditions"], runs


def describe(found):
    """The conditions as a sentence for the documentation."""
    least, mean, most = found["line"]["rtt_ms"]
    return (f"Pollux at {found['commit']}, Linux {found['kernel']}, {found['processor']}, "
            f"{found['cpus']} CPUs, load average {found['load_average']:.1f} before. The line without "
            f"loss: ping {least:.2f} / {mean:.2f} / {most:.2f} ms (min / mean / max), "
            f"Linux {found['line']['mbit_per_s']:.1f} Mbit/s.")


def markdown(*rows):
    """A table of the documentation, the first row being its head."""
    head, *body = (f"| {' | '.join(map(str, row))} |" for row in rows)
    return [head, "|" + "---|" * len(rows[0]), *body]


def write_docs(name, lines):
    """Puts lines between the marks of that name in docs/loss-vs-linux.md."""
    path = os.path.join(HERE, "..", "docs", "loss-vs-linux.md")
    begin_mark, end_mark = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin_mark)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin_mark + "\n".join(lines) + "\n" + end_mark + rest.split(end_mark)[1])


def main(function):
    """Runs a script: root is needed, a failure is said, everything is removed on the way out."""
    interop.POLLUX = os.path.abspath(interop.POLLUX)
    if os.geteuid() != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: needs root, for network namespaces; run it with sudo")
    if not os.access(interop.POLLUX, os.X_OK):
        sys.exit(f"{interop.POLLUX}: is not there; build it with make, or set POLLUX")
    try:
        sys.exit(function())
    except (AssertionError, OSError, subprocess.SubprocessError) as failure:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {' '.join(str(failure).split())[:2000]}")
    except KeyboardInterrupt:
        sys.exit(130)
