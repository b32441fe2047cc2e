# SPDX-License-Identifier: BSD-3-Clause
"""Results for a reader: cells with medians and spread, and what was lost."""

import statistics

import scenarios


def format_figure(value, unit):
    """Three digits that count."""
    if value is None:
        return "-"
    for factor, letter in ((1e6, " M"), (1e3, " k")):
        if value >= factor and unit.endswith("/s") and not unit.startswith("Gbit"):
            return f"{value / factor:.3g}{letter}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def is_lossy(line):
    """Was anything lost, refused or sent again?"""
    return bool(line.get("losses"))


def group(lines):
    """{(scenario, link, family): its lines}, in order of first appearance."""
    cells = {}
    for line in lines:
        cells.setdefault((line["scenario"], line["link"], line["family"]), []).append(line)
    return cells


def summary(lines, figure="value"):
    """Of a cell: (median, least, greatest, how many runs, how many of them lossy)."""
    values = [line[figure] for line in lines if figure in line]
    if not values:
        return None
    lossy = sum(is_lossy(line) for line in lines if figure in line)
    return statistics.median(values), min(values), max(values), len(values), lossy


def most_lost(lines):
    """The three greatest losses of a cell's worst run."""
    worst = max((line.get("losses", {}) for line in lines), key=lambda lost: sum(lost.values()))
    named = sorted(worst.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{n} {name}" for name, n in named)


def describe(line):
    """One run in a few words."""
    for key in ("skipped", "failed"):
        if key in line:
            return f"{key}: {line[key]}"
    lossy = f"  lossy: {most_lost([line])}" if is_lossy(line) else ""
    distance = f"  ({between_cores([line])} ns between the cores)" if "core_to_core_ns" in line else ""
    return f"{format_figure(line['value'], line['unit'])} {line['unit']}{lossy}{distance}"


def between_cores(lines):
    """How long a cache line took from core to core before each run, least and greatest."""
    found = [round(line["core_to_core_ns"]) for line in lines if "core_to_core_ns" in line]
    if not found:
        return "-"
    return f"{min(found)} to {max(found)}" if min(found) < max(found) else str(found[0])


def print_progress(line):
    """As soon as a run is over."""
    print(f"{line['repeat']}  {line['scenario']}, {line['link']}, IPv{line['family']}: {describe(line)}",
          flush=True)


def describe_conditions(found):
    """Whoever reads the figures must know these."""
    return (f"{found['processor']}, {found['cpus']} CPUs, Linux {found['kernel']}, DPDK {found['dpdk']}, "
            f"Pollux at {found['commit']}; server on CPU {found['placement']['server']}, load on CPU "
            f"{found['placement']['client']}, load average {found['load_average']:.1f} before, "
            f"{found['huge_pages_mb']} MB of huge pages" + describe_stalls(found.get("stalls", {})))


def describe_stalls(found):
    """How much of a core a program does not get that wants all of it."""
    if not found:
        return ""
    words = (f"{who}'s {stall['share']:.2%}, the longest {stall['longest_us'] / 1000:.1f} ms"
             for who, stall in found.items())  # fmt: skip
    return f"; of a second before, each core was elsewhere for 50 us or more at a time: {'; '.join(words)}"


def goal_of(name, link):
    """The goals of a cell."""
    found = next((s for s in scenarios.SCENARIOS if s.name == name), None)
    return [goal for goal in found.goals if goal.link == link] if found else []


def judge(goal, lines):
    """A goal against a cell: how far it is met."""
    figures = summary(lines, goal.figure)
    if figures is None:
        return "-"
    if figures[4]:
        return "lossy"
    label = "" if goal.figure == "value" else f"{goal.figure} ".replace("p99_9", "p99.9").replace("_", " ")
    return f"{label}{goal.ratio(figures[0]):.2f}"


def print_all(conditions, lines):
    """Every cell."""
    print(f"\n{describe_conditions(conditions)}\n")
    print(f"{'scenario':24} {'link':18} {'IP':>2}  {'median':>8} {'min':>8} {'max':>8}  {'unit':14} "
          f"{'x goal':>14}  lost")
    for (name, link, family), own in group(lines).items():
        figures = summary(own)
        head = f"{name:24} {link:18} {family:>2}"
        if figures is None:
            print(f"{head}  {describe(own[-1])}")
            continue
        unit = own[0]["unit"]
        shown = " ".join(f"{format_figure(value, unit):>8}" for value in figures[:3])
        goals = ", ".join(judge(goal, own) for goal in goal_of(name, link)) if family == 4 else ""
        lost = f"lossy in {figures[4]} of {figures[3]}: {most_lost(own)}" if figures[4] else "nothing"
        print(f"{head}  {shown}  {unit:14} {goals:>14}  {lost}")
