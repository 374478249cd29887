"""Pictures of all the console's pages, in both languages: `make pictures`, where the pages have changed.

Look at them. Wide ones are light, those of a phone dark. Pillow makes them small.
"""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

from .console import running_console
from .sample import Sample, fill
from .screenshot import FLAGS, find_chromium

FOLDER = Path("docs", "pictures")
_LANGUAGES = {"": "en-US", "-zh": "zh-CN"}  # by the end of the name
_SIZES = {"wide": (1400, 1000), "phone": (390, 844)}
_COLOURS = 96
_REST = 1500  # milliseconds until a page has settled, once it is there
_COPIES = {
    "device-wide": Path("tools/pictures/console.png"),
    "device-wide-zh": Path("tools/pictures/console-zh.png"),
}
"""Where else one is shown."""


def main() -> int:
    parser = argparse.ArgumentParser(description="pictures of the console's pages")
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder for them, by default {FOLDER}")
    parser.add_argument("--full", action="store_true", help="whole pages, however long")
    asked = parser.parse_args()
    chromium = find_chromium()
    if not chromium:
        print("no pictures: Chromium is missing: sudo apt-get install chromium (Debian)", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    asked.out.mkdir(parents=True, exist_ok=True)
    with running_console() as console, sync_playwright() as playwright:
        sample = fill(console)
        with playwright.chromium.launch(executable_path=chromium, args=FLAGS) as browser:
            for end, language in _LANGUAGES.items():
                for kind, size in _SIZES.items():
                    context = browser.new_context(
                        locale=language,
                        viewport={"width": size[0], "height": size[1]},
                        color_scheme="dark" if kind == "phone" else "light",
                    )
                    _take(context, console.url, sample, kind + end, asked.out, asked.full)
                    context.close()
    for name, copy in _COPIES.items() if asked.out == FOLDER else ():
        copy.write_bytes((FOLDER / f"{name}.png").read_bytes())
    return 0


def _take(context: Any, home: str, sample: Sample, mark: str, out: Path, full: bool) -> None:
    for name, path in sample.pages().items():
        page = context.new_page()
        page.goto(home + path)
        page.wait_for_function("window.did_handshake")
        page.wait_for_timeout(_REST)
        file = out / f"{name}-{mark}.png"
        file.write_bytes(_small(page.screenshot(full_page=full)))
        print(f"{file}  {file.stat().st_size // 1000} KB", flush=True)
        page.close()


def _small(png: bytes) -> bytes:
    """With a palette, which pages need no more than; as it is where Pillow is not installed."""
    try:
        from PIL import Image  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return png
    made = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()


if __name__ == "__main__":
    sys.exit(main())
