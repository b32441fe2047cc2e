# SPDX-License-Identifier: BSD-3-Clause
"""Files to be served, and curl that fetches them and looks whether they arrived as they were."""

import hashlib
import os
import tempfile

import interop


class Files:
    """A folder of files with random bytes, removed at the end."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="pollux interop ")
        self.root = os.path.join(self.directory.name, "root")
        os.mkdir(self.root)
        self.report = os.path.join(self.directory.name, "serve.json")
        self.digests = {}

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.directory.cleanup()

    def make(self, name, length):
        """Another file."""
        data = os.urandom(length)
        with open(os.path.join(self.root, name), "wb") as file:
            file.write(data)
        self.digests[name] = hashlib.sha256(data).hexdigest()

    def fetch(self, linux, family, names, *options):
        """Fetches files by one curl, checks them, gives how many connections it made."""
        with tempfile.TemporaryDirectory(dir=self.directory.name) as to:
            config = "".join(
                f'url = "{interop.url(family, "/" + name)}"\noutput = "{to}/{i}"\n'
                for i, name in enumerate(names)
            )
            out = linux.run(
                "curl", "--silent", "--show-error", "--fail", "--globoff", "--max-time", "100",
                "--write-out", "%{num_connects}\\n", *options, "--config", "-", input=config,
            )  # fmt: skip
            for i, name in enumerate(names):
                with open(os.path.join(to, str(i)), "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                assert digest == self.digests[name], f"{name} arrived changed"
        return sum(int(line) for line in out.split())
