"""MicroPython's images: finds the newest on micropython.org, downloads it once, and keeps it.

A board's page there, /download/BOARD/, links to /resources/firmware/BOARD[-VARIANT]-DATE-vVERSION.bin. No check sums
are published; what can be checked is that all bytes came, and the check sums an image has inside (see image.py).
"""

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import platformdirs

from ..language import _
from .errors import PortError
from .image import Image, parse_image

SITE = "https://micropython.org"
_TIMEOUT = httpx.Timeout(30, connect=10)
_MOST = 32 * 1024 * 1024  # bytes; the largest flash there is

Progress = Callable[[int, int], None]
"""Takes how many bytes have come, and of how many."""


@dataclass(frozen=True)
class Release:
    """An image that can be downloaded."""

    name: str
    """Of the file, as ESP32_GENERIC-20261009-v1.29.0.bin."""
    url: str
    version: tuple[int, ...]


class Images:
    """The images on a site, and those already here. May be used from several threads."""

    def __init__(self, site: str = SITE, cache: Path | None = None) -> None:
        self._site = site
        self._cache = cache or platformdirs.user_cache_path("onenet-tools") / "firmware"
        self._lock = threading.Lock()  # boards of one kind need one download

    def newest(self, board: str, say: Callable[[str], None], progress: Progress) -> Image:
        """The newest image for MicroPython's board of this name, which may end in a variant: ESP32_GENERIC-SPIRAM.

        `say` is told where it comes from. Raises PortError if there is none, or one that is not whole.
        """
        if not re.fullmatch(r"\w+(-\w+)?", board, re.ASCII):
            raise PortError(
                _("{board!r} is no name of a board; they look like ESP32_GENERIC or ESP32_GENERIC-SPIRAM").format(
                    board=board
                )
            )
        with self._lock:
            try:
                with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
                    release = self._find(client, board)
                    kept = self._kept(release.name)
                    if kept:
                        say(_("{release}, downloaded earlier").format(release=release.name))
                        return kept
                    say(f"{release.url}")
                    return self._download(client, release, progress)
            except httpx.HTTPError as error:
                return self._offline(board, say, error)

    def _find(self, client: httpx.Client, board: str) -> Release:
        name, _dash, variant = board.partition("-")
        page = client.get(urljoin(self._site, f"/download/{name}/"))
        if page.status_code == httpx.codes.NOT_FOUND:
            raise PortError(
                _("{site} has no board {name}; its boards: {site}/download").format(site=self._site, name=name)
            )
        page.raise_for_status()
        releases = releases_on(page.text, urljoin(self._site, "/"), name)
        if not releases:
            raise PortError(
                _("{url} shows no image for {name}; download one and name it with --image").format(
                    url=page.url, name=name
                )
            )
        if variant not in releases:
            others = ", ".join(f"{name}-{other}" if other else name for other in sorted(releases))
            raise PortError(
                _("{site} has no {board}; of this board it has {others}").format(
                    site=self._site, board=board, others=others
                )
            )
        return releases[variant]

    def _download(self, client: httpx.Client, release: Release, progress: Progress) -> Image:
        data = bytearray()
        with client.stream("GET", release.url, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            total = int(response.headers.get("Content-Length", 0))
            for part in response.iter_bytes():
                data += part
                if total:
                    progress(min(len(data), total), total)
                if len(data) > _MOST:
                    raise PortError(_("{url} is too long for an image").format(url=release.url))
        if total and len(data) != total:
            raise PortError(
                _("{url}: {count} bytes came of {total}; try again").format(
                    url=release.url, count=len(data), total=total
                )
            )
        image = parse_image(release.name, bytes(data))
        self._keep(release.name, image.data)
        return image

    # What is here already

    def _keep(self, name: str, data: bytes) -> None:
        """Beside the file, its SHA-256 as sha256sum writes it: that it is still what came is seen from this."""
        path = self._cache / name
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".part")
            partial.write_bytes(data)
            partial.replace(path)
            _sum_of(path).write_text(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
        except OSError:
            path.unlink(missing_ok=True)  # a full disk: then it is downloaded anew next time

    def _kept(self, name: str) -> Image | None:
        path = self._cache / name
        try:
            data = path.read_bytes()
            good = _sum_of(path).read_text().split()[:1] == [hashlib.sha256(data).hexdigest()]
        except OSError:
            return None
        return parse_image(name, data) if good else None

    def _offline(self, board: str, say: Callable[[str], None], error: httpx.HTTPError) -> Image:
        name, _dash, variant = board.partition("-")
        here = [path.name for path in self._cache.glob("*.bin")] if self._cache.is_dir() else []
        release = _newest(here, "", name).get(variant)
        kept = self._kept(release.name) if release else None
        if not kept:
            why = " ".join(str(error).split()) or type(error).__name__
            raise PortError(
                _(
                    "cannot reach {site} for {board} ({why}); connect to the internet, or download the .bin "
                    "file elsewhere and name it with --image"
                ).format(site=self._site, board=board, why=why)
            ) from error
        say(_("{kept}, downloaded earlier; {site} cannot be reached").format(kept=kept.name, site=self._site))
        return kept


def releases_on(page: str, site: str, board: str) -> dict[str, Release]:
    """From a board's page, the newest release of each variant; "" is the plain one. Previews are left out."""
    links = _Links()
    links.feed(page)
    return _newest(links.targets, site, board)


def _newest(links: list[str], site: str, board: str) -> dict[str, Release]:
    form = re.compile(rf"(?:.*/)?({board}(?:-([A-Z]\w*))?(?:-\d{{8}})?-v(\d+(?:\.\d+)+)\.bin)", re.ASCII)
    newest: dict[str, Release] = {}
    for link in links:
        if found := form.fullmatch(link):
            name, variant, version = found[1], found[2] or "", tuple(map(int, found[3].split(".")))
            if variant not in newest or newest[variant].version < version:
                newest[variant] = Release(name, urljoin(site, link), version)
    return newest


def _sum_of(path: Path) -> Path:
    return path.with_suffix(".bin.sha256")


class _Links(HTMLParser):
    """Gathers where a page's links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.targets += [value for key, value in attrs if key == "href" and value]
