"""Finding and downloading images, from a server that stands in for micropython.org."""

import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated import IMAGES, MIB, emulated, untouched
from onenet_tools.cli import main
from onenet_tools.port.errors import PortError
from onenet_tools.port.images import Images, releases_on
from rom import firmware

PAGE = """<!DOCTYPE html><html><body><a class="board-card" href="/download/">Back</a>
<h2>Firmware</h2><h3>Releases</h3>
<strong><a href="/resources/firmware/ESP32_GENERIC-20261009-v1.29.0.bin">v1.29.0 (2026-10-09) .bin</a></strong>
/ <a href="/resources/firmware/ESP32_GENERIC-20261009-v1.29.0.app-bin">[.app-bin]</a>
<a href="/resources/firmware/ESP32_GENERIC-20250911-v1.9.1.bin">v1.9.1 .bin</a>
<h3>Preview builds</h3>
<a href="/resources/firmware/ESP32_GENERIC-20261101-v1.30.0-preview.12.gabcdef1234.bin">preview</a>
<h3>SPIRAM</h3>
<a href="https://elsewhere.example/firmware/ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin">v1.28.0 .bin</a>
<a href="/resources/firmware/ESP32_GENERIC_C3-20261009-v1.29.0.bin">another board</a>
</body></html>"""
NAME = "ESP32_GENERIC-20261009-v1.29.0.bin"
ROMFS = "ESP8266_GENERIC-FLASH_2M_ROMFS-20261009-v1.29.0.bin"


