"""RabbitMQ nodes on this machine, in one cluster, with its MQTT plug-in: Debian's rabbitmq-server, 3.10.

Each node listens at an address of its own, 127.0.0.1 and on, all at one port, as the machines of a cluster do. They
find each other by an epmd of their own, so that a RabbitMQ of the machine's is left alone.
"""

import base64
import contextlib
import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from ..loopback import free_port

_PLACES = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
_PATIENCE = 120.0  # seconds for all nodes to start
_INSTALL = "install it: sudo apt-get install rabbitmq-server (Debian, Ubuntu)"
_LIGHT = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"  # one core for each node, which does not wait busily


class ClusterError(Exception):
    """A node is not there or does not start; says what to do."""


def find_rabbitmq() -> str | None:
    """Path of the server's own script, not of Debian's around it, which runs one node as a user of its own; None where
    RabbitMQ or Erlang's epmd is not installed."""
    found = sorted(glob.glob(_PLACES))
    return found[-1] if found and shutil.which("epmd") else None


def _definitions(user: str, password: str) -> dict[str, list[dict[str, Any]]]:
    """The only user; and that what a client has subscribed to is on every node, for a queue that is on one alone is out
    of reach when that dies, and its client is let in nowhere else: NOT_FOUND, "home node … is down"."""
    salt = os.urandom(4)
    secret = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "vhosts": [{"name": "/"}],
        "users": [{"name": user, "password_hash": secret, "tags": "", "limits": {}}],
        "permissions": [{"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
        "policies": [
            {
                "vhost": "/",
                "name": "subscriptions",
                "pattern": "^mqtt-subscription-",
                "apply-to": "queues",
                "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"},
                "priority": 0,
            }
        ],
    }


class Node:
    """One of the nodes: `host` is where it listens for MQTT."""

    def __init__(self, cluster: "RabbitMQ", number: int) -> None:
        self.name = f"node{number}@localhost"
        self.host = f"127.0.0.{number}"
        self.process: subprocess.Popen[bytes] | None = None
        self._cluster = cluster
        self._directory = cluster.directory / self.name
        self._distribution_port = free_port()

    def start(self) -> None:
        """Returns at once; the cluster's start() waits."""
        self._directory.mkdir(exist_ok=True)
        config = self._directory / "rabbitmq.conf"
        nodes = "".join(
            f"cluster_formation.classic_config.nodes.{n} = {node.name}\n"
            for n, node in enumerate(self._cluster.nodes, 1)
        )
        config.write_text(
            f"listeners.tcp = none\nmqtt.listeners.tcp.1 = {self.host}:{self._cluster.port}\n"
            f"load_definitions = {self._cluster.definitions}\nlog.console = false\nlog.file.level = info\n"
            f"cluster_formation.peer_discovery_backend = classic_config\n{nodes}"
        )
        plugins = self._directory / "enabled_plugins"
        plugins.write_text("[rabbitmq_mqtt].\n")
        environment = {
            **self._cluster.environment,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self._directory),
            "RABBITMQ_LOG_BASE": str(self._directory),
            "RABBITMQ_PID_FILE": str(self._directory / "pid"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_LIGHT} -kernel inet_dist_use_interface {{127,0,0,1}}",
        }
        with (self._directory / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [self._cluster.program],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
                start_new_session=True,  # the script starts Erlang: kill() ends both
            )

    def listens(self) -> bool:
        """Whether it takes connections for MQTT. Raises ClusterError where it has ended."""
        if self.process is None or self.process.poll() is not None:
            raise ClusterError(f"{self.name} does not start: " + "; ".join(self.log.strip().splitlines()[-3:]))
        with contextlib.suppress(OSError), socket.create_connection((self.host, self._cluster.port), 1):
            return True
        return False

    def kill(self) -> None:
        """SIGKILL, as when the machine's power fails. Does nothing where it does not run."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def log(self) -> str:
        """What it has written, to its log and, before it had one, to its output."""
        files = [self._directory / "output", *sorted(self._directory.glob("*.log"))]
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())


class RabbitMQ:
    """Use it in a `with` statement: its nodes run when that begins, and none does when it ends, and their files are
    gone. `user` and `password` are the only ones; `port` is that of MQTT."""

    user, password = "cluster", "only a test"

    def __init__(self, count: int) -> None:
        program = find_rabbitmq()
        if program is None:
            raise ClusterError(f"rabbitmq-server is missing; {_INSTALL}")
        self.program = program
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._epmd_port = str(free_port())
        cookie = self.directory / ".erlang.cookie"
        cookie.write_text("cluster")
        cookie.chmod(0o400)
        self.environment = {
            **os.environ,
            "HOME": str(self.directory),
            "ERL_EPMD_PORT": self._epmd_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "LC_ALL": "C.UTF-8",
        }
        self.definitions = self.directory / "definitions.json"
        self.definitions.write_text(json.dumps(_definitions(self.user, self.password)))
        self.nodes = [Node(self, number) for number in range(1, count + 1)]

    def start(self) -> None:
        """Returns when each node takes connections. It may refuse them for some seconds yet, not having loaded its
        user: fleet.wait_until_accepted() waits for that. Raises ClusterError."""
        self._epmd = subprocess.Popen(
            ["epmd", "-port", self._epmd_port],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _PATIENCE
        for node in self.nodes:  # one after the other: begun at once, they may agree on who leads them too late
            node.start()
            while not node.listens():
                if time.monotonic() > deadline:
                    raise ClusterError(f"{node.name} does not listen after {_PATIENCE:.0f} s")
                time.sleep(0.2)

    def close(self) -> None:
        """Ends every node."""
        for node in self.nodes:
            node.kill()
        if self._epmd:
            self._epmd.kill()
            self._epmd.wait()
        self._temporary.cleanup()

    def __enter__(self) -> "RabbitMQ":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
