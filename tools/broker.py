"""The real mosquitto, for the tests and the bench."""

import os
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
_INSTALL = N_(
    "install it: sudo apt-get install mosquitto mosquitto-clients (Debian, Ubuntu), brew install mosquitto (macOS)"
)


class BrokerError(Exception):
    """The broker is not there or does not start; says what to do."""


def find_mosquitto(program: str = "mosquitto") -> str | None:
    """Path of mosquitto or of one of its tools; None if it is not installed."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN]))


class Mosquitto:
    """The real mosquitto on 127.0.0.1, and on ::1 where there is IPv6, that lets in the given users and nobody else.

    Use it in a `with` statement, or call start() and close(). `users` maps user names to passwords, `port` 0 is a free
    one; it stays the same from then on. `directory` is where its files go: one that goes away with it if not given.
    `config` is added to its configuration file, as it is. With `persistence`, sessions and retained messages live on in
    `directory` from stop() to start().
    """

    def __init__(
        self,
        users: Mapping[str, str],
        port: int = 0,
        directory: str | os.PathLike[str] | None = None,
        *,
        config: str = "",
        persistence: bool = False,
    ) -> None:
        program, passwd = find_mosquitto(), find_mosquitto("mosquitto_passwd")
        if program is None or passwd is None:
            raise BrokerError(_("mosquitto is missing; {install}").format(install=_(_INSTALL)))
        self.users = dict(users)
        self.port = port or free_port()
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
        lines = [
            *(f"listener {self.port} {host}" for host in self.hosts),
            "allow_anonymous false",
            f"password_file {self._users_file}",
            "log_dest stderr",
            "log_type all",
            "log_timestamp_format %H:%M:%S",
            "user root" if os.geteuid() == 0 else "",  # else it gives up its rights and can't read its own files
        ]
        if persistence:
            lines += ["persistence true", f"persistence_location {self.directory}/"]
        self._config.write_text("\n".join([*lines, config, ""]))

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
        """Returns when it answers. Raises BrokerError."""
        told = len(self.log)
        with (self.directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", self._config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _PATIENCE
        while " running" not in self.log[told:]:  # connecting might find another server that has the port
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = self.log[told:].strip().splitlines()[-3:]
                raise BrokerError(_("mosquitto does not start on port {}: {}").format(self.port, "; ".join(last)))
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
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
