#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line of the program: help, mistakes, exit status, results.

usage: cli_test.py             what needs neither root nor a device, over loopback
       cli_test.py devices     the examples of the help that need devices
"""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

import interop

COMMANDS = ["serve", "load", "relay", "run", "help"]
LOAD = ["load", "--port", "loopback", "--address", "198.18.0.1/24", "--target", "http://198.18.0.2/"]
SERVE = ["serve", "--port", "loopback", "--address", "198.18.0.2/24", "--listen", "http:*:80"]


def pollux(*arguments, status=0, **options):
    """Runs the program to its end; gives what it said on standard output and on standard error."""
    options.setdefault("timeout", 60)
    done = subprocess.run([interop.POLLUX, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **options)
    assert done.returncode == status, (
        f"{shlex.join(arguments)}: status {done.returncode}, not {status}: "
        f"{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout, done.stderr


def refused(*arguments, **options):
    """What is said about a command line for which nothing is run, without the program's name."""
    out, err = pollux(*arguments, status=2, **options)
    assert not out, f"{shlex.join(arguments)}: said on standard output: {out}"
    lines = err.splitlines()
    assert lines and all(line.startswith("pollux: ") for line in lines), err
    return [line[len("pollux: "):] for line in lines]


def examples(command):
    """The examples of a command's help."""
    out, _ = pollux("help", command)
    return re.findall(r"^  (pollux .*)$", out.split("\nExamples:\n")[1], re.MULTILINE)


def is_loopback(example):
    """Can it be run by anybody?"""
    return "--port net_" not in example


def run_example(example, directory):
    """As it stands, but for where its results go."""
    words = shlex.split(example)
    if "--json" in words and words[words.index("--json") + 1] != "-":
        words[words.index("--json") + 1] = os.path.join(directory, "results.json")
    return pollux(*words[1:])


def the_program_alone_prints_help_and_an_example_of_each_command():
    """And that is an error, as nothing was asked for."""
    out, err = pollux(status=2)
    assert not err
    assert len(re.findall(r"^  pollux ", out, re.MULTILINE)) == len(COMMANDS) - 1, out
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", out, re.MULTILINE), f"no {command} in {out}"
    assert pollux("--help")[0] == out == pollux("help")[0] == pollux("-h")[0]


def version_is_one_line():
    """pollux 0.1.0"""
    out, _ = pollux("--version")
    assert re.fullmatch(r"pollux \d+\.\d+\.\d+\n", out), out


def every_help_has_units_defaults_and_two_examples():
    """The same by either way to it."""
    for command in COMMANDS:
        out, _ = pollux(command, "--help")
        assert out == pollux("help", command)[0]
        assert len(examples(command)) == 2, out
    for command in ("serve", "load"):
        out = " ".join(pollux("help", command)[0].split())
        for expected in ("TIME: a number and its unit", "SIZE: bytes", "(1 to 64, default 1)"):
            assert expected in out, f"no {expected} in {out}"
    assert "default 10s" in " ".join(pollux("help", "load")[0].split())
    assert "default 64)" in " ".join(pollux("help", "serve")[0].split())


def help_names_nothing_that_is_not_there():
    """What a later version brings is absent, not refused."""
    for command in COMMANDS:
        out, _ = pollux("help", command)
        for absent in ("chargen", "pcapng", "af_xdp", "telemetry"):
            assert absent not in out, f"{absent} in the help of {command}"


def every_example_runs():
    """Those with devices are run by `cli_test.py devices`."""
    with tempfile.TemporaryDirectory() as directory:
        ran = [run_example(example, directory) for command in COMMANDS
               for example in examples(command) if is_loopback(example)]
    assert len(ran) >= 6


def help_config_prints_a_file_that_says_every_key():
    """The very file that is kept as an example, which a test loads."""
    with open("config/reference.yaml", encoding="utf-8") as file:
        assert pollux("help", "config")[0] == file.read()


