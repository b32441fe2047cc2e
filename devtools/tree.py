# SPDX-License-Identifier: BSD-3-Clause
"""What the checks of devtools/ share: the files of a tree, C without its comments, the verdict.

A check takes the tree as its only argument, by default the one it lies in, prints what it finds
and ends with the line that devtools/report counts.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SKIPPED_FOLDERS = re.compile(r"^(\.git|build(-.*)?|__pycache__)$")
COMMENT_OR_STRING = re.compile(
    r"//(?:\\\n|[^\n])*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def top():
    if len(sys.argv) > 1:
        return os.path.abspath(sys.argv[1])
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(root, *suffixes, under=""):
    """Paths relative to the root, sorted; all files when no suffix is given."""
    found = []
    for folder, folders, names in os.walk(os.path.join(root, under)):
        folders[:] = [name for name in folders if not SKIPPED_FOLDERS.match(name)]
        for name in names:
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def read(root, path):
    """The text of a file; None when it is not text."""
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def shebang(text):
    """The interpreter's name, or an empty string."""
    match = re.match(r"#!\s*(?:/usr/bin/env\s+)?(\S+)", text or "")
    return os.path.basename(match.group(1)) if match else ""


def code(text, keep_strings=False):
    """C with comments blanked, and strings too unless kept; lines stay where they are."""

    def blank(match):
        token = match.group(0)
        if keep_strings and token[0] in "\"'":
            return token
        return re.sub(r"[^\n]", " ", token)

    return COMMENT_OR_STRING.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def verdict(name, offences):
    """Prints what was found and the line that is counted; exits."""
    for offence in offences:
        print(offence)
    if offences:
        print(f"not ok - {name}: {len(offences)} found")
        sys.exit(1)
    print(f"ok - {name}")
    sys.exit(0)


def require(name, *programs):
    """Ends with a skip when a program that the check needs is not installed."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"skip - {name}: not installed: {' '.join(missing)}")
        sys.exit(0)


def run_all(commands, cwd):
    """Runs (title, command) pairs side by side; title and output of those that failed, in order."""

    def run(titled):
        title, command = titled
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        return f"{title}:\n{done.stdout.rstrip()}" if done.returncode else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [output for output in pool.map(run, commands) if output is not None]
