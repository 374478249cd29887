"""A package: a program for boards of one kind in one file, of which a board can take a few KB at a time.

It begins with lines of text, its head, which a board checks before it writes anything of the program:

    {"onenet": 1, "version": "1.4", …}      for which boards it is, see Head
    !finish.py 1720 <SHA-256>               what boot.py runs while the program is new, firmware/prove.py
    !+swap 3120 <SHA-256>                   what swaps the programs, firmware/swap.py
    +boot.py 2713 <SHA-256>                 a file that is in here; names in the order of their bytes
    =firmware/clock.mpy 901 <SHA-256>       one that is not, for the board has it already
    @rom 152340 <SHA-256>                   an ESP8266's ROMFS image
    hmac <HMAC-SHA256>                      of the SHA-256 of all lines above, with the key; or: unsigned

Then the contents of the lines with !, + and @, one behind the other. What is called the digest of a package is that
SHA-256 of its head: it stands for the hash of each file, and so for all of it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..files import board_directory
from ..language import _
from ..port.errors import PortError
from ..port.inventory import MANIFEST
from ..port.plan import Rom
from ..port.program import Dialect, Form

VERSION = re.compile(r"[A-Za-z0-9._-]{1,24}")
"""What a program's version may be."""
OLDEST = (1, 23)
"""MicroPython that a package needs at least."""
STAYS, PATIENCE = 60, 600
"""Seconds a new program has to stay online until it is trusted, and may take for that altogether."""
LONGEST_NAME, LONGEST_HEAD = 96, 16384
"""Bytes, as firmware/update_head.py has them."""
RESERVED = frozenset(
    {"config.json", "crashes", "crashes.new", "romfs", "safe_mode", "safe_mode_once", "deploy", "outbox", "rom"}
    | {"finish.py", "record", "record.new", "update.ended"}
)
"""Files and folders that no package may have, as firmware/update_head.py has them."""
_SHORT = 16  # hex digits of a hash in the manifest


@dataclass(frozen=True)
class Entry:
    """A line of the head."""

    kind: str
    """One of ! + = @."""
    name: str
    size: int
    digest: str
    """SHA-256 in hex."""

    @property
    def line(self) -> bytes:
        return f"{self.kind}{self.name} {self.size} {self.digest}\n".encode()


@dataclass(frozen=True)
class Package:
    """One that is read or made."""

    head: dict[str, Any]
    """The first line: version, chip (as sys.platform), form, mpy (as sys.implementation._mpy, 0 for none), micropython
    ([1, 23] at least), stays and patience (s), size (bytes that follow), from (the version of a board that it is for,
    or None)."""
    entries: tuple[Entry, ...]
    signature: str
    """HMAC-SHA256 in hex; empty for none."""
    body: bytes

    @property
    def lines(self) -> bytes:
        """The head but for its last line."""
        return json.dumps(self.head).encode() + b"\n" + b"".join(entry.line for entry in self.entries)

    @property
    def digest(self) -> str:
        return _hash(self.lines)

    @property
    def data(self) -> bytes:
        """The file."""
        return self.lines + (f"hmac {self.signature}\n" if self.signature else "unsigned\n").encode() + self.body

    def content(self, name: str) -> bytes:
        """Of the file that is called so on the board. Raises KeyError for one that it does not bring."""
        at = 0
        for entry in self.entries:
            if entry.kind == "=":  # it is on the board already, and not in the body
                continue
            if entry.name == name:
                return self.body[at : at + entry.size]
            at += entry.size
        raise KeyError(name)

    def signed(self, key: str) -> "Package":
        """The same with a signature by this key, as "update_key" in config.json has it."""
        return replace(self, signature=_sign(key, self.digest))

    def is_signed_by(self, key: str) -> bool:
        return hmac.compare_digest(self.signature, _sign(key, self.digest))