def mistyped_words_are_answered_with_the_nearest():
    """Commands, options, protocols, keys."""
    cases = {
        ("srve",): 'srve: unknown command; did you mean "serve"?',
        ("help", "looad"): 'looad: unknown command; did you mean "load"?',
        ("xyzzy",): "xyzzy: unknown command; `pollux help` lists those there are",
        ("--prot", "x"): "--prot: unknown option; give a command first, `pollux help` lists them",
        ("serve", "--adress", "x"): "--adress: is not an option of serve; did you mean --address?",
        ("load", "--xyzzy"): "--xyzzy: is not an option of load; `pollux help load` lists them",
        ("load", "-z"): "-z: is not an option of load; `pollux help load` lists them",
        ("load", "--port"): "--port: has no value; write --port=DEVICE",
        ("load", "--verbose=1"): "--verbose: takes no value; leave it out",
        ("load", "--con", "5"): "--con: is ambiguous; write --connections or --congestion",
        ("serve", "x"): "x: is one argument too many; `pollux serve` takes options only",
        ("run", "a", "b"): "b: is one argument too many; `pollux run` takes FILE alone",
    }
    for arguments, expected in cases.items():
        assert refused(*arguments) == [expected]


def wrong_values_name_their_option():
    """In the words of a file, but by the names of the command line."""
    cases = {
        ("--connections", "0"): "--connections: 0 is out of range; give 1 to 16777216",
        ("--duration", "5"): '--duration: "5" is not a time; write a number and its unit, '
                             "as 50s; ns, us, ms, s, m or h",
        ("--source", "198.18.0.7"): '--source: 198.18.0.7 is not an address of stack "load"; '
                                    "add it to --address",
        ("--target", "http://[fd00::2]/"): '--target: stack "load" has no IPv6 address; add one to '
                                           "--address",
        ("--target", "http://203.0.113.1/"): "--target: 203.0.113.1 is not on the link; set "
                                             "--gateway, or name an address in the prefix",
        ("--gateway", "203.0.113.1"): "--gateway: 203.0.113.1 is not on the link; give one within "
                                      "the prefix of --address",
        ("--workers", "65"): "--workers: 65 is out of range; give 1 to 64",
        ("--mtu", "9001"): "--mtu: 9001 is out of range; give 576 to 9000",
    }
    for arguments, expected in cases.items():
        assert refused(*LOAD, *arguments) == [expected]
    assert refused(*SERVE, "--root", "x", "--body-size", "1k") == [
        "--body-size: --root says what is served; leave one of the two out"]
    assert refused(*SERVE, "--listen", "http:*:80") == [
        "--listen: another server listens there; give each its own address or port"]
    assert refused("serve", "--port", "tap0", *SERVE[3:]) == [
        '--port: unknown device "tap0"; did you mean "net_tap"?']


def ways_of_a_relay_are_named_by_their_option():
    """Of two values each is looked at; what concerns both ports is said once."""
    relay = ["relay", "--port", "net_null0", "--port", "net_null1"]
    share = 'is not a share; write a percentage, as 0.1%'
    cases = {
        ("--loss", "1%,x"): f'--loss: "x" {share}',
        ("--loss", ","): f'--loss: "" {share}',
        ("--loss", "1%,2%,3%"): f'--loss: "2%,3%" {share}',
        ("--loss", "x"): f'--loss: "x" {share}',
        ("--delay", "2m"): "--delay: 2m is out of range; give 0 to 1m",
        ("--queue", "64k"): "--queue: nothing waits without a rate; give --rate, or leave it out",
        ("--rate", "0,1M", "--queue", "64k"):
            "--queue: nothing waits without a rate; give --rate, or leave it out",
        ("--port", "net_null2"): "--port: is given 3 times; a relay joins two ports, so give it twice",
    }
    for arguments, expected in cases.items():
        assert refused(*relay, *arguments) == [expected]
    assert refused(*relay[:3]) == [
        "--port: is given 1 time; a relay joins two ports, so give it twice"]
    assert refused("relay", "--port", "tap0", "--port", "net_null1") == [
        '--port: unknown device "tap0"; did you mean "net_tap"?']


