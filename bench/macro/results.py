# SPDX-License-Identifier: BSD-3-Clause
"""From the reports of both ends to a result: a figure, what was in force, what was lost.

All of it is read back from the programs that ran. A rate at which something was lost or sent again
is lossy, and does not count for a goal.
"""

import collections
import json
import statistics

import links
from machine import interop

# Drops that say nothing about a way that is too narrow.
HARMLESS_DROPS = ("arp_not_for_us", "nd_not_for_us")
LOSS_COUNTERS = (
    "tcp_retransmits", "tcp_timeouts", "tcp_syn_ack_retransmits", "tcp_half_open_expired",
    "conn_failed", "conn_refused", "neighbor_queue_dropped", "answer_queue_full", "tx_no_buffer",
)  # fmt: skip
PORT_LOSSES = ("rx_missed", "rx_no_buffer", "rx_errors", "tx_errors")


def sides(reports):
    """Reports without repetition, by side: one process may be both ends."""
    if reports["server"] is reports["client"]:
        return {"both": reports["client"]}
    return {side: reports[side] for side in ("server", "client")}


def workers(reports, name=None):
    """What each worker of that stack, or of every one, has told."""
    return [worker for report in sides(reports).values() for worker in report["books"]["stacks"]
            if name in (None, worker["stack"])]  # fmt: skip


def added(values):
    """Dictionaries of numbers, key by key; None counts as nothing."""
    total = collections.Counter()
    for value in values:
        total.update({key: n for key, n in value.items() if n is not None})
    return dict(total)


def counters(reports, name):
    """Of a stack, all its workers together."""
    return added(worker["counters"] for worker in workers(reports, name))


def losses(reports):
    """{"server: tcp_retransmits": 3, ...}: everything that was lost, refused or sent again."""
    found = {}
    # Who floods a server does not care what becomes of the flood; who is its client does.
    harmed = {"client": reports["client"]} if "flood" in reports else sides(reports)
    for side, report in harmed.items():
        for worker in report["books"]["stacks"]:
            lost = {name: n for name, n in worker["drops"].items() if name not in HARMLESS_DROPS}
            lost.update({name: worker["counters"].get(name, 0) for name in LOSS_COUNTERS})
            found = added([found, {f"{worker['stack']}: {name}": n for name, n in lost.items() if n}])
        for port in report["books"]["ports"]:
            found.update({f"{side}: {port['port']} {name}": port[name]
                          for name in PORT_LOSSES if port[name]})  # fmt: skip
    client = reports["client"]
    found.update({f"client: {name}": n for name, n in client["errors"].items() if n})
    if client["requests"]["failed"]:
        found["client: requests failed"] = client["requests"]["failed"]
    return found


def settings_of(own):
    """Of a stack. Its workers have the same; what connections had is told by those that had one."""
    settings = {**own[0]["settings"], "workers": len(own)}
    settings["connections"] = next((one["settings"]["connections"] for one in own
                                    if one["settings"]["connections"]), [])  # fmt: skip
    return settings


def account_of(own):
    """What the workers of a stack spent their cycles on, together."""
    total = added(worker["account"] for worker in own)
    return {
        **total, "tsc_hz": own[0]["account"]["tsc_hz"],
        "cycles_per_packet": total["cycles_busy"] / total["packets"] if total["packets"] else None,
        "cycles_per_event": total["cycles_busy"] / total["events"] if total["events"] else None,
    }  # fmt: skip


def in_force(reports):
    """Per stack: the settings it had, and what its workers spent their cycles on."""
    own = {worker["stack"]: workers(reports, worker["stack"]) for worker in workers(reports)}
    return {"settings": {name: settings_of(them) for name, them in own.items()},
            "account": {name: account_of(them) for name, them in own.items()}}  # fmt: skip


def packets(reports):
    """TCP segments that the server's end received and sent."""
    found = counters(reports, "server")
    return found.get("tcp_rx_segments", 0) + found.get("tcp_tx_segments", 0)


def steady(report, connections):
    """Requests a second, in the seconds in which all connections were there from begin to end."""
    lines = report["progress"]
    whole = [now[1] for before, now in zip(lines, lines[1:])
             if before[2] >= connections and now[2] >= connections]  # fmt: skip
    return statistics.median(whole) if whole else None


def connections_per_s(scenario, reports):
    """New connections, each with its request answered."""
    client = reports["client"]
    opened = client["connections"]["opened"]
    return {"value": client["rates"]["connections_per_s"],
            "packets_per_connection": packets(reports) / opened if opened else 0}  # fmt: skip


def requests_per_s(scenario, reports):
    """Once all connections are there; over the whole run when they never were for a second."""
    client = reports["client"]
    value = steady(client, scenario.load["connections"])
    answered = client["requests"]["answered"]
    return {"value": client["rates"]["requests_per_s"] if value is None else value,
            "of_whole_run": client["rates"]["requests_per_s"], "is_steady": value is not None,
            "packets_per_request": packets(reports) / answered if answered else 0}  # fmt: skip


def gbit_per_s(scenario, reports):
    """Payload that arrived."""
    return {"value": reports["client"]["rates"]["rx_gbps"]}


def syns_per_s(scenario, reports):
    """SYNs of the flood that were answered, and how its bystanders fared."""
    flood, client = reports["flood"], reports["client"]
    return {"value": flood["answered"] / flood["seconds"], "sent_per_s": flood["sent"] / flood["seconds"],
            "cookies_sent": counters(reports, "server").get("tcp_cookies_sent", 0),
            "bystanders_answered": client["requests"]["answered"] / max(1, client["requests"]["sent"]),
            "bystanders": {"sent": client["requests"]["sent"], "answered": client["requests"]["answered"],
                           "latency_us": client["latency_us"]}}  # fmt: skip


def latency_us(scenario, reports):
    """From when a request was due to when its answer was there."""
    found = reports["client"]["latency_us"]
    return {"value": found["p99_9"], **found}


def run_s(scenario, reports):
    """From before it was started to when it was seen to have ended: more than to its first answer."""
    client = reports["client"]
    assert client["requests"]["answered"] == 1, f"{client['requests']} instead of one answer"
    return {"value": client["run_s"]}


def memory():
    """What a stack takes for each connection, without any device."""
    found = json.loads(interop.run([links.helper("memory")]))
    return {"value": found.pop("connection"), **found, "losses": {}}


METRICS = {
    function.__name__: function
    for function in (connections_per_s, requests_per_s, gbit_per_s, latency_us, syns_per_s, run_s)
}


def result(scenario, reports):
    """Everything about one run."""
    return {
        **METRICS[scenario.metric](scenario, reports),
        "losses": losses(reports),
        "has_ordinary_memory": any(r["has_ordinary_memory"] for r in sides(reports).values()),
        "books_closed": all(r["books"]["closed"] for r in sides(reports).values()),
        "duration_s": reports["client"]["duration_s"],
        **in_force(reports),
    }
