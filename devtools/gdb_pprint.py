# SPDX-License-Identifier: BSD-3-Clause
"""Prints a connection as RFC 9293 draws it: its state, then figures 3 and 4 with its numbers.

In gdb: source devtools/gdb_pprint.py, then print *conn. Sequence numbers in brackets are relative to
ISS and IRS. `print/r *conn` shows the plain structure.
"""

import ipaddress

import gdb
import gdb.printing

WIDTH = 14


def modulo(number):
    return number & 0xFFFFFFFF


def address_text(plx_addr):
    address = ipaddress.IPv6Address(bytes(int(plx_addr["bytes"][i]) for i in range(16)))
    return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address}]"


def field(value, name):
    return int(value[name])


def state_name(number):
    """PLX_STATE_SYN_SENT becomes SYN-SENT, as the RFC writes it."""
    name = str(gdb.Value(number).cast(gdb.lookup_type("enum plx_state")))
    return name.replace("PLX_STATE_", "").replace("_", "-")


def figure(title, edges, origin):
    """The marks of a sequence space from left to right: (name, number)."""
    ruler = "|".join(["-" * WIDTH] * (len(edges) + 1))
    names = "".join(name.center(WIDTH + 1) for name, _ in edges)
    numbers = "".join(f"{number}".center(WIDTH + 1) for _, number in edges)
    relative = "".join(f"({modulo(number - origin)})".center(WIDTH + 1) for _, number in edges)
    indent = " " * (WIDTH // 2)
    return "\n".join([title, "  " + ruler, *("  " + indent + row.rstrip()
                                              for row in (names, numbers, relative))])


class ConnectionPrinter:
    """struct tcp_conn: the TCB of RFC 9293 3.3.1."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        conn, snd, rcv = self.value, self.value["snd"], self.value["rcv"]
        una, nxt, wnd = (field(snd, name) for name in ("una", "nxt", "wnd"))
        rcv_nxt, adv = field(rcv, "nxt"), field(rcv, "adv")
        iss, irs = field(conn, "iss"), field(conn, "irs")
        key = conn["key"]
        ends = [f"{address_text(key[side])}:{field(key, side + '_port')}"
                for side in ("local", "remote")]
        return "\n".join([
            f"{ends[0]} -> {ends[1]}  {state_name(field(conn, 'state'))}  ISS {iss}  IRS {irs}",
            figure("Send sequence space (RFC 9293 figure 3)",
                   [("SND.UNA", una), ("SND.NXT", nxt), ("SND.UNA+WND", modulo(una + wnd))], iss),
            figure("Receive sequence space (RFC 9293 figure 4)",
                   [("RCV.NXT", rcv_nxt), ("RCV.NXT+WND", adv)], irs),
            f"cwnd {field(conn, 'cwnd')}  ssthresh {field(conn, 'ssthresh')}  mss {field(conn, 'mss')}"
            f"  received {field(conn, 'rcv_bytes')}  out of order {field(conn, 'ooo_bytes')}"
            f"  queued {field(conn['queue'], 'bytes')}  backoff {field(conn, 'backoff')}",
        ])


def register():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("pollux")
    printers.add_printer("tcp_conn", "^tcp_conn$", ConnectionPrinter)
    gdb.printing.register_pretty_printer(gdb.current_objfile(), printers, replace=True)


register()