def missing_options_are_all_named():
    """With how they are written."""
    assert refused("serve") == ["--port: is missing; write --port=DEVICE",
                                "--address: is missing; write --address=ADDR[-ADDR]/PREFIX",
                                "--listen: is missing; write --listen=PROTO:ADDR:PORT[-PORT]"]
    assert refused("relay") == ["--port: is missing; write --port=DEVICE"]
    assert refused("run") == [
        "run: names no file; `pollux help config` prints one to begin with"]


def wrong_files_are_refused_with_their_line():
    """FILE:LINE: KEY: WHAT; REMEDY, every error of the file."""
    path = "tests/unit/config/wrong/workers.yaml"
    with open(path, encoding="utf-8") as file:
        promised = [f"{path}:{line[3:].rstrip()}" for line in file if line.startswith("#! ")]
    assert refused("run", path) == promised
    assert refused("run", "no/such.yaml") == [
        "no/such.yaml: cannot be read: No such file or directory; give a file to read"]
    assert refused("run", "config/loopback.yaml", "--duration", "x")[0].startswith(
        '--duration: "x" is not a time; ')


def results_that_cannot_be_written_stop_the_run_before_it_begins():
    """And a run that did not begin leaves no results."""
    assert refused(*LOAD, "--json", "/no/such/folder/x.json") == [
        "/no/such/folder/x.json: cannot be written: No such file or directory; "
        "name a file that can"]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "x.json")
        said = refused(*SERVE, "--root", os.path.join(directory, "none"), "--json", path)
        assert said[0].startswith("--root: "), said
        assert not os.path.exists(path)


def too_little_memory_is_refused_with_what_is_needed():
    """Before anything is taken."""
    said = refused(*LOAD, "--memory", "64M")
    assert re.fullmatch(r"memory: \d+ MB are needed, memory gives 64 MB; raise it to \d+M, "
                        r"or leave it out", said[-1]), said


def a_run_ends_with_results_and_closed_books():
    """The default of `make run`, from a folder with a space in its name."""
    with tempfile.TemporaryDirectory(prefix="pollux results ") as directory:
        path = os.path.join(directory, "loop back.json")
        out, _ = pollux("run", "config/loopback.yaml", "--duration", "1s", "--json", path)
        results = interop.read_json(path)
    assert list(results)[:9] == ["schema", "duration_s", "connections", "requests", "bytes", "errors",
                                 "latency_us", "rates", "books"]
    assert results["schema"] == 1 and 0.9 < results["duration_s"] < 2
    assert results["requests"]["answered"] > 0 and results["requests"]["failed"] == 0
    assert results["connections"] == {"opened": 100, "answered": 100, "closed": 100, "failed": 0}
    assert list(results["latency_us"]) == ["p50", "p90", "p99", "p99_9", "max"]
    interop.check_books(results)
    assert "\nbooks: closed (" in out
    assert re.search(r"^ +1 s .* requests/s .* 0 failed$", out, re.MULTILINE), out


def a_relay_runs_beside_stacks_in_one_process():
    """What its ways do is told by port, and adds up."""
    out, _ = pollux("run", "config/relayed.yaml", "--duration", "2s", "--json", "-")
    results = json.loads(out)
    interop.check_books(results)
    assert results["requests"]["answered"] > 0 and results["requests"]["failed"] == 0
    assert [(way["from"], way["to"]) for way in results["relays"]] == [
        ("left", "right"), ("right", "left")]
    ports = {port["port"]: port for port in results["books"]["ports"]}
    for way in results["relays"]:
        assert way["frames"] == way["sent"] == ports[way["from"]]["rx_impairment"]["passed"]
    assert ports["right"]["rx_impairment"]["lost_in_queue"] > 0


def results_on_standard_output_are_alone_there():
    """The table goes to standard error then."""
    out, err = pollux(*LOAD, "--duration", "500ms", "--json", "-")
    interop.check_books(json.loads(out))
    assert "\nbooks: closed (" in err
    assert "TIME_WAIT 0 (load generation)" in err


