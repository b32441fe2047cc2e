#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pollux load against nginx on Linux, with tshark as judge of every segment on the wire."""

import collections
import contextlib
import os
import sys
import tempfile

import interop

NGINX_CONF = """
daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log; user root;
worker_processes 1; events {{ worker_connections 4096; }}
http {{
	access_log {directory}/access.log; keepalive_requests 1000000; client_body_temp_path {directory};
	proxy_temp_path {directory}; fastcgi_temp_path {directory}; uwsgi_temp_path {directory};
	scgi_temp_path {directory}; server {{
		listen 198.18.0.1:80 backlog=4096; listen [fd00::1]:80 backlog=4096;
		location / {{ return 200 "0123456789012345678901234567890123456789012345678901234567890123"; }}
	}}
}}
"""
TARGET = {4: "http://198.18.0.1/", 6: "http://[fd00::1]/"}
JUDGE = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
# What the wire may show without anything having gone wrong.
HARMLESS = {"tcp.analysis.window_update", "tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack"}


@contextlib.contextmanager
def nginx():
    """nginx in Linux' namespace; gives both namespaces and nginx's directory."""
    with tempfile.TemporaryDirectory(prefix="pollux-nginx-") as directory, interop.veth() as (
        ours,
        linux,
    ):
        conf = os.path.join(directory, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(NGINX_CONF.format(directory=directory))
        with interop.Program(linux, "nginx", "-c", conf, "-e", f"{directory}/error.log"):
            fetch = linux.command("curl", "--fail", "--max-time", "2", TARGET[4])
            interop.wait_until(lambda: interop.succeeds(fetch), "nginx")
            yield ours, linux, directory


def count_log(directory):
    """Requests that nginx has logged, but for the one of curl."""
    with open(os.path.join(directory, "access.log"), encoding="utf-8") as file:
        return sum(1 for line in file if "curl/" not in line)


def load(ours, directory, family, *options):
    """Runs pollux load to its end and gives its report."""
    report = os.path.join(directory, "load.json")
    command = [interop.POLLUX, "load", "--port", "net_af_packet0,iface=pollux0"]
    for f, addr in interop.OURS.items():
        command += ["--address", f"{addr}/{interop.PREFIX[f]}"]
    ours.run(*command, "--target", TARGET[family], "--json", report, *options, timeout=90)
    return interop.read_json(report)


def check(report, at_least, logged):
    """Every request was answered, and nginx saw as many."""
    requests = report["requests"]
    interop.check_books(report)
    assert requests["failed"] == 0 and not any(report["errors"].values()), report["errors"]
    assert requests["sent"] == requests["answered"] == logged, f"{requests}, nginx logged {logged}"
    assert requests["answered"] >= at_least, f"{requests['answered']} of {at_least} requests"


def ten_thousand_requests_with_a_connection_each():
    """2,000 a second; both families."""
    for family in (4, 6):
        with nginx() as (ours, _, directory):
            report = load(
                ours, directory, family, "--connections", "50", "--requests-per-connection", "1",
                "--rate", "2000", "--duration", "5500ms",
            )  # fmt: skip
            check(report, 10000, count_log(directory))
            opened = report["connections"]["opened"]
            assert opened == report["requests"]["answered"], report["connections"]


def hundred_thousand_requests_kept_alive():
    """10,000 a second over 50 connections."""
    with nginx() as (ours, _, directory):
        report = load(
            ours, directory, 4, "--connections", "50", "--rate", "10000", "--duration", "11s"
        )
        check(report, 100000, count_log(directory))
        assert report["connections"]["opened"] == 50, report["connections"]


def fields_of(linux, capture, query, field):
    """One field of the frames that a display filter selects."""
    command = ["tshark", "-r", capture, *JUDGE, "-Y", query, "-T", "fields", "-e", field]
    return linux.run(*command, timeout=120).split()


def tshark_finds_nothing_wrong():
    """Malformed frames, bad checksums, and analysis flags that our counters do not explain."""
    for family in (4, 6):
        with nginx() as (ours, linux, directory):
            capture = os.path.join(directory, "capture.pcap")
            dumpcap = ["dumpcap", "-q", "-i", "linux0", "-B", "64", "-w", capture]
            with interop.Program(linux, *dumpcap) as capturing:
                interop.wait_until(lambda: os.path.exists(capture), "dumpcap")
                report = load(
                    ours, directory, family, "--connections", "20",
                    "--requests-per-connection", "10", "--rate", "2000", "--duration", "2s",
                )  # fmt: skip
                capturing.interrupt()
            judge(linux, capture, report)


def judge(linux, capture, report):
    """Holds a capture against the report of the run."""
    # A sum of zero may be written as all ones, as Linux does; in one's complement it is the same.
    bad = (
        '_ws.malformed or (tcp.checksum.status == "Bad" and not tcp.checksum == 0xffff)'
        ' or ip.checksum.status == "Bad"'
        ' or icmpv6.checksum.status == "Bad"'
    )
    wrong = fields_of(linux, capture, bad, "frame.number")
    assert not wrong, f"malformed or with a bad checksum: frames {wrong[:20]}"
    seen = fields_of(linux, capture, "tcp", "frame.number")
    assert len(seen) > 4000, f"only {len(seen)} TCP frames were captured"
    flags = collections.Counter()
    for name in ("retransmission", "duplicate_ack", "out_of_order", "lost_segment", "zero_window",
                 "ack_lost_segment", "window_full", "reused_ports"):  # fmt: skip
        flags[name] = len(fields_of(linux, capture, f"tcp.analysis.{name}", "frame.number"))
    counters = report["books"]["stacks"][0]["counters"]
    explained = {
        "retransmission": counters.get("tcp_retransmits", 0)
        + counters.get("tcp_duplicates_received", 0),
        "duplicate_ack": counters.get("tcp_duplicate_acks", 0),
    }
    for name, count in flags.items():
        assert count <= explained.get(name, 0), f"tcp.analysis.{name}: {count} frames, {explained}"


def unreachable_target_is_reported_by_kind():
    """Refused by Linux, and an address that nobody has: errors by kind, exit status 1."""
    with nginx() as (ours, _, directory):
        for target, kind in (("198.18.0.1:81", "refused"), ("198.18.0.99:80", "unreachable")):
            report = os.path.join(directory, "failed.json")
            command = [
                interop.POLLUX, "load", "--port", "net_af_packet0,iface=pollux0",
                "--address", "198.18.0.2/24", "--target", f"http://{target}/",
                "--connections", "2", "--duration", "6s", "--json", report,
            ]  # fmt: skip
            with interop.Program(ours, *command) as program:
                status = program.wait(60)
                assert status == 1, f"exit status {status}: {program.text()[-1000:]}"
            errors = interop.read_json(report)["errors"]
            assert errors.get(kind, 0) > 0, f"{target}: {errors}"


if __name__ == "__main__":
    sys.exit(
        interop.run_tests(
            [
                ten_thousand_requests_with_a_connection_each,
                hundred_thousand_requests_kept_alive,
                tshark_finds_nothing_wrong,
                unreachable_target_is_reported_by_kind,
            ]
        )
    )
