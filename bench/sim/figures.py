# SPDX-License-Identifier: BSD-3-Clause
"""What happened to the windows, drawn: a figure per moment with a panel per control, and late flows that catch up."""

import scenarios
import svg
from scenarios import FRAME_BYTES, SEGMENT_BYTES

UNKNOWN = 2**32 - 1  # of ssthresh: no loss has set it yet
TIME, FLOW, CWND, SSTHRESH, _, QUEUE, RECEIVED = range(7)
RATE_S = 1.0  # rates are means over so long


def moment(scene, control, result, buffer_bytes):
    """cwnd, ssthresh, the queue in frames, and the frames that were lost."""
    samples = result["samples"]
    cwnd = [(s[TIME], min(s[CWND], buffer_bytes) / SEGMENT_BYTES) for s in samples]
    ssthresh = [(s[TIME], s[SSTHRESH] / SEGMENT_BYTES) for s in samples
                if s[SSTHRESH] < min(UNKNOWN, 2 * buffer_bytes)]  # fmt: skip
    queue = [(s[TIME], s[QUEUE] / FRAME_BYTES) for s in samples]
    lost = [(time, 0) for time, _ in result["losses"]]
    in_view = sum(scene.begin_s <= time <= scene.end_s for time, _ in lost)
    title = f"{control} (the window is the send buffer)" if control == "fixed" else control
    return svg.Panel(f"{title}: {in_view} frames lost", [
        svg.Series("queue of the bottleneck, frames", "gray", queue, "area"),
        svg.Series("ssthresh", "orange", ssthresh, "dashed", steps=True),
        svg.Series("cwnd", "blue", cwnd, steps=True),
        svg.Series("frame lost", "red", lost, "marks"),
    ])  # fmt: skip


def rates(result, flow):
    """Mbit/s of what arrived, second by second."""
    points, begin = [], None
    for sample in result["samples"]:
        if sample[FLOW] != flow:
            continue
        time, received = sample[TIME], sample[RECEIVED]
        begin = begin or (time, received)
        if time - begin[0] >= RATE_S - 1e-6:
            points.append((time, (received - begin[1]) * 8 / (time - begin[0]) / 1e6))
            begin = (time, received)
    return points


def late(pair, result):
    return svg.Panel(f"{pair[0]}, then {pair[1]}", [
        svg.Series("first flow", "blue", rates(result, 0)),
        svg.Series("second flow", "orange", rates(result, 1)),
    ], top=55)  # fmt: skip


def all_figures(controls, results):
    """{file name: SVG}."""
    files = {}
    for scene in scenarios.MOMENTS:
        panels = []
        for control in controls:
            (result,) = results[("moment", scene.name, control)]
            words = dict(w.split("=", 1) for w in scenarios.moment(scene, control).words)
            panels.append(moment(scene, control, result, int(words["buffer_bytes"])))
        chart = svg.Chart(scene.title, f"segments of {SEGMENT_BYTES} bytes", scene.begin_s,
                          scene.end_s, panels)  # fmt: skip
        files[f"cwnd-{scene.name}.svg"] = chart.draw()
    panels = [late(pair, results[("shared", *pair, "late")][0])
              for pair in scenarios.shared_pairs(controls)]  # fmt: skip
    chart = svg.Chart(f"A second flow begins at {scenarios.LATE_S} s", "Mbit/s of payload, mean of a second", 0,
                      scenarios.SHARED_MEASURE["late"][1], panels)  # fmt: skip
    files["shared-late.svg"] = chart.draw()
    return files
