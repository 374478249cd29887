"""What is made once is read the next time, anew where it must be, and the folder does not grow for ever."""

from collections.abc import Callable
from pathlib import Path

import pytest
from onenet_tools.compile import kept as module
from onenet_tools.compile.kept import kept


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "onenet"


@pytest.fixture
def make() -> Callable[[], dict[str, bytes]]:
    """Makes something else each time."""
    times = iter(range(1000))
    return lambda: {"lib/a.mpy": b"%d" % next(times), "empty": b""}


def test_is_made_once(cache: Path, make: Callable[[], dict[str, bytes]]) -> None:
    first = kept("some", [b"a", b"b"], make)
    assert first == {"lib/a.mpy": b"0", "empty": b""}
    assert kept("some", [b"a", b"b"], make) == first


@pytest.mark.parametrize("other", [("some", [b"ab"]), ("some", [b"a", b"c"]), ("others", [b"a", b"b"])])
def test_is_made_of_something_else(
    cache: Path, make: Callable[[], dict[str, bytes]], other: tuple[str, list[bytes]]
) -> None:
    kept("some", [b"a", b"b"], make)
    assert kept(*other, make)["lib/a.mpy"] == b"1"


def test_is_made_anew_by_other_code(
    cache: Path, make: Callable[[], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept("some", [b"a"], make)
    monkeypatch.setattr(module, "_code", lambda: b"changed")
    assert kept("some", [b"a"], make)["lib/a.mpy"] == b"1"


def test_what_is_spoilt_is_made_anew(cache: Path, make: Callable[[], dict[str, bytes]]) -> None:
    kept("some", [b"a"], make)
    (path,) = (cache / "some").iterdir()
    for spoilt in (b"", path.read_bytes()[:40], path.read_bytes()[:39] + b"9" + path.read_bytes()[40:]):
        path.write_bytes(spoilt)
        assert kept("some", [b"a"], make)["lib/a.mpy"] != b"0"


def test_what_fails_is_not_kept(cache: Path, make: Callable[[], dict[str, bytes]]) -> None:
    def fail() -> dict[str, bytes]:
        raise ValueError

    with pytest.raises(ValueError):
        kept("some", [b"a"], fail)
    assert kept("some", [b"a"], make)["lib/a.mpy"] == b"0"


def test_without_a_cache(cache: Path, make: Callable[[], dict[str, bytes]]) -> None:
    cache.write_text("a file where the folder would be")
    assert [kept("some", [b"a"], make)["lib/a.mpy"] for _ in range(2)] == [b"0", b"1"]


def test_the_least_lately_used_go(
    cache: Path, make: Callable[[], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    for number in range(5):
        kept("some", [b"%d" % number], make)
        kept("some", [b"0"], make)
    assert len(list((cache / "some").iterdir())) == 3
    assert kept("some", [b"0"], make)["lib/a.mpy"] == b"0"
