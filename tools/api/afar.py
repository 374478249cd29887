"""Talks with the firmware of a board, past its program: "!status", "!log" and the rest, see firmware/remote_command.py.

On a product with a thing model that is the service "board"; everywhere else a command.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

from ..language import _
from .client import Client
from .failures import ApiError, NotOnline
from .studio import NO_MODEL, NO_SUBSCRIPTION, CodeError, StudioClient

SERVICE = "board"
_PATIENCE = 30.0  # seconds for a reply


class Refused(ApiError):
    """The board says no, and why."""


class Board:
    """One board, as a client of the platform reaches it."""

    def __init__(self, client: Client | StudioClient, device: str) -> None:
        self._client = client
        self.device = device
        self._by_service = isinstance(client, StudioClient)

    def ask(self, text: str) -> str:
        """What it replies. Raises Refused where that is an error, NotOnline where there is none, ApiError."""
        reply = self._reply(text)
        if reply.startswith("error: "):
            raise Refused(_("device {device}: {reply}").format(device=self.device, reply=reply.removeprefix("error: ")))
        return reply

    def _reply(self, text: str) -> str:
        if self._by_service:
            assert isinstance(self._client, StudioClient)
            try:
                return str(self._client.call(self.device, SERVICE, {"command": text}).get("reply", ""))
            except CodeError as error:
                if error.code not in (NO_MODEL, NO_SUBSCRIPTION):
                    raise
                self._by_service = False  # a product with data streams
        state = self._client.ask(self.device, text.encode(), _PATIENCE)
        if state.reply is None:
            raise NotOnline(
                _("device {device} has not answered ({words})").format(device=self.device, words=state.words)
            )
        return state.reply.decode(errors="replace")

    def status(self) -> dict[str, Any]:
        """How it is. Raises ApiError, also where its config.json allows no such question."""
        reply = self.ask("!status")
        try:
            found = json.loads(reply)
            if isinstance(found, dict):
                return found
        except ValueError:
            pass
        raise ApiError(
            _('device {device} does not tell how it is: config.json needs "log" or "remote"').format(device=self.device)
        )

    def crashes(self) -> str:
        """What its program has failed with: the file crashes."""
        text, at, size = "", 0, 1
        while at < size:
            head, _newline, piece = self.ask(f"!crashes {at}").partition("\n")
            try:
                end, size = (int(number) for number in head.split(" "))
            except ValueError as error:
                raise ApiError(
                    _("device {device} does not tell: {head!r}").format(device=self.device, head=head[:80])
                ) from error
            if end <= at:
                break
            text, at = text + piece, end
        return text

    def log(self, start: str = "") -> Iterator[tuple[str, str, bool]]:
        """(where its log is read to, lines, whether it has started anew) of what there is beyond `start`, which is such
        a place, in pieces. Raises ApiError."""
        boot = start.partition(" ")[0]
        while True:
            head, _newline, piece = self.ask(f"!log {start}").partition("\n")
            parts = head.split(" ")
            if len(parts) != 3:
                raise ApiError(_("device {device} does not tell: {head!r}").format(device=self.device, head=head[:80]))
            start = f"{parts[0]} {parts[1]}"
            yield start, piece, bool(boot) and parts[0] != boot
            boot = parts[0]
            if parts[1] == parts[2]:
                return

    def act(self, words: str, key: str) -> str:
        """Has it do this; returns its reply. Raises Refused, ApiError."""
        number = self.ask("!hello")
        signed = hmac.new(key.encode(), f"{self.device}\n{number}\n{words}".encode(), hashlib.sha256).hexdigest()
        return self.ask(f"!do {signed} {words}")

    def wait(self, seconds: float) -> dict[str, Any]:
        """How it is, once it answers again after a restart from now on, and no change is on trial. Raises ApiError."""
        started = time.monotonic()
        deadline = started + seconds
        while True:
            try:
                status = self.status()
                restarted = status.get("up", 0) <= time.monotonic() - started
                if restarted and status.get("change") != "on trial":
                    return status
            except ApiError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise NotOnline(
                    _("device {device} has not restarted, or its change is on trial, for {seconds:g} s").format(
                        device=self.device, seconds=seconds
                    )
                )
            time.sleep(1)
