# SPDX-License-Identifier: BSD-3-Clause
"""The machine while it is measured: huge pages that are there only meanwhile, cores, what it is called."""

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "..")
sys.path.insert(0, BENCH)

import testbed  # noqa: E402  (found by the line above)

interop = testbed.interop

NR_HUGE_PAGES = "/proc/sys/vm/nr_hugepages"
PAGE_MB = 2
CLONE_NEWNS = 0x20000


def read(path):
    """The text of a small file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    """Sets a kernel's value."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def leave_mounts():
    """Mounts made from here on are seen by this process and its children alone, and end with them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare of the mount namespace")
    interop.run(["mount", "--make-rprivate", "/"])


def mount_point():
    """Where the first hugetlbfs is mounted."""
    mounts = (line.split() for line in read("/proc/mounts").splitlines())
    return next((path for _, path, kind, *_ in mounts if kind == "hugetlbfs"), "")


@contextlib.contextmanager
def huge_pages(megabytes):
    """Reserves huge pages and a hugetlbfs for them; gives both back. Yields how many MB are there."""
    leave_mounts()
    before = int(read(NR_HUGE_PAGES))
    with tempfile.TemporaryDirectory(prefix="pollux-huge-") as folder:
        interop.run(["mount", "-t", "hugetlbfs", "none", folder])
        try:
            write(NR_HUGE_PAGES, str(before + megabytes // PAGE_MB))
            yield (int(read(NR_HUGE_PAGES)) - before) * PAGE_MB
        finally:
            write(NR_HUGE_PAGES, str(before))
            interop.run(["umount", "--lazy", folder])


def cores():
    """One for the server's end, one for the load's, the same one where there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return {"server": allowed[0], "client": allowed[1 % len(allowed)]}


def pinned(cpus, *command):
    """The command on CPUs, ahead of whatever else runs here."""
    return ["nice", "-n", str(testbed.NICE), "taskset", "-c", ",".join(map(str, cpus)), *command]


# Looks at the clock for a second: gaps of 50 us or more are somebody else's.
WATCH = """
import time
end = time.perf_counter_ns() + 10**9
last, gone, longest = time.perf_counter_ns(), 0, 0
while last < end:
    now = time.perf_counter_ns()
    if now - last >= 50000:
        gone += now - last
        longest = max(longest, now - last)
    last = now
print(gone / 1e9, longest / 1e3)
"""


def stalls():
    """What a core withholds from a program that does not sleep: its share, and the longest time."""
    found = {}
    for who, cpu in cores().items():
        share, longest = map(float, interop.run(pinned([cpu], "/usr/bin/python3", "-c", WATCH)).split())
        found[who] = {"share": share, "longest_us": longest}
    return found


def conditions():
    """What a reader needs to judge the figures."""
    return {
        "commit": testbed.commit(), "kernel": os.uname().release, "processor": testbed.processor(),
        "cpus": len(os.sched_getaffinity(0)), "placement": cores(),
        "load_average": os.getloadavg()[0], "dpdk": dpdk_version(), "stalls": stalls(),
    }  # fmt: skip


def dpdk_version():
    """As pkg-config has it."""
    done = subprocess.run(["pkg-config", "--modversion", "libdpdk"], capture_output=True, text=True,
                          check=False)  # fmt: skip
    return done.stdout.strip() or "unknown"
