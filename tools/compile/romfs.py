"""ROMFS images: files that a board uses where they lie in flash, modules among them, without a copy on its heap."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from mpremote.romfs import VfsRomWriter


def romfs_image(files: Mapping[str, bytes]) -> bytes:
    """The image that holds these files, whose names are paths with /."""
    writer = VfsRomWriter()
    _fill(writer, {PurePosixPath(name).parts: content for name, content in files.items()})
    return bytes(writer.finalise())


def _fill(writer: VfsRomWriter, files: Mapping[tuple[str, ...], bytes]) -> None:
    for first in sorted({parts[0] for parts in files}):
        inside = {parts[1:]: content for parts, content in files.items() if parts[0] == first}
        if () in inside:
            writer.mkfile(first, inside[()])
        else:
            writer.opendir(first)
            _fill(writer, inside)
            writer.closedir()
