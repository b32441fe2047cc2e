#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The comparisons with Linux run, judge by their goals, and leave nothing behind; figures are not looked at.

One short run of each cell, where the medians of bench/ take minutes.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import interop

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench")
SHORT = "--runs", "1", "--report"
CELLS = ("Linux to Linux, no SACK", "Linux to Linux, SACK", "Pollux to Linux", "Linux to Pollux",
         "Pollux to Pollux")  # fmt: skip


def namespaces():
    """Those that tests and benchmarks make; others' are not ours to look at."""
    return {name for name in re.findall(r"^pollux-\S+", interop.run(["ip", "netns", "list"]), re.M)}


def script(name, *arguments):
    """Starts a script of bench/."""
    return subprocess.Popen([os.path.join(BENCH, name), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)  # fmt: skip


def run(name, *arguments, status=0):
    """Runs one to its end; what it printed, and its lines of JSON."""
    before = namespaces()
    with tempfile.TemporaryDirectory(prefix="pollux bench ") as folder:
        path = os.path.join(folder, "lines.json")
        with script(name, *arguments, "--json", path) as program:
            out, _ = program.communicate(timeout=250)
        assert program.returncode == status, f"status {program.returncode}: {out[-2000:]}"
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    assert namespaces() <= before, "it left a namespace behind"
    return out, lines


def goodput_over_a_lossy_line_is_compared():
    """Every cell once, with a second's bytes and what the relay has lost."""
    out, (first, *runs) = run("loss-vs-linux", *SHORT, "--seconds", "1", "--loss", "1%",
                              "--congestion", "reno")
    assert first["conditions"]["line"]["rtt_ms"][0] > 15, first
    assert [line["cell"] for line in runs] == list(CELLS)
    for line in runs:
        assert line["mbit_per_s"] > 0, line
        assert line["relay"]["data"]["frames"] > 0, line
    for cell in CELLS:
        assert re.search(rf"^{cell} +1% +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", out, re.M), out
    assert "goals are met" in out or "missed: " in out, out


def shares_of_a_bottleneck_are_compared():
    """Both controls once."""
    out, (_, *runs) = run("fairness-vs-linux", *SHORT, "--seconds", "1", "--skip", "0")
    assert [line["congestion"] for line in runs] == ["reno", "cubic"], runs
    for line in runs:
        assert line["linux_mbit_per_s"] > 0 and line["pollux_mbit_per_s"] > 0, line
        assert re.search(rf"^{line['congestion']} +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+", out, re.M)


def a_missed_goal_is_told_by_the_status():
    """Without --report; a line without loss has nothing to gain from."""
    out, _ = run("loss-vs-linux", "--runs", "1", "--seconds", "1", "--loss", "0%", status=1)
    assert "missed: Pollux to Linux at 0% is " in out, out


def an_early_end_leaves_nothing_behind():
    """SIGTERM in the middle of a run."""
    before = namespaces()
    with script("loss-vs-linux", *SHORT) as program:
        interop.wait_until(lambda: len(namespaces() - before) >= 3, "namespaces")
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)
    assert program.returncode != 0
    assert namespaces() <= before, "it left a namespace behind"


TESTS = [
    goodput_over_a_lossy_line_is_compared,
    shares_of_a_bottleneck_are_compared,
    a_missed_goal_is_told_by_the_status,
    an_early_end_leaves_nothing_behind,
]

if __name__ == "__main__":
    os.environ["POLLUX"] = os.path.abspath(interop.POLLUX)
    sys.exit(interop.run_tests(TESTS))
