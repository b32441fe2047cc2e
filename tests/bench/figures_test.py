#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""From reports to figures, and from figures to goals: what was lost counts for nothing, and nothing is left out."""

import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "..", "..", "bench")
sys.path[:0] = [BENCH, os.path.join(BENCH, "macro")]

import goals  # noqa: E402  (found by the line above)
import results  # noqa: E402
import scenarios  # noqa: E402

PORT = {"port": "wire", "rx_missed": 0, "rx_no_buffer": 0, "rx_errors": 0, "tx_errors": 0}


def worker(stack, **more):
    """What one tells of itself."""
    account = {"tsc_hz": 10, "packets": 4, "events": 2, "cycles_busy": 400, "cycles_per_packet": 100.0,
               "cycles_per_event": None}  # fmt: skip
    return {"stack": stack, "drops": {}, "counters": {"tcp_rx_segments": 3, "tcp_tx_segments": 2},
            "settings": {"mtu": 1500, "connections": []}, "account": account, **more}  # fmt: skip


def reports(*workers, port=PORT):
    """Of one process that is both ends."""
    report = {"books": {"stacks": list(workers), "ports": [port]}, "errors": {}, "requests": {"failed": 0}}
    return {"server": report, "client": report}


def line(scenario, value, **more):
    """A run over net_memif as the journal has it."""
    return {"scenario": scenario, "link": scenarios.MEMIF, "family": 4, "unit": "connections/s", "value": value,
            **more}  # fmt: skip


def workers_of_a_stack_count_together():
    """Not the last of them for all."""
    found = reports(worker("server"), worker("server"), worker("client"))
    assert results.packets(found) == 10
    account = results.in_force(found)["account"]["server"]
    assert account["packets"] == 8 and account["tsc_hz"] == 10
    assert account["cycles_per_packet"] == 100 and account["cycles_per_event"] == 200


def settings_of_connections_come_from_a_worker_that_had_one():
    """The first may have had none."""
    had = worker("server", settings={"mtu": 1500, "connections": [{"congestion": "cubic"}]})
    settings = results.in_force(reports(worker("server"), had))["settings"]["server"]
    assert settings == {"mtu": 1500, "workers": 2, "connections": [{"congestion": "cubic"}]}


def losses_of_all_workers_and_ports_are_told():
    """Added up by stack; what is no loss is left out."""
    lossy = worker("server", drops={"arp_not_for_us": 7, "tcp_checksum": 1}, counters={"tcp_retransmits": 2})
    found = results.losses(reports(lossy, lossy, worker("client"), port={**PORT, "rx_missed": 5}))
    assert found == {"server: tcp_checksum": 2, "server: tcp_retransmits": 4, "both: wire rx_missed": 5}, found


def two_processes_are_two_sides():
    """However many workers each has."""
    server, client = reports(worker("server"), worker("server")), reports(worker("client"), worker("client"))
    found = results.sides({"server": server["server"], "client": client["client"]})
    assert list(found) == ["server", "client"]


def a_lossy_rate_does_not_count():
    """However high it is."""
    lossy = [line("connections", 9e6, losses={"server: tcp_retransmits": 3})]
    row, = goals.macro_rows(lossy)
    assert row.ratio > 1 and not row.is_met() and row.cells()[4] == "does not count"
    assert "3 server: tcp_retransmits" in next(goals.missed([row]))
    row, = goals.macro_rows([line("connections", 2e6, losses={})])
    assert row.is_met() and not list(goals.missed([row]))


def a_microbenchmark_is_held_against_its_goal_and_its_reference():
    """What is missed comes with its functions."""
    figures = {"median": 40.0, "min": 39.0, "max": 41.0}
    case = {"bench": "flow_table", "what": "miss", "unit": "cycles", "goal": 35, "pollux": figures,
            "rte_hash": {"median": 60.0, "min": 50.0, "max": 70.0}, "conditions": "-"}  # fmt: skip
    counted = {"flow_table: miss": {"instructions": 98, "profile": {"look_up.lto_priv.0": 90.0, "other": 8.0}}}
    rows = list(goals.micro_rows([case], counted))
    assert [row.ratio for row in rows] == [35 / 40, 60 / 40]
    sentence, = goals.missed(rows)
    assert "0.88, 1.50" in sentence and "look_up 90, other 8" in sentence, sentence


def growth_counts_when_it_goes_to_ten_million():
    """And is a ratio to the cost among a thousand."""
    def rows(*counts):
        return list(goals.growth_rows([
            {"bench": "growth", "what": f"{n} connections", "pollux": {"median": 100.0 + n / 1e5}} for n in counts]))

    assert not rows(1) and not rows(1000)
    assert not rows(1000, 1_000_000)[0].is_met()
    assert rows(1000, 10_000_000)[0].is_met()


def ten_million_are_judged_by_every_run():
    """One that lost something spoils the figure."""
    run = {"connections": 10_000_000, "connections_answered": 10_000_000, "opened_per_s": 6e5, "losses": {},
           "account": {}, "missed": []}  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in ("a", "b")]
        for path, missed in zip(paths, ([], ["lossy: {'server: tcp_retransmits': 1}"])):
            with open(path, "w", encoding="utf-8") as file:
                print(json.dumps({**run, "missed": missed}), file=file)
        assert all(row.is_met() for row in goals.million_rows(paths[:1]))
        assert not any(row.is_met() for row in goals.million_rows(paths))


def every_goal_of_a_scenario_has_a_row():
    """Once it was measured."""
    for scenario in scenarios.SCENARIOS:
        for goal in scenario.goals:
            own = {**line(scenario.name, 1.0), "link": goal.link, goal.figure: 1.0}
            assert list(goals.macro_rows([own])), scenario.name


TESTS = (
    workers_of_a_stack_count_together,
    settings_of_connections_come_from_a_worker_that_had_one,
    losses_of_all_workers_and_ports_are_told,
    two_processes_are_two_sides,
    a_lossy_rate_does_not_count,
    a_microbenchmark_is_held_against_its_goal_and_its_reference,
    growth_counts_when_it_goes_to_ten_million,
    ten_million_are_judged_by_every_run,
    every_goal_of_a_scenario_has_a_row,
)


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
            print(f"ok - {test.__name__}")
        except Exception as error:  # a broken benchmark fails this test, not the ones behind it
            failed += 1
            print(f"not ok - {test.__name__}: {error!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