def failed_requests_are_counted_and_told_by_the_status():
    """Exit status 1: it ran, and something failed."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "run.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("""
ports: [{name: a, device: loopback}, {name: b, device: loopback, peer: a}]
stacks:
  - {name: server, port: a, addresses: "fd00::2/64"}
  - {name: client, port: b, addresses: "fd00::1/64", time_wait: 0}
servers: [{stack: server, listen: "http:*:80", root: "%s"}]
loads:
  - {stack: client, target: "http://[fd00::2]/run.yaml", rate: 50, duration: 500ms}
  - {stack: client, target: "http://[fd00::2]/nothing", rate: 50, duration: 500ms}
  - {stack: client, target: "http://[fd00::2]:81/", connections: 1, rate: 10, duration: 500ms}
""" % directory)
        out, _ = pollux("run", path, "--json", path + ".json", status=1)
        results = interop.read_json(path + ".json")
    good, missing, closed = results["loads"]
    assert good["requests"] == {"sent": 25, "answered": 25, "failed": 0}, good
    assert missing["requests"] == {"sent": 25, "answered": 0, "failed": 25}, missing
    assert missing["errors"] == {"bad-status": 25}
    assert closed["errors"]["refused"] == closed["connections"]["failed"] > 0
    assert results["requests"]["failed"] == 25
    assert "the first bad status was 404" in out
    interop.check_books(results)


def every_connection_and_both_families_add_up_at_a_rate():
    """A connection each, four workers, ports in turn."""
    out, _ = pollux("load", "--port", "loopback", "--address", "fd00::1/64", "--target",
                    "http://[fd00::2]:8080-8083/", "--workers", "2", "--rate", "2k",
                    "--requests-per-connection", "1", "--duration", "500ms", "--json", "-")
    results = json.loads(out)
    sent = results["requests"]["sent"]
    assert 0 < sent <= 1000 and results["requests"]["answered"] == sent, results["requests"]
    assert results["connections"] == {"opened": sent, "answered": sent, "closed": sent, "failed": 0}
    assert len(results["books"]["stacks"]) == 4
    interop.check_books(results)


def frames_may_pass_between_stacks_by_reference():
    """Over net_ring: several workers on each side, answers of many segments, nothing kept by anybody."""
    out, err = pollux("load", "--port", "net_ring", "--address", "198.18.0.1/24", "--target",
                      "http://198.18.0.2/", "--workers", "2", "--connections", "16",
                      "--requests-per-connection", "3", "--duration", "1s", "--json", "-")
    results = json.loads(out)
    requests = results["requests"]
    assert requests["answered"] == requests["sent"] > 0 and requests["failed"] == 0, requests
    assert len(results["books"]["stacks"]) == 4
    assert results["books"]["mbufs"]["missing"] == 0, results["books"]["mbufs"]
    interop.check_books(results)
    assert "losses: none" in err, err


@contextlib.contextmanager
def server_without_end():
    """A server on a loopback that has said its first line."""
    with subprocess.Popen([interop.POLLUX, *SERVE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:
        try:
            assert server.stdout.readline().startswith("   1 s ")
            yield server
        finally:
            server.kill()


def a_signal_ends_a_server_in_order():
    """SIGINT or SIGTERM; the report follows, and nothing has failed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with server_without_end() as server:
            server.send_signal(number)
            out, _ = server.communicate(timeout=30)
            assert server.returncode == 0, out
            assert "\nbooks: closed (" in out


