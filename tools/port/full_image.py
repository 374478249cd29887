"""`onenet image`: one file with MicroPython, the program and, if wanted, the configuration, to flash at once."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..language import _, named
from ..system_words import reason
from .asking_tls import NOT_ON_ESP8266
from .board_config import NotJson, parsed, problems
from .certificate import beside
from .chips import CHIPS, ESP8266_MOST, MIB
from .errors import PortError
from .esp import FatalError, flash_size_bytes, merge_bin
from .filesystem import ESP8266_ROMFS, filesystem_area, make_filesystem
from .image import NO_ROMFS, Image, check_release, parse_image, read_image
from .images import Images
from .inventory import Identity, Inventory
from .names import check_sent
from .plan import Rom, make_plan
from .program import Dialect, Form, find_program, in_form, sources
from .rehearsal import rehearse
from .romfs import file_for
from .romfs import image as romfs_image

_MPY = 6 | 3 << 8
"""The form of .mpy files that MicroPython 1.23 and later load: version 6.3."""
_NOTHING = Inventory(Identity((), Dialect(0), "", ""), 4096, 0, False, None, False, {})


def run_image(
    board: str | None,
    program: Sequence[Path],
    file: Path | None,
    output: Path | None,
    config: Path | None,
    flash_size: str,
    images: Images,
) -> int:
    """Makes the image and says what is in it; returns the exit status. Raises PortError."""
    if bool(board) == bool(file):
        raise PortError(_("say for which board: a name as on micropython.org/download, or a file with --image"))
    size = _size(flash_size)
    content = _config(config) if config else None
    if file:
        official = read_image(file)
    else:
        assert board
        official = images.newest(
            board, lambda words: print(_("image: {words}").format(words=words)), lambda done, total: None
        )
    path = output or Path("build", "image", official.name.removesuffix(".bin") + "-onenet.bin")
    mine = find_program(program)
    check_sent(mine)
    rehearsal = rehearse(mine)
    files, rom = board_files(official, mine, content)
    if content is not None and config:
        ca = beside(config, parsed(content))
        if ca and official.chip.name == "ESP8266":
            raise PortError(
                _("{config} wants TLS: {not_on_esp8266}").format(config=config, not_on_esp8266=_(NOT_ON_ESP8266))
            )
        files |= ca
    whole = merge(official, files, rom, size)
    _write(path, whole.data, secret=content is not None)
    print(_("the program is {resolve}").format(resolve=mine["main.py"].resolve()))
    names = ", ".join(name for name in files if "/" not in name)
    area = filesystem_area(official, size)
    print(
        _("{path}: {title}, {count} bytes to flash at {offset:#x} of an {chip}").format(
            path=path, title=official.title, count=len(whole.data), offset=official.offset, chip=official.chip.name
        )
    )
    modules = _("the modules are in the ROMFS") if rom else _("and the modules as .mpy")
    print(
        _("for boards with {flash_size} of flash; in its file system of {size} KB: {names}, {modules}").format(
            flash_size=flash_size, size=area.size // 1024, names=names, modules=modules
        )
    )
    if content is not None:
        whose = _("only you can read the file") if os.name == "posix" else _("keep the file to yourself")
        print(_("It holds the Wi-Fi password and the auth-info: {whose}.").format(whose=whose))
    for warning in (*rehearsal.careful, _(NO_ROMFS).format(board=CHIPS[0].board) if official.lacks_romfs else ""):
        if warning:
            print(_("careful: {warning}").format(warning=warning))
    print(_("next: onenet flash --image {path}").format(path=path))
    return 0


def _size(text: str) -> int:
    try:
        size = flash_size_bytes(text.upper().replace(" ", ""))
    except FatalError as error:
        raise PortError(_("--flash-size: {text!r} is no size; right would be 4MB").format(text=text)) from error
    if size is None or size < 2 * MIB:
        raise PortError(_("--flash-size: {text!r} is too little; right would be 2MB or more").format(text=text))
    return int(size)


def _config(path: Path) -> bytes:
    """The configuration as it goes to the board, checked by the code that checks it there."""
    try:
        content = path.read_bytes()
        config = parsed(content)
        wrong = problems(config)
        if isinstance(config, dict) and config.get("setup") is True:  # the board asks for the rest
            wrong = [text for text in wrong if ": is missing" not in text]
    except OSError as error:
        raise PortError(
            _("cannot read the configuration: {strerror}: {path}").format(strerror=reason(error), path=path)
        ) from error
    except NotJson as error:
        raise PortError(f"{path} {error}") from None
    if wrong:
        raise PortError(named(str(path), _("; ").join(wrong)))
    return content


def board_files(official: Image, program: dict[str, Path], config: bytes | None) -> tuple[dict[str, bytes], Rom | None]:
    """The files for the file system, with what a deploy notes of them, and the modules' ROMFS where they need one.

    program: the user's files, by their names on the board. Raises PortError.
    """
    if not official.version:
        raise PortError(
            _("{official} is no MicroPython; take the .bin file from micropython.org/download").format(
                official=official.name
            )
        )
    check_release(official)
    dialects = (Dialect(_MPY | number << 10) for number in range(64))
    dialect = next(dialect for dialect in dialects if dialect.architecture == official.chip.arch)
    files = in_form(Form.MPY, sources(program), dialect)
    rom = None
    if official.chip.name == "ESP8266" and not official.lacks_romfs:  # its heap is too small for the modules
        modules = {name: data for name, data in files.items() if name.endswith(".mpy")}
        files = {name: data for name, data in files.items() if name not in modules} | file_for(0)
        rom = Rom(romfs_image(modules), tuple(modules))
    files = make_plan(Form.ROMFS if rom else Form.MPY, files, _NOTHING, rom).moves
    return files | ({"config.json": config} if config is not None else {}), rom


def merge(official: Image, files: dict[str, bytes], rom: Rom | None, flash_size: int) -> Image:
    """The official image with these files in its file system. Raises PortError if there is no room."""
    area = filesystem_area(official, flash_size)
    if official.flash_needed > flash_size or area.offset + area.size > flash_size:
        raise PortError(
            _("{official} needs {flash_needed} KB of flash; name a larger --flash-size").format(
                official=official.name, flash_needed=official.flash_needed // 1024
            )
        )
    parts: list[tuple[int, Any]] = [(official.offset, official.data)]
    if rom:
        if len(official.data) > ESP8266_ROMFS.offset:
            raise PortError(
                _("{official} has no place for a ROMFS; take {board}").format(
                    official=official.name, board=official.chip.board
                )
            )
        if len(rom.image) > ESP8266_ROMFS.size:
            raise PortError(
                _("the modules take {count} bytes of ROMFS, there are {size}").format(
                    count=len(rom.image), size=ESP8266_ROMFS.size
                )
            )
        parts.append((ESP8266_ROMFS.offset, rom.image))
    parts.append((area.offset, make_filesystem(files, area.size)))
    size = f"{min(flash_size, ESP8266_MOST) // MIB}MB"
    header = size if official.chip.name == "ESP8266" else "keep"  # that one believes what is there
    data = merge_bin(parts, official.chip.key, flash_size=header, target_offset=official.offset)
    assert data is not None
    return parse_image(official.name, data)


def _write(path: Path, data: bytes, secret: bool) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o666), "wb") as file:
            file.write(data)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise PortError(_("cannot write {path}: {strerror}").format(path=path, strerror=reason(error))) from error
