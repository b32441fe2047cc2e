# SPDX-License-Identifier: BSD-3-Clause
"""Results as Markdown tables. A cell depends on its own runs only, so that one can be checked without the others."""

import math
import statistics

import scenarios
from scenarios import LOSS_PERCENT, RTT_MS, SEGMENT_BYTES

LINK_MBIT = scenarios.RATE_BPS * scenarios.CARRIED / 1e6
RESENT = ("tcp_retransmits", "tcp_fast_retransmits", "tcp_timeouts", "tcp_tail_probes")


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value):
    """Three figures, as far as they mean something."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def mbit(runs, flow, span_s):
    return [run["flows"][flow]["bytes"] * 8 / span_s / 1e6 for run in runs]


def goodput_mbit(key, runs):
    begin, end = scenarios.goodput_times(key[2])
    return mbit(runs, 0, end - begin)


def goodput_cell(key, runs):
    """Median, what share of the link that is, least and most."""
    figures = goodput_mbit(key, runs)
    median = statistics.median(figures)
    spread = f"{figure(min(figures))} to {figure(max(figures))}"
    return f"**{figure(median)}** {100 * median / LINK_MBIT:.0f} % ({spread})"


def repair_cell(_, runs):
    """All seeds together: lost, then what was done about it, then what of that was taken back."""
    flows = [run["flows"][0] for run in runs]
    counts = [sum(flow[name] for flow in flows) for name in ("lost", *RESENT)]
    needless = sum(flow["tcp_spurious_timeouts"] + flow["tcp_spurious_fast_retransmits"]
                   for flow in flows)  # fmt: skip
    marks = sum(flow["tcp_ecn_reductions"] for flow in flows)
    text = "{} lost: {} · {} · {} · {}".format(*counts)
    text += f" · {needless} taken back" if needless else ""
    return text + (f" · {marks} for marks" if marks else "")


def response_mbit(control, rtt_ms, loss):
    """What the response function gives: RFC 5681's by Mathis et al. (b = 1); RFC 9438 5.1 and 4.3 for CUBIC."""
    p, rtt = loss / 100, rtt_ms / 1000
    reno = 1.22 / (rtt * math.sqrt(p))
    cubic = 1.054 * rtt ** (3 / 4) / p ** (3 / 4) / rtt
    rate = max(reno, cubic) if control == "cubic" else reno
    return min(LINK_MBIT, rate * SEGMENT_BYTES * 8 / 1e6)


def response_cell(key, runs):
    expected = response_mbit(*key[1:])
    return f"{statistics.median(goodput_mbit(key, runs)) / expected:.2f} of {figure(expected)}"


def grid(control, results, cell, losses=LOSS_PERCENT):
    """RTT down, loss across."""
    rows = []
    for rtt in RTT_MS:
        keys = [("goodput", control, rtt, loss) for loss in losses]
        rows.append([f"{rtt} ms"] + [cell(key, results[key]) for key in keys])
    return table(["RTT"] + [f"loss {loss} %" for loss in losses], rows)


def jain(rates):
    return sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))


def shared_row(key, runs):
    begin, end = scenarios.SHARED_MEASURE[key[3]]
    rates = [[mbit([run], flow, end - begin)[0] for flow in (0, 1)] for run in runs]
    indices = [jain(pair) for pair in rates]
    link = scenarios.SHARED_RATE_BPS * scenarios.CARRIED / 1e6
    middle = [statistics.median(pair[flow] for pair in rates) for flow in (0, 1)]
    return [f"{key[1]}, {key[2]}", figure(middle[0]), figure(middle[1]),
            f"**{statistics.median(indices):.3f}** ({min(indices):.3f} to {max(indices):.3f})",
            f"{100 * statistics.median(sum(pair) for pair in rates) / link:.0f} %",
            str(sum(flow["tcp_timeouts"] for run in runs for flow in run["flows"]))]  # fmt: skip


def shared(way, controls, results):
    rows = []
    for pair in scenarios.shared_pairs(controls):
        key = ("shared", *pair, way)
        rows.append(shared_row(key, results[key]))
    return table(["first, second", "first, Mbit/s", "second, Mbit/s", "Jain's index", "link used",
                  "timeouts"], rows)  # fmt: skip


def blocks(controls, results):
    """{name of a block of the document: its Markdown}."""
    made = {}
    for control in controls:
        made[f"goodput {control}"] = grid(control, results, goodput_cell)
        made[f"repair {control}"] = grid(control, results, repair_cell)
        if control != "fixed":
            made[f"response {control}"] = grid(control, results, response_cell, LOSS_PERCENT[1:])
    for way in scenarios.SHARED_MEASURE:
        made[f"shared {way}"] = shared(way, controls, results)
    return made