class Site:
    """A web server with these files; it counts what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            "/download/ESP32_GENERIC/": PAGE.encode(),
            f"/resources/firmware/{NAME}": IMAGES["ESP32"],
            "/download/ESP8266_GENERIC/": f'<a href="/resources/firmware/{ROMFS}">x</a>'.encode(),
            f"/resources/firmware/{ROMFS}": IMAGES["ESP8266"],
        }
        self.asked: list[str] = []
        self.missing = 0
        """Bytes that are announced but do not come."""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                data = site.files.get(self.path)
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write((data or b"")[: -site.missing or None])

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def downloads(self) -> int:
        return sum(path.startswith("/resources/") for path in self.asked)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    try:
        yield site
    finally:
        with contextlib.suppress(OSError):
            site.close()


def newest(images: Images, board: str) -> tuple[bytes, list[str], list[tuple[int, int]]]:
    said: list[str] = []
    steps: list[tuple[int, int]] = []
    image = images.newest(board, said.append, lambda done, total: steps.append((done, total)))
    return image.data, said, steps


def test_the_newest_release_of_each_variant() -> None:
    found = releases_on(PAGE, "https://micropython.org/", "ESP32_GENERIC")
    assert {variant: (release.name, release.url) for variant, release in found.items()} == {
        "": (NAME, f"https://micropython.org/resources/firmware/{NAME}"),
        "SPIRAM": (
            "ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin",
            "https://elsewhere.example/firmware/ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin",
        ),
    }


def test_a_name_without_a_date() -> None:
    links = '<a href="B-v1.30.0.bin">x</a><a href="B-20261009-v1.29.0.bin">x</a><a href="BC-v1.31.0.bin">x</a>'
    assert [release.name for release in releases_on(links, "https://x/", "B").values()] == ["B-v1.30.0.bin"]


def test_it_is_downloaded_once(site: Site, tmp_path: Path) -> None:
    data, said, steps = newest(Images(site.url, tmp_path), "ESP32_GENERIC")
    assert data == IMAGES["ESP32"]
    assert said == [f"{site.url}/resources/firmware/{NAME}"]
    assert steps[-1] == (len(data), len(data))
    assert newest(Images(site.url, tmp_path), "ESP32_GENERIC") == (data, [f"{NAME}, downloaded earlier"], [])
    assert site.downloads == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, f"{NAME}.sha256"]
    assert (tmp_path / f"{NAME}.sha256").read_text() == f"{hashlib.sha256(data).hexdigest()}  {NAME}\n"


def test_a_kept_file_that_has_changed_is_downloaded_anew(site: Site, tmp_path: Path) -> None:
    images = Images(site.url, tmp_path)
    newest(images, "ESP32_GENERIC")
    (tmp_path / NAME).write_bytes(IMAGES["ESP32"][:-1] + b"!")
    assert newest(images, "ESP32_GENERIC")[0] == IMAGES["ESP32"]
    assert site.downloads == 2


def test_boards_of_one_kind_need_one_download(site: Site, tmp_path: Path) -> None:
    images = Images(site.url, tmp_path)
    threads = [threading.Thread(target=newest, args=(images, "ESP32_GENERIC")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert site.downloads == 1


def test_without_the_internet_what_is_here_is_taken(site: Site, tmp_path: Path) -> None:
    newest(Images(site.url, tmp_path), "ESP32_GENERIC")
    site.close()
    data, said, _ = newest(Images(site.url, tmp_path), "ESP32_GENERIC")
    assert data == IMAGES["ESP32"]
    assert said == [f"{NAME}, downloaded earlier; {site.url} cannot be reached"]


def test_without_the_internet_and_nothing_here(site: Site, tmp_path: Path) -> None:
    site.close()
    with pytest.raises(PortError, match=r"cannot reach .* for ESP32_GENERIC .* name it with --image"):
        newest(Images(site.url, tmp_path), "ESP32_GENERIC")


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ("ESP32_GENERIK", "has no board ESP32_GENERIK"),
        ("../x", "'../x' is no name of a board"),
        (
            "ESP32_GENERIC-SPIRAM_OCT",
            "has no ESP32_GENERIC-SPIRAM_OCT; of this board it has ESP32_GENERIC, ",
        ),
    ],
)
def test_a_board_that_is_not_there(board: str, words: str, site: Site, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=words):
        newest(Images(site.url, tmp_path), board)


def test_a_page_without_images(site: Site, tmp_path: Path) -> None:
    site.files["/download/ESP32_GENERIC/"] = b"<p>We have moved</p>"
    with pytest.raises(PortError, match="shows no image for ESP32_GENERIC; download one and name it with --image"):
        newest(Images(site.url, tmp_path), "ESP32_GENERIC")


def test_a_download_that_breaks_off_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.files["/download/ESP32_GENERIC/"] = f'<a href="/resources/firmware/{NAME}">x</a>'.encode() + b" " * 1000
    site.missing = 1000
    with pytest.raises(PortError, match="cannot reach"):
        newest(Images(site.url, tmp_path), "ESP32_GENERIC")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_download_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.files[f"/resources/firmware/{NAME}"] = IMAGES["ESP32"][:-100] + bytes(100)
    with pytest.raises(PortError, match=f"{NAME}: the program is damaged"):
        newest(Images(site.url, tmp_path), "ESP32_GENERIC")
    assert list(tmp_path.iterdir()) == []


# Together with a board


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "onenet-tools" / "firmware"


@pytest.mark.parametrize(("chip", "name"), [("ESP32", NAME), ("ESP8266", ROMFS)])
def test_each_chip_gets_its_image(
    chip: str, name: str, site: Site, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with emulated(chip, tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--site", site.url]) == 0
    start = 0x1000 if chip == "ESP32" else 0
    assert loader.flash.data[start : start + len(IMAGES[chip])] == IMAGES[chip]
    assert (cache / name).is_file()
    told = capsys.readouterr().out
    assert f"image: {site.url}/resources/firmware/{name}\n" in told
    assert "checked: its length, " in told
    assert "micropython.org publishes no check sums" in told


def test_an_esp8266_with_little_flash(
    site: Site, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with emulated("ESP8266", tmp_path, MIB) as (loader, port):
        assert main(["flash", "--port", port, "--site", site.url]) == 2
    assert (
        "the board has 1 MB of flash; ESP8266_GENERIC-FLASH_2M_ROMFS, which this firmware needs, takes 2 MB"
        in capsys.readouterr().err
    )
    assert untouched(loader)
    assert site.asked == []


def test_a_board_named_wrong(site: Site, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with emulated("ESP32-C3", tmp_path) as (loader, port):
        assert main(["flash", "--port", port, "--site", site.url, "--board", "ESP32_GENERIC"]) == 2
    assert f"{NAME} is for ESP32, the board has ESP32-C3; right would be ESP32_GENERIC_C3" in capsys.readouterr().err
    assert untouched(loader)


def test_another_version_on_the_site(site: Site, tmp_path: Path) -> None:
    """What is here does not keep what is newer from being taken."""
    images = Images(site.url, tmp_path)
    newest(images, "ESP32_GENERIC")
    name, data = "ESP32_GENERIC-20270101-v1.30.0.bin", firmware.esp32(version="v1.30.0")
    site.files["/download/ESP32_GENERIC/"] = (PAGE + f'<a href="/resources/firmware/{name}">x</a>').encode()
    site.files[f"/resources/firmware/{name}"] = data
    assert newest(images, "ESP32_GENERIC")[0] == data