def make_package(
    version: str,
    chip: str,
    form: Form,
    dialect: Dialect,
    files: Mapping[str, bytes],
    rom: Rom | None = None,
    base: Package | None = None,
    stays: int = STAYS,
    patience: int = PATIENCE,
) -> Package:
    """A package with these files, by their names on the board; with `base`, what a board with that one lacks.

    Raises PortError.
    """
    if not VERSION.fullmatch(version):
        raise PortError(_("a version is 1 to 24 of A-Z a-z 0-9 . _ -, and {version!r} is not").format(version=version))
    if base and (base.head["chip"], base.head["form"]) != (chip, form.value):
        raise PortError(
            _(
                "the package to begin from is for an {head} in the form {head_2}, not for an {chip} in the form {form}"
            ).format(head=base.head["chip"], head_2=base.head["form"], chip=chip, form=form.value)
        )
    if patience <= stays:
        raise PortError(
            _("a program cannot stay online for {stays} s within {patience} s").format(stays=stays, patience=patience)
        )
    manifest: dict[str, Any] = {"version": version, "form": form.value}
    manifest["files"] = {name: _hash(data)[:_SHORT] for name, data in files.items()}
    if rom:
        manifest["rom"] = rom.digest[:_SHORT]
    every = {**files, MANIFEST: json.dumps(manifest).encode()}
    for name in every:
        if len(name.encode()) > LONGEST_NAME or re.search(r'^-|[\x00-\x20\x7f\\:*?"<>|+]', name):
            raise PortError(
                _("{name!r} cannot be in a package: at most {longest_name} bytes, without spaces and signs").format(
                    name=name, longest_name=LONGEST_NAME
                )
            )
        if name.partition("/")[0] in RESERVED:
            raise PortError(
                _("{name} cannot be in a package: boards need the name themselves; give it another one").format(
                    name=name
                )
            )
    known = {entry.name: entry.digest for entry in base.entries if entry.kind in "+="} if base else {}
    entries, contents = [], []
    for name, source in (("finish.py", "prove.py"), ("+swap", "swap.py")):
        contents.append((board_directory() / "firmware" / source).read_bytes())
        entries.append(_entry("!", name, contents[-1]))
    for name in sorted(every, key=str.encode):
        entry = _entry("=" if known.get(name) == _hash(every[name]) else "+", name, every[name])
        entries.append(entry)
        if entry.kind == "+":
            contents.append(every[name])
    if rom:
        entries.append(_entry("@", "rom", rom.image))
        contents.append(rom.image)
    head = {
        "onenet": 1,
        "version": version,
        "chip": chip,
        "form": form.value,
        "mpy": 0 if form is Form.SOURCE else dialect.mpy & 0x3FFF,
        "micropython": list(OLDEST),
        "stays": stays,
        "patience": patience,
        "size": sum(map(len, contents)),
        "from": base.head["version"] if base else None,
    }
    package = Package(head, tuple(entries), "", b"".join(contents))
    if len(package.lines) > LONGEST_HEAD - 128:
        raise PortError(
            _("{count} files are too many for one package: its head would have over 16 KB").format(count=len(entries))
        )
    return package


def read_package(data: bytes, name: str = "the file") -> Package:
    """What is in a file. Raises PortError where it is no package, or not a whole one."""
    lines = data[:LONGEST_HEAD].split(b"\n")
    try:
        head = json.loads(lines[0])
        if not isinstance(head, dict) or head["onenet"] != 1:
            raise ValueError
        last = next(i for i, line in enumerate(lines) if line == b"unsigned" or line.startswith(b"hmac "))
        entries = tuple(_read_entry(line.decode()) for line in lines[1:last])
        size = head["size"]
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise PortError(_("{name} is no package of onenet package").format(name=name)) from error
    end = sum(len(line) + 1 for line in lines[: last + 1])
    package = Package(
        head, entries, lines[last].decode().removeprefix("hmac").removeprefix("unsigned").strip(), data[end:]
    )
    if len(package.body) != size or sum(entry.size for entry in entries if entry.kind != "=") != size:
        raise PortError(
            _("{name} is cut off, or has something added: {count} bytes in place of {size}").format(
                name=name, count=len(package.body), size=size
            )
        )
    at = 0
    for entry in entries:
        if entry.kind != "=":
            if _hash(package.body[at : at + entry.size]) != entry.digest:
                raise PortError(
                    _("{name} is corrupted: {entry} is not what its head says").format(name=name, entry=entry.name)
                )
            at += entry.size
    return package


def _read_entry(line: str) -> Entry:
    name, size, digest = line[1:].split(" ")
    if line[0] not in "!+=@" or len(digest) != 64:
        raise ValueError(line)
    return Entry(line[0], name, int(size), digest)


def _entry(kind: str, name: str, data: bytes) -> Entry:
    return Entry(kind, name, len(data), _hash(data))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sign(key: str, digest: str) -> str:
    return hmac.new(key.encode(), bytes.fromhex(digest), hashlib.sha256).hexdigest()
