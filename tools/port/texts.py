"""Texts that people have saved with an editor of their own, in China too."""

from pathlib import Path

from ..language import _
from ..system_words import reason
from .errors import PortError


def read_text(path: Path) -> str:
    """What is in the file, in whichever of the encodings that editors and Excel save in. Raises PortError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PortError(_("{path} cannot be read: {strerror}").format(path=path, strerror=reason(error))) from error
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):  # GB 18030 is what Excel writes in China
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    raise PortError(_("{path} is neither UTF-8 nor GB 18030; save it as UTF-8").format(path=path))
