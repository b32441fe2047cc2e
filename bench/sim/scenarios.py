# SPDX-License-Identifier: BSD-3-Clause
"""Which runs there are: the goodput grid, flows that share a bottleneck, and the moments that are drawn.

A run is a Plan, whose text is a line for pollux_sim (which explains the words: pollux_sim --help).
"""

import dataclasses
import itertools

FRAME_BYTES = 1514  # a full one: Ethernet, IPv4, TCP with timestamps, 1448 bytes of payload
SEGMENT_BYTES = 1448
CARRIED = SEGMENT_BYTES / FRAME_BYTES  # of the bottleneck's rate
BUFFER_BYTES = 8 << 20

RATE_BPS = 100_000_000
LOSS_PERCENT = (0, 0.01, 0.1, 1, 3, 10)
RTT_MS = (0.1, 1, 10, 100)
SEEDS = 5  # of a cell with losses; without them there is nothing to roll dice for
SECONDS = {0.1: 4, 1: 4, 10: 10, 100: 60}  # by RTT: hundreds of round trips
WARM_SHARE = 0.2

SHARED_RATE_BPS = 50_000_000
SHARED_RTT_MS = 20
SHARED_SEEDS = 3
LATE_S = 30
FAR_MS = 40  # more, for the flow with the longer way
SHARED_MEASURE = {"equal": (30, 120), "unequal": (30, 120), "late": (60, 150)}

TRACE_RTT_MS = 20


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run: the key it belongs to, and the words for the program."""

    key: tuple
    words: tuple

    def line(self):
        return " ".join(self.words)


def bdp_bytes(rate_bps, rtt_ms):
    return rate_bps * rtt_ms / 8000


def bottleneck(rate_bps, rtt_ms):
    """One bandwidth-delay product of queue, 32 frames at least; DCTCP's marks (RFC 8257: K > BDP / 7)."""
    bdp = bdp_bytes(rate_bps, rtt_ms)
    queue = max(bdp, 32 * FRAME_BYTES)
    mark = max(bdp / 6, 20 * FRAME_BYTES)
    return {"rate_bps": rate_bps, "queue_bytes": int(queue), "mark_bytes": int(mark),
            "delay_us": int(rtt_ms * 500)}  # fmt: skip


def window_of_fixed(numbers, flows=1):
    """What "fixed" is given: the pipe is full, and the queue holds all of it when it comes in one burst."""
    bdp = bdp_bytes(numbers["rate_bps"], numbers["delay_us"] / 500)
    wire = min(bdp + numbers["queue_bytes"] / 2, numbers["queue_bytes"]) / flows
    return int(wire * CARRIED)


def plan(key, numbers, flows):
    """`flows` are the program's words for them; the numbers are the rest."""
    words = [f"{name}={value}" for name, value in numbers.items()]
    return Plan(key, tuple(words + [f"flow={flow}" for flow in flows]))


def seconds(begin, end):
    return {"warm_us": int(begin * 1e6), "time_us": int(end * 1e6)}


def goodput_times(rtt_ms):
    return SECONDS[rtt_ms] * WARM_SHARE, SECONDS[rtt_ms]


def goodput(control, rtt_ms, loss):
    """The runs of one cell of the grid."""
    numbers = bottleneck(RATE_BPS, rtt_ms)
    numbers |= {"loss_ppm": int(loss * 10_000), **seconds(*goodput_times(rtt_ms))}
    if control == "fixed":
        numbers["buffer_bytes"] = window_of_fixed(numbers)
    return [plan(("goodput", control, rtt_ms, loss), numbers | {"seed": seed}, [control])
            for seed in range(1, (SEEDS if loss else 1) + 1)]  # fmt: skip


def all_goodput(controls):
    cells = itertools.product(controls, RTT_MS, LOSS_PERCENT)
    return [run for cell in cells for run in goodput(*cell)]


def shared_pairs(controls):
    """Two of each kind, and the two that meet on the Internet."""
    pairs = [(control, control) for control in controls]
    return pairs + ([("newreno", "cubic")] if {"newreno", "cubic"} <= set(controls) else [])


def shared(pair, way):
    """Two flows over one queue. A jitter of one frame's time keeps them from dancing in step (phase effects)."""
    numbers = bottleneck(SHARED_RATE_BPS, SHARED_RTT_MS)
    numbers |= {"jitter_us": 250, **seconds(*SHARED_MEASURE[way])}
    if "fixed" in pair:
        numbers["buffer_bytes"] = window_of_fixed(numbers, flows=2)
    second = {"equal": "0,0", "unequal": f"{FAR_MS * 1000},0", "late": f"0,{LATE_S * 1000000}"}
    flows = [pair[0], f"{pair[1]},{second[way]}"]
    plans = []
    for seed in range(1, SHARED_SEEDS + 1):
        sampled = way == "late" and seed == 1
        extra = {"seed": seed, "sample_us": 50_000 if sampled else 0}
        plans.append(plan(("shared", *pair, way), numbers | extra, flows))
    return plans


def all_shared(controls):
    cells = itertools.product(shared_pairs(controls), SHARED_MEASURE)
    return [run for cell in cells for run in shared(*cell)]


@dataclasses.dataclass(frozen=True)
class Moment:
    """What one figure shows: a stretch of time, with the numbers that make it happen."""

    name: str
    title: str
    begin_s: float
    end_s: float
    sample_us: int
    numbers: tuple = ()
    idle: str = "0,0"


MOMENTS = (
    Moment("start", "Slow start, up to the first losses and out of them", 0, 2, 2000),
    Moment("steady", "Steady state: one flow alone at a drop-tail queue", 0, 40, 20_000),
    Moment("losses", "Four segments of one window lost, every tenth from t = 4 s", 3.95, 4.45, 1000,
           (("drop_from_us", 4_000_000), ("drop_count", 4), ("drop_every", 10))),
    Moment("timeout", "The line is dead from t = 4 s for 400 ms", 3.8, 5.8, 2000,
           (("outage_from_us", 4_000_000), ("outage_until_us", 4_400_000))),
    Moment("idle", "The application rests from t = 4 s to t = 6 s", 3.6, 7.2, 2000,
           idle="4000000,6000000"),
)  # fmt: skip


def moment(scene, control):
    """The run behind one panel of a figure. The send buffer bounds what is left to send when a rest begins."""
    numbers = bottleneck(RATE_BPS, TRACE_RTT_MS)
    numbers |= {"buffer_bytes": 1_500_000, **seconds(0.001, scene.end_s), "sample_us": scene.sample_us}
    if control == "fixed":
        numbers["buffer_bytes"] = window_of_fixed(numbers)
    return plan(("moment", scene.name, control), numbers | dict(scene.numbers),
                [f"{control},0,0,{scene.idle}"])  # fmt: skip


def all_moments(controls):
    return [moment(scene, control) for scene in MOMENTS for control in controls]


def quick(controls):
    """Cells that a test can afford: they see a far line, single and many losses, timeouts, marks."""
    cells = [(control, 10, loss) for control in controls if control != "fixed"
             for loss in (0, 0.1, 1, 10)]  # fmt: skip
    cells += [(control, rtt, 3) for control in controls for rtt in (1, 100) if control != "fixed"]
    cells += [(control, 100, 0) for control in controls if control in ("newreno", "cubic")]
    cells += [("fixed", 10, 10)] if "fixed" in controls else []
    return [run for cell in cells for run in goodput(*cell)]
