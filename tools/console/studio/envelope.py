"""The JSON around everything that is said about things: {"id", "version", "params"}, and {"id", "code", "msg"} back."""

import json
from dataclasses import dataclass
from typing import Any

from ...datapoints import parse_json

SUCCESS = 200
FAILURE = 100
"""What [SDK] answers where something fails. The platform's own codes are not documented, 2403 apart."""
NO_ID = 2403
"""[seen]: the answer to {}."""

_LONGEST_ID = 13  # digits [manual]


class BadMessage(Exception):
    """A message that is answered with this code; says why."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Message:
    """What a device has sent. version: empty where it has none."""

    id: str
    version: str
    params: Any


def decode(payload: bytes) -> Message:
    """Raises BadMessage. That the id must be text, and digits, is as [manual] has it; whether the platform takes
    others is not known: here they are none."""
    try:
        value = parse_json(payload)
    except ValueError:
        value = None
    id_ = value.get("id") if isinstance(value, dict) else None
    if not isinstance(id_, str) or not (id_.isascii() and id_.isdigit() and len(id_) <= _LONGEST_ID):
        raise BadMessage(NO_ID, "required msg id")
    version = value.get("version", "")
    return Message(id_, version if isinstance(version, str) else "", value.get("params"))


def reply(id_: str | None, code: int = SUCCESS, msg: str = "success", data: Any = None) -> bytes:
    """The platform's answer."""
    answer = {"id": id_, "code": code, "msg": msg}
    if data is not None:
        answer["data"] = data
    return encode(answer)


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
