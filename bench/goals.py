# SPDX-License-Identifier: BSD-3-Clause
"""From what the benchmarks have written to the table of goals: each goal, what was measured, how far it is met.

A goal that is missed comes with its profile: by phases, from the accounts of the workers, where a
device takes part; by functions, from callgrind, where none does.
"""

import dataclasses
import glob
import json
import os
import re
import statistics

import scenarios
import table

HEAD = ("what", "where", "goal", "min / median / max", "ratio", "lost", "cores near / far")
PHASES = ("receive", "input", "poll", "application", "output", "transmit")
TURN_INSTRUCTIONS = 400  # of a whole request turn
GROWTH_MOST = 3  # times what a packet costs among 1,000 connections
GROWTH_FROM, GROWTH_TO = 1000, 10_000_000
CONNECTIONS, OPENED_PER_S = 10_000_000, 500_000
NO_DEVICE = scenarios.NO_DEVICE
TOP_FUNCTIONS = 6
FAR_NS = 150  # a cache line takes 50 to 80 from one core to the other, or 210 and more


@dataclasses.dataclass
class Row:
    """A goal. The ratio is 1 or more when it is met; what was lost makes it count for nothing."""

    what: str
    where: str
    goal: str
    measured: str
    ratio: float
    lost: str = ""
    topic: str = ""  # those of one topic are missed together
    why: str = ""
    by_distance: str = "-"  # of the two cores

    def cells(self):
        """Of the table."""
        ratio = "does not count" if self.lost else f"{self.ratio:.2f}"
        return self.what, self.where, self.goal, self.measured, ratio, self.lost or "nothing", self.by_distance

    def is_met(self):
        """Without losses."""
        return not self.lost and self.ratio >= 1


def spread(figures, unit):
    """Least, median, greatest of a summary."""
    return " / ".join(table.format_figure(figures[i], unit) for i in (1, 0, 2))


def spread_of(figures):
    """The same of a line of bench/micro."""
    return spread((figures["median"], figures["min"], figures["max"]), "")


def count(value):
    """10 M, not 10000000."""
    return table.format_figure(value, "/s")


def accounts(own, side):
    """Of an end in each run of a cell."""
    return [line["account"][side] for line in own if side in line.get("account", {})]


def phase_cells(found):
    """Of one end: what each phase costs a packet, their sum, and the share of its time in turns with work."""
    for phase in PHASES:
        yield f"{statistics.median(a[f'cycles_{phase}'] / max(1, a['packets']) for a in found):.0f}"
    yield f"{statistics.median(a['cycles_per_packet'] or 0 for a in found):.0f}"
    yield f"{statistics.median(map(busy_share, found)):.0%}"


def busy_share(account):
    """From the turns that were timed to all of them."""
    timed_busy = account["turns_sampled"] - account["turns_sampled_idle"]
    busy = account["cycles_busy"] * account["turns_busy"] / max(1, timed_busy)
    idle = account["cycles_idle"] * account["turns_idle"] / max(1, account["turns_sampled_idle"])
    return busy / max(1, busy + idle)


def phases(own):
    """A sentence for each end of a cell: cycles a packet and its phases, the dearest first."""
    for side in ("server", "client"):
        found = accounts(own, side)
        if not found:
            continue
        cells = list(phase_cells(found))
        dearest = sorted(zip(PHASES, map(int, cells)), key=lambda phase: -phase[1])
        words = ", ".join(f"{phase} {cycles}" for phase, cycles in dearest if cycles)
        yield f"{side}: {cells[-2]} cycles a packet, {words}"


def distribution(own):
    """Of the latencies of a cell: the median of each run's."""
    keys = [key for key in ("p50", "p90", "p99", "p99_9", "max") if key in own[0]]
    words = ", ".join(f"{key.replace('_', '.')} {table.format_figure(statistics.median(run[key] for run in own), 'us')}"
                      for key in keys)  # fmt: skip
    return f" In us: {words}." if words else ""


