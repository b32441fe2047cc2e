#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pollux serve and pollux load as two processes that share nothing but a net_memif link."""

import contextlib
import os
import sys
import tempfile

import interop

NR_HUGE_PAGES = "/proc/sys/vm/nr_hugepages"
HUGE_PAGES = 1024  # of 2 MB, for both processes


@contextlib.contextmanager
def huge_pages():
    """Reserves huge pages and gives them back."""
    with open(NR_HUGE_PAGES, encoding="ascii") as file:
        before = int(file.read())
    try:
        with open(NR_HUGE_PAGES, "w", encoding="ascii") as file:
            file.write(str(before + HUGE_PAGES))
        yield
    finally:
        with open(NR_HUGE_PAGES, "w", encoding="ascii") as file:
            file.write(str(before))


def requests_cross_a_memif():
    """Both families; every request is answered, the books of both ends close."""
    with huge_pages(), tempfile.TemporaryDirectory(prefix="pollux-memif-") as directory, \
            interop.Namespace() as ours:  # fmt: skip
        link = f"net_memif0,socket-abstract=no,socket={directory}/memif.sock,id=0"
        served = os.path.join(directory, "serve.json")
        serve = [
            interop.POLLUX, "serve", "--port", f"{link},role=server",
            "--address", "198.18.0.2/24", "--address", "fd00::2/64",
            "--listen", "http:198.18.0.2:80", "--listen", "http:[fd00::2]:80", "--json", served,
        ]  # fmt: skip
        with interop.Program(ours, *serve) as server:
            interop.wait_until(
                lambda: os.path.exists(f"{directory}/memif.sock") or not server.is_running(),
                "memif socket",
            )
            assert server.is_running(), f"the server has ended: {server.text()}"
            for target in ("http://198.18.0.2/", "http://[fd00::2]/"):
                report = os.path.join(directory, "load.json")
                ours.run(
                    interop.POLLUX, "load", "--port", f"{link},role=client",
                    "--address", "198.18.0.1/24", "--address", "fd00::1/64",
                    "--target", target, "--connections", "100", "--duration", "2s",
                    "--json", report,
                )  # fmt: skip
                result = interop.read_json(report)
                interop.check_books(result)
                assert result["requests"]["failed"] == 0, result["errors"]
                assert result["requests"]["answered"] > 1000, result["requests"]
            assert server.interrupt() == 0, server.text()[-2000:]
        interop.check_books(interop.read_json(served))


if __name__ == "__main__":
    sys.exit(interop.run_tests([requests_cross_a_memif]))
