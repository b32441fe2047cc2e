# SPDX-License-Identifier: BSD-3-Clause
"""Has pollux_sim do the runs, in as many processes as there are processors; which of them does a run changes nothing."""

import concurrent.futures
import json
import os
import re
import subprocess
import sys


class Failed(Exception):
    """The program has ended with a sentence."""


def controls(program):
    """The congestion controls that the engine has, as the program tells."""
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    return tuple(re.search(r"^controls: (.*)$", text, re.MULTILINE).group(1).split())


def _run_all(program, plans):
    lines = "".join(plan.line() + "\n" for plan in plans)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        answered = done.stdout.count("\n")
        raise Failed(f"{done.stderr.strip()}\nthe run: {plans[min(answered, len(plans) - 1)].line()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(program, plans):
    """{key: [result of each seed]}, in the order of the plans."""
    shares = min(len(plans), len(os.sched_getaffinity(0)))
    with concurrent.futures.ThreadPoolExecutor(shares) as pool:
        answers = list(pool.map(lambda i: _run_all(program, plans[i::shares]), range(shares)))
    results = {}
    for number, plan in enumerate(plans):
        results.setdefault(plan.key, []).append(answers[number % shares][number // shares])
    return results


def write_lines(path, plans, results):
    """A JSON line for each run, with its plan; "-" is standard output."""
    left = {key: list(runs) for key, runs in results.items()}
    with open(sys.stdout.fileno() if path == "-" else path, "w", encoding="utf-8",
              closefd=path != "-") as out:  # fmt: skip
        for plan in plans:
            result = left[plan.key].pop(0)
            out.write(json.dumps({"key": plan.key, "plan": plan.line(), **result}) + "\n")
