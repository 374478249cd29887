"""Triggers: what is to be told to whom when a data point is as somebody is waiting for."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from ..language import _
from .database import Database, microseconds, utc
from .failures import InvalidParameter, MissingParameter

TRIGGERS_KEPT = 100
"""There may be."""

LOCAL = "local"
"""In place of a URL: is told on the console alone."""

LONGEST_RULE = 86_400
"""Seconds for which a rule's condition may have to be so."""

_LONGEST_COMMAND = 1000
_COMPARING = {">", "<", ">=", "<="}
_TIMED = {"frozen", "live"}
TYPES = ("change", *sorted(_COMPARING), "inout", *sorted(_TIMED))
"""What a trigger may wait for [API 26]."""

OFFLINE = "offline"
"""What a rule may wait for besides: that the device goes offline. OneNET's console has such an alarm, its API not."""


@dataclass(frozen=True)
class Rule:
    """What OneNET's triggers have not: it fires once, when its condition has been so for a while, and again only when
    it has been otherwise in between; and it can send the device a command."""

    seconds: float = 0
    command: str = ""
    """Empty for none; for a device with a thing model, JSON of the properties to set."""
    sound: bool = False


@dataclass(frozen=True)
class Trigger:
    """said: as it was in the call that made it."""

    id: int
    said: dict[str, Any]
    created: datetime

    @property
    def title(self) -> str:
        return str(self.said["title"])

    @property
    def stream(self) -> str:
        return str(self.said["ds_id"])

    @property
    def devices(self) -> tuple[str, ...]:
        """Empty for all."""
        return tuple(self.said.get("dev_ids", ()))

    @property
    def url(self) -> str:
        return str(self.said["url"])

    @property
    def type(self) -> str:
        return str(self.said["type"])

    @property
    def rule(self) -> "Rule | None":
        """What makes it a rule of the console's own pages."""
        return Rule(**self.said["rule"]) if "rule" in self.said else None

    @property
    def threshold(self) -> Any:
        """A number; of type inout {"lolmt", "uplmt"}; of types change and offline None."""
        return self.said.get("threshold")


def condition_in(body: dict[str, Any]) -> dict[str, Any]:
    """What a call says of a trigger. Raises MissingParameter and InvalidParameter."""
    for name in ("title", "ds_id", "url", "type"):
        if name not in body:
            raise MissingParameter(_("{name} is required").format(name=name))
        if not isinstance(body[name], str) or not body[name]:
            raise InvalidParameter(_("{name}: must be text").format(name=name))
    devices = body.get("dev_ids", [])
    if not isinstance(devices, list):
        raise InvalidParameter(_("dev_ids: must be a list of device ids"))
    said = {name: body[name] for name in ("title", "ds_id", "url", "type")} | {"dev_ids": [str(it) for it in devices]}
    if said["url"] != LOCAL:
        _check_url(said["url"])
    if said["type"] not in (*TYPES, *([OFFLINE] if "rule" in body else [])):
        raise InvalidParameter(_("type: must be one of {types}").format(types=" ".join(TYPES)))
    if "rule" in body:
        said["rule"] = _rule(body["rule"])
    if said["type"] not in ("change", OFFLINE):
        if "threshold" not in body:
            raise MissingParameter(_("threshold is required"))
        said["threshold"] = _threshold(said["type"], body["threshold"])
    return said


def _rule(value: Any) -> dict[str, Any]:
    try:
        rule = Rule(**value)
    except TypeError as error:
        raise InvalidParameter(_("rule: {error}").format(error=error)) from error
    if not _is_number(rule.seconds) or not 0 <= rule.seconds <= LONGEST_RULE:
        raise InvalidParameter(_("rule: seconds must be 0 to {longest_rule}").format(longest_rule=LONGEST_RULE))
    if not isinstance(rule.command, str) or len(rule.command) > _LONGEST_COMMAND or not isinstance(rule.sound, bool):
        raise InvalidParameter(
            _("rule: command must be text of at most {longest_command} characters, sound a bool").format(
                longest_command=_LONGEST_COMMAND
            )
        )
    return asdict(rule)


def _check_url(url: str) -> None:
    import httpx  # takes a while, and few commands come here

    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidParameter(_("url: {error}").format(error=error)) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidParameter(_("url: must be http://… or https://…, or {local}").format(local=LOCAL))


def _threshold(kind: str, value: Any) -> Any:
    if kind == "inout":
        if not isinstance(value, dict) or not all(_is_number(value.get(name)) for name in ("lolmt", "uplmt")):
            raise InvalidParameter(_('threshold: must be {"lolmt": number, "uplmt": number}'))
        return {name: value[name] for name in ("lolmt", "uplmt")}
    if not _is_number(value) or (kind in _TIMED and not value > 0):
        timed = kind in _TIMED
        raise InvalidParameter(
            _("threshold: must be a number of seconds above 0") if timed else _("threshold: must be a number")
        )
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class TriggerTable:
    """All triggers. `all()` is asked for each data point, and so it is kept."""

    def __init__(self, file: Database) -> None:
        self._file = file
        rows = file.rows("SELECT id, said, created FROM triggers ORDER BY id")
        self._all = {id: Trigger(id, json.loads(said), utc(created)) for id, said, created in rows}

    def all(self) -> list[Trigger]:
        return list(self._all.values())

    def find(self, trigger_id: int) -> Trigger | None:
        return self._all.get(trigger_id)

    def add(self, said: dict[str, Any]) -> Trigger:
        """Raises InvalidParameter where there are too many."""
        if len(self._all) >= TRIGGERS_KEPT:
            raise InvalidParameter(_("more than {triggers_kept} triggers").format(triggers_kept=TRIGGERS_KEPT))
        created = datetime.now(timezone.utc)
        with self._file.transaction() as db:
            row = [json.dumps(said), microseconds(created)]
            number = db.execute("INSERT INTO triggers (said, created) VALUES (?, ?)", row).lastrowid
        assert number is not None
        made = self._all[number] = Trigger(number, said, created)
        return made

    def edit(self, trigger_id: int, said: dict[str, Any]) -> None:
        with self._file.transaction() as db:
            db.execute("UPDATE triggers SET said = ? WHERE id = ?", [json.dumps(said), trigger_id])
        self._all[trigger_id] = Trigger(trigger_id, said, self._all[trigger_id].created)

    def remove(self, trigger_id: int) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM triggers WHERE id = ?", [trigger_id])
        del self._all[trigger_id]
