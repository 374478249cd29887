"""The real mosquitto, for the tests and the bench."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from .language import N_, _
from .loopback import free_port, has_ipv6

_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")  # not on everybody's PATH
_PATIENCE = 10.0  # seconds for a broker to start or to stop
_ATTEMPTS = 5
# What mosquitto says of a port that another program has: of any (net__socket_listen in src/net.c), and of one for
# WebSockets, where libwebsockets keeps the reason to itself (mosq_websockets_init in src/websockets.c).
_TAKEN = re.compile("Address already in use|Unable to create websockets listener")
_INSTALL = N_(
    "install it: sudo apt-get install mosquitto mosquitto-clients (Debian, Ubuntu), brew install mosquitto (macOS)"
)


class BrokerError(Exception):
    """The broker is not there or does not start; says what to do."""


class PortTakenError(BrokerError):
    """Another program has a port that the broker was to listen at."""


def find_mosquitto(program: str = "mosquitto") -> str | None:
    """Path of mosquitto or of one of its tools; None if it is not installed."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN]))


class Mosquitto:
    """The real mosquitto on 127.0.0.1, and on ::1 where there is IPv6, that lets in the given users and nobody else.

    Use it in a `with` statement, or call start() and close(). `users` maps user names to passwords, `port` 0 is a free
    one. `listeners` are more of them on 127.0.0.1, each at a free port: their names, and what the configuration says of
    each. `ports` has the port of each name, and `port` too. Where another program has taken a free port before the
    `with` statement began, that finds others; from then on they stay the same. `directory` is where its files go: one
    that goes away with it if not given. `config` is added to its configuration file, as it is. With `persistence`,
    sessions and retained messages live on in `directory` from stop() to start().
    """

    port: int
    ports: dict[str, int]

    def __init__(
        self,
        users: Mapping[str, str],
        port: int = 0,
        directory: str | os.PathLike[str] | None = None,
        *,
        config: str = "",
        listeners: Mapping[str, str] | None = None,
        persistence: bool = False,
    ) -> None:
        program, passwd = find_mosquitto(), find_mosquitto("mosquitto_passwd")
        if program is None or passwd is None:
            raise BrokerError(_("mosquitto is missing; {install}").format(install=_(_INSTALL)))
        self.users = dict(users)
        self.hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
        self._temporary = None
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="broker-")
            directory = self._temporary.name
        self.directory = Path(directory)
        self._program = program
        self._passwd = passwd
        self._process: subprocess.Popen[bytes] | None = None
        self._config = self.directory / "mosquitto.conf"
        self._users_file = self.directory / "users"
        self._write_users()
        self._listeners = dict(listeners or {})
        self._given_port = port
        settings = [
            "allow_anonymous false",
            f"password_file {self._users_file}",
            "log_dest stderr",
            "log_type all",
            "log_timestamp_format %H:%M:%S",
            "user root" if os.geteuid() == 0 else "",  # else it gives up its rights and can't read its own files
        ]
        if persistence:
            settings += ["persistence true", f"persistence_location {self.directory}/"]
        self._settings = "\n".join([*settings, config])
        self._choose_ports()

    def _choose_ports(self) -> None:
        self.port = self._given_port or free_port()
        self.ports = {name: free_port() for name in self._listeners}
        lines = [f"listener {self.port} {host}" for host in self.hosts]
        lines.append(self._settings)  # which may be of the listener before it, too
        lines += [f"listener {self.ports[name]} 127.0.0.1\n{text}" for name, text in self._listeners.items()]
        self._config.write_text("\n".join([*lines, ""]))

    def _write_users(self) -> None:
        self._users_file.touch(mode=0o600)
        for user, password in self.users.items():
            done = subprocess.run(
                [self._passwd, "-b", self._users_file, user, password], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise BrokerError(
                    _("mosquitto_passwd does not take the user {user!r}: {stderr}").format(
                        user=user, stderr=done.stderr.strip()
                    )
                )

    def start(self) -> None:
        """Returns when it answers. Raises BrokerError, and PortTakenError where that is why."""
        told = len(self.log)
        with (self.directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", self._config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _PATIENCE
        while " running" not in self.log[told:]:  # connecting might find another server that has the port
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = "; ".join(self.log[told:].strip().splitlines()[-3:])
                kind = PortTakenError if _TAKEN.search(last) else BrokerError
                raise kind(_("mosquitto does not start on port {}: {}").format(self.port, last))
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends it; its clients see their connections closed. Does nothing if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stops and starts it on the same port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stops it and removes its temporary files."""
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    @property
    def log(self) -> str:
        """What it has told about itself since the first start."""
        try:
            return (self.directory / "broker.log").read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def __enter__(self) -> "Mosquitto":
        try:
            for _attempt in range(_ATTEMPTS - 1):
                with contextlib.suppress(PortTakenError):
                    self.start()
                    return self
                self._choose_ports()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
