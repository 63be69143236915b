"""Ports for the servers of the suite, each of them once.

The suite asks the system for a free port, which is free again until its server listens. Of many
servers that start at once, two may get the same port: then a case asks the server of another case.
"""

import itertools
import os

# Below the ports that Linux gives out by itself (32768 and above).
FIRST, PER_WORKER = 10_000, 2_000

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(FIRST + _worker * PER_WORKER, FIRST + (_worker + 1) * PER_WORKER))


def pytest_plugin_registered(plugin):
    if hasattr(plugin, "free_port"):
        plugin.free_port = lambda: next(_ports)
