"""One clock for all that people read: this computer's local time, its zone said as the distance from UTC.

A table or a page says the zone once, that of now, and all its times are in it: on a computer whose clock is changed
twice a year, those of the other half of the year, too. In CSV each time has the zone it had then. What the platform
answers is in Beijing time, and stays so in `--json` and in the console's HTTP API.
"""

from datetime import datetime, timedelta, timezone, tzinfo

BEIJING = timezone(timedelta(hours=8))


def here() -> tzinfo:
    """The zone this computer is in now."""
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone


def zone() -> str:
    """The same as it is shown: UTC+08:00."""
    distance = datetime.now().astimezone().isoformat()[-6:]
    return f"UTC{distance}"


def in_table(at: datetime) -> str:
    """A time beside a heading that says the zone: 2026-11-30 02:10:00, with .123 where it has milliseconds."""
    return _local(at).replace(tzinfo=None).isoformat(" ", "milliseconds" if at.microsecond >= 1000 else "seconds")


def in_csv(at: datetime) -> str:
    """A time that stands alone, in ISO 8601: 2026-11-30T02:10:00.123+08:00."""
    try:
        return at.astimezone().isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):  # too long ago or too far off for this system
        return at.isoformat(timespec="milliseconds")


def of_platform(text: str) -> datetime | None:
    """When that is, which the platform has written, in Beijing time if it says no other zone; None for no time."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=BEIJING)


def _local(at: datetime) -> datetime:
    try:
        return at.astimezone(here())
    except OverflowError:  # the first and the last day of all
        return at