def it_runs_from_where_it_is_put():
    """Under a path with a space, called from elsewhere."""
    with tempfile.TemporaryDirectory(prefix="pollux in stalled ") as directory:
        program = os.path.join(directory, "pollux")
        with open(interop.POLLUX, "rb") as source, open(program, "wb") as copy:
            copy.write(source.read())
        os.chmod(program, 0o755)
        done = subprocess.run([program, *LOAD, "--duration", "300ms"], cwd="/", check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        assert done.returncode == 0, done.stdout


def the_examples_with_a_tap_serve_linux():
    """What the help of serve shows is fetched with curl."""
    (example,) = [e for e in examples("serve") if "net_tap" in e]
    with interop.Namespace() as both:
        words = shlex.split(example)[1:]
        with interop.Program(both, interop.POLLUX, *words) as server:
            has_device = both.command("ip", "link", "show", "pollux0")
            interop.wait_until(lambda: interop.succeeds(has_device) or not server.is_running(), "TAP")
            both.address("pollux0")
            interop.wait_for_server(server, both)
            for family in (4, 6):
                assert len(both.run("curl", "-s", "--max-time", "10", interop.url(family))) == 64
            assert server.interrupt() == 0, server.text()


def the_examples_of_a_relay_end_in_order():
    """Between two TAP devices, and between two veths; nobody speaks there."""
    tap, veth = examples("relay")
    with interop.Namespace() as both:
        assert "\nbooks: closed (" in both.run(interop.POLLUX, *shlex.split(tap)[1:])
        for name in ("left", "right"):
            both.run("ip", "link", "add", name, "type", "veth", "peer", "name", "peer-" + name)
            both.run("ip", "link", "set", name, "up")
            both.run("ip", "link", "set", "peer-" + name, "up")
        assert "\nbooks: closed (" in both.run(interop.POLLUX, *shlex.split(veth)[1:])


HTTP_SERVER = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def do_GET(self):
		self.send_response(200)
		self.send_header("Content-Length", "2")
		self.end_headers()
		self.wfile.write(b"ok")
	def log_message(self, *arguments):
		pass

class Server(http.server.ThreadingHTTPServer):
	request_queue_size = 1024

Server(("198.18.0.1", 8080), Handler).serve_forever()
"""


def the_examples_with_a_veth_load_linux():
    """What the help of load shows asks a server of Python's."""
    (example,) = [e for e in examples("load") if "net_af_packet" in e]
    words = shlex.split(example.replace("veth0", "pollux0"))[1:]
    with interop.veth() as (ours, linux):
        with interop.Program(linux, "/usr/bin/python3", "-c", HTTP_SERVER):
            fetch = linux.command("curl", "-s", "--max-time", "2", "http://198.18.0.1:8080/")
            interop.wait_until(lambda: interop.succeeds(fetch), "Python's server")
            out = ours.run(interop.POLLUX, *words)
            assert "\nbooks: closed (" in out, out


ANYWHERE = [
    the_program_alone_prints_help_and_an_example_of_each_command,
    version_is_one_line,
    every_help_has_units_defaults_and_two_examples,
    help_names_nothing_that_is_not_there,
    every_example_runs,
    help_config_prints_a_file_that_says_every_key,
    mistyped_words_are_answered_with_the_nearest,
    wrong_values_name_their_option,
    ways_of_a_relay_are_named_by_their_option,
    missing_options_are_all_named,
    wrong_files_are_refused_with_their_line,
    results_that_cannot_be_written_stop_the_run_before_it_begins,
    too_little_memory_is_refused_with_what_is_needed,
    a_run_ends_with_results_and_closed_books,
    a_relay_runs_beside_stacks_in_one_process,
    results_on_standard_output_are_alone_there,
    failed_requests_are_counted_and_told_by_the_status,
    every_connection_and_both_families_add_up_at_a_rate,
    frames_may_pass_between_stacks_by_reference,
    a_signal_ends_a_server_in_order,
    it_runs_from_where_it_is_put,
]
DEVICES = [the_examples_with_a_tap_serve_linux, the_examples_with_a_veth_load_linux,
           the_examples_of_a_relay_end_in_order]

if __name__ == "__main__":
    interop.POLLUX = os.path.abspath(interop.POLLUX)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    if sys.argv[1:] == ["devices"]:
        sys.exit(interop.run_tests(DEVICES))
    sys.exit(interop.run_tests(ANYWHERE, needs_root=False))
