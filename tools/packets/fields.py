"""What is in an MQTT packet: each field with its bytes, its meaning and the clause of the standard it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """Some neighbouring bytes of a packet, and what they say."""

    offset: int
    data: bytes
    """Of a secret, an asterisk for each byte."""
    name: str
    value: str
    """As a person reads it; of a secret, only how long it is."""
    meaning: str = ""
    clause: str = ""
    """Of MQTT 3.1.1, as 3.1.2.4 or MQTT-3.1.2-24, or OneNET's document."""
    secret: bool = False
    """Its bytes are hidden: it is a password, or may hold one."""
    bits: tuple[tuple[str, str, str], ...] = ()
    """Of a byte of flags: the bits as 7 or 4-3, what they are set to, what it means."""


@dataclass(frozen=True)
class Explained:
    """One packet, whole or broken."""

    type: str
    """As the standard spells it, CONNECT to DISCONNECT; empty if there is no telling."""
    data: bytes
    """Its bytes, those of secrets as asterisks; of one that was too long to keep, the first ones."""
    summary: str
    """One line without secrets: what matters of it."""
    fields: tuple[Field, ...]
    error: str = ""
    """What is wrong with it, where, and what would be right; empty if nothing is."""
    error_at: int = -1
    """Offset of the byte where it goes wrong; -1 if nothing does."""
    broken: bool = False
    """It violates MQTT or ends early, so that nothing after it can be read. A bad payload breaks no packet."""
    size: int = 0
    """Bytes it had on the wire."""
    warning: str = ""
    """What MQTT forbids of it but servers take, as `error` says it; nothing of it is left unread because of that."""

    def field(self, name: str) -> Field | None:
        """The first field of that name."""
        return next((field for field in self.fields if field.name == name), None)