def why(own):
    """What stood in a cell's way."""
    lost = f" Lost in the worst run: {table.most_lost(own)}." if table.most_lost(own) else ""
    return f"{'; '.join(phases(own))}.{distribution(own)}{lost}"


def by_distance(own, figure, unit):
    """Medians of the runs with the two cores near each other and far apart, and how many they are."""
    near = [line[figure] for line in own if line.get("core_to_core_ns", FAR_NS) < FAR_NS]
    far = [line[figure] for line in own if line.get("core_to_core_ns", 0) >= FAR_NS]
    if not near and not far:
        return "-"
    return " / ".join(f"{table.format_figure(statistics.median(values), unit)} ({len(values)})" if values else "-"
                      for values in (near, far))  # fmt: skip


def macro_rows(lines):
    """Of bench/macro."""
    cells = table.group(lines)
    for scenario in scenarios.SCENARIOS:
        for goal in scenario.goals:
            own = cells.get((scenario.name, goal.link, 4), [])
            figures = table.summary(own, goal.figure)
            if figures is None:
                continue
            unit = goal.unit or scenario.unit
            name = "" if goal.figure == "value" else f", {goal.figure.replace('p99_9', 'p99.9').replace('_', ' ')}"
            bound = f">= {table.format_figure(goal.least, unit)}" if goal.least else f"<= {goal.most:g}"
            lost = f"in {figures[4]} of {figures[3]} runs" if figures[4] else ""
            yield Row(scenario.docs + name, goal.link, f"{bound} {unit}", spread(figures, unit),
                      goal.ratio(figures[0]), lost, f"{scenario.docs}, {goal.link}", why(own),
                      by_distance(own, goal.figure, unit))  # fmt: skip


def read_lines(path):
    """Of JSON."""
    with open(path, encoding="utf-8") as file:
        return list(map(json.loads, file))


def read_micro(folder):
    """All that bench/micro has written."""
    paths = sorted(glob.glob(os.path.join(folder, "*.json")))
    return [line for path in paths for line in read_lines(path) if "pollux" in line]


def read_instructions(path):
    """Of bench/instructions: {case: its line}."""
    return {line["name"]: line for line in read_lines(path) if "name" in line}


def functions(case):
    """The dearest of a case that was counted."""
    dearest = list(case["profile"].items())[:TOP_FUNCTIONS]
    words = ", ".join(f"{re.split('[.' + chr(39) + ']', name)[0]} {cost:.0f}" for name, cost in dearest)
    return f"{case['instructions']:.0f} instructions, of these {words}."


def profile_of(name, counted):
    """By functions. Not every size of table is counted; another of the same family stands in then."""
    if name in counted:
        return functions(counted[name])
    kind, _, what = name.partition(": ")
    family = " ".join(kind.split()[:2])
    like = next((other for other in counted if other.startswith(family) and other.endswith(f": {what}")), None)
    return f"As in {like.partition(': ')[0]}, {functions(counted[like])}" if like else ""


def parts(line):
    """What its phases cost."""
    found = line.get("parts", {})
    words = ", ".join(f"{name} {value['median']:.0f}" for name, value in found.items())
    return f"Cycles: {words}. " if words else ""


def reference(line):
    """(name, figures) of what a line is measured beside."""
    return next(((name, value) for name, value in line.items()
                 if name not in ("pollux", "parts") and isinstance(value, dict)), None)  # fmt: skip


