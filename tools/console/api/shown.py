"""Times as the API writes them: Beijing's."""

from datetime import datetime

from ...clock import BEIJING


def to_milliseconds(when: datetime) -> str:
    return _local(when).isoformat(" ", "milliseconds")


def to_seconds(when: datetime) -> str:
    return _local(when).isoformat(" ", "seconds")


def _local(when: datetime) -> datetime:
    return when.astimezone(BEIJING).replace(tzinfo=None)
