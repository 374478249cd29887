"""firmware/setup_page.py: the page of a board's access point, out of setup.html beside this.

A board keeps it as browsers take it, in gzip; so neither frozen, nor in a ROMFS, nor as a file it needs more than half
of its size.
"""

import gzip
import re
from pathlib import Path

PAGE = "firmware/setup_page.py"

_SOURCE = Path(__file__).with_suffix(".html")
_HEAD = '''"""The page of a board's access point, in English and Chinese, as gzip: made of tools/pages/setup.html, by
python -m onenet_tools.pages.

It loads nothing from elsewhere, and shows whatever it is told as text alone.
"""

HEADERS = (
    b"Content-Type: text/html; charset=utf-8\\r\\nContent-Encoding: gzip\\r\\nCache-Control: no-store\\r\\n"
    b"X-Frame-Options: DENY\\r\\nContent-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; "
    b"style-src 'unsafe-inline'; connect-src 'self'\\r\\n"
)

PAGE = (  # fmt: skip
'''


def small() -> bytes:
    """The page without what is for whoever reads its source."""
    lines = [line.strip() for line in _SOURCE.read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("// ")).encode()


def unpacked(module: str) -> bytes:
    """The page that the text of such a module holds."""
    names: dict[str, bytes] = {}
    exec(module, names)
    return gzip.decompress(names["PAGE"])


def written(module: str) -> str:
    """The module, which stays as it is where it holds the page: other versions of zlib make other bytes of it."""
    if module and unpacked(module) == small():
        return module
    packed = gzip.compress(small(), 9, mtime=0)
    digits = "".join(f"\\x{byte:02x}" for byte in packed)
    rows = re.findall(".{1,108}", digits)
    return _HEAD + "".join(f'    b"{row}"\n' for row in rows) + ")\n"