def micro_rows(lines, counted):
    """Of bench/micro: each goal, and to be ahead of what it is measured beside."""
    for line in lines:
        if not line.get("goal"):
            continue
        ours, name = line["pollux"], f"{line['bench']}: {line['what']}"
        what, reason = name.replace("flow_table", "flow table"), parts(line) + profile_of(name, counted)
        lost = line.get("lossy", "")
        yield Row(what, NO_DEVICE, f"<= {line['goal']:g} {line['unit']}", spread_of(ours),
                  line["goal"] / ours["median"], lost, what, reason)  # fmt: skip
        if reference(line):
            theirs, figures = reference(line)
            yield Row(what, NO_DEVICE, f"ahead of {theirs}, {spread_of(figures)} {line['unit']}", spread_of(ours),
                      figures["median"] / ours["median"], lost, what, reason)  # fmt: skip


def turn_rows(counted):
    """Instructions of a request turn."""
    for name, case in counted.items():
        if name.endswith((": request turn", ": request turn, ACK by itself")):
            yield Row(name, f"{NO_DEVICE}, callgrind", f"<= {TURN_INSTRUCTIONS} instructions",
                      f"{case['instructions']:.0f}", TURN_INSTRUCTIONS / case["instructions"],
                      topic=name, why=functions(case))  # fmt: skip


def growth_of(lines):
    """{connections: figures} of the benchmark of growth."""
    return {int(line["what"].split()[0]): line["pollux"] for line in lines if line["bench"] == "growth"}


def growth_rows(lines):
    """Among so many connections a packet costs so many times as much."""
    found = growth_of(lines)
    most = max(found, default=0)
    if GROWTH_FROM not in found or most <= GROWTH_FROM:
        return
    times = found[most]["median"] / found[GROWTH_FROM]["median"]
    what = f"cycles a packet, from {GROWTH_FROM:,} to {most:,} connections"
    lost = "" if most >= GROWTH_TO else f"bench_growth --connections={GROWTH_TO} was not run"
    steps = ", ".join(f"{n:,}: {figures['median']:.0f}" for n, figures in sorted(found.items()))
    yield Row(what, NO_DEVICE, f"<= {GROWTH_MOST} x", f"{times:.2f} x", GROWTH_MOST / times, lost, what,
              f"Cycles by connections: {steps}.")  # fmt: skip


def linux_rows(compared):
    """Of bench/vs-linux."""
    for pair, (linux, ours, ratio, lost) in compared.items():
        if pair.goal:
            figures = " / ".join(f"{value / statistics.median(linux):.1f}"
                                 for value in (min(ours), statistics.median(ours), max(ours)))  # fmt: skip
            yield Row(f"beside Linux: {pair.name}", "net_memif", f">= {pair.goal:g} x Linux's median", figures,
                      ratio / pair.goal, lost, f"beside Linux: {pair.name}",
                      f"The profile is that of {pair.pollux}, net_memif.")  # fmt: skip


def million_rows(paths):
    """Of bench/ten-million, its runs together."""
    runs = [run for path in paths for run in read_lines(path)]
    if not runs:
        return
    lost = sorted({text for run in runs for text in run["missed"] if text.startswith(("lossy", "the books"))})
    topic = "connections, both ends here"
    for what, key, goal, unit in (
        ("open at once", "connections", CONNECTIONS, ""),
        ("opened a second", "opened_per_s", OPENED_PER_S, " connections/s"),
        ("answered a request afterwards", "connections_answered", CONNECTIONS, ""),
    ):
        values = [run[key] for run in runs]
        middle = statistics.median(values)
        yield Row(f"{topic}: {what}", "loopback", f">= {count(goal)}{unit}",
                  spread((middle, min(values), max(values)), "/s"), middle / goal, "; ".join(lost), topic,
                  why(runs))  # fmt: skip


def missed(rows):
    """A line for each topic whose goals are not all met."""
    topics = {}
    for row in rows:
        topics.setdefault(row.topic, []).append(row)
    for topic, own in topics.items():
        if not all(row.is_met() for row in own):
            ratios = ", ".join("lossy" if row.lost else f"{row.ratio:.2f}" for row in own)
            yield f"- {topic}; of the goal{'s' if len(own) > 1 else ''}: {ratios}. {own[0].why}"
