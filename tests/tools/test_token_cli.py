"""`onenet token` as a person meets it."""

import io
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.clock import BEIJING
from onenet_tools.token.reading import TokenError, read_token
from onenet_tools.token.trying import make_token, try_key

KEY = "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM="  # of the platform's document, as is the token
PUBLISHED = (
    "version=2018-10-31&res=products%2F238322%2Fdevices%2Fmqtts-test-device&et=7557387130&method=sha1"
    "&sign=Rs0u%2FKnyoK5%2FMuKo5xKa0tW%2BWqY%3D"
)
DEVICE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PRODUCT = "MDEyMzQ1Njc4OWFiY2RlZmdoaWpBQkNERUZHSElKfiE="
NOW = datetime(2026, 11, 29, 12, tzinfo=BEIJING)
EXPLAINED = """\
for       device mqtts-test-device of product 238322
good for  this device logs in with it, or asks the HTTP API about itself
ends      2209-06-27 02:12:10 UTC+08:00, in 182 years
version   2018-10-31
res       products/238322/devices/mqtts-test-device
et        7557387130
method    sha1
sign      28 characters, not shown
"""

Told = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_secrets_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONENET_KEY", "ONENET_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone is not a program's to set")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def kept(folder: Path, text: str) -> str:
    file = folder / "secret"
    file.write_text(text)
    return str(file)


def a_token(resource: str = "products/p1/devices/d1", **others: str) -> str:
    fields = {"key": DEVICE, "expires": "4102444800", "method": "sha256", "version": "2018-10-31"} | others
    return make_token(resource=resource, **fields)


# make


@pytest.mark.parametrize("source", ["stdin", "environment", "file", "- as file", "named in a file"])
def test_makes_the_published_token(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    arguments = ["token", "make", "238322", "mqtts-test-device", "--until", "7557387130", "--method", "sha1"]
    if source == "environment":
        monkeypatch.setenv("ONENET_KEY", KEY)
    elif source == "file":
        arguments += ["--key", kept(tmp_path, KEY + "\n")]
    elif source == "named in a file":
        arguments += ["--key", kept(tmp_path, f"# the test device\n\ndevice={KEY}\n")]
    else:
        typed(monkeypatch, KEY + "\n")
        arguments += ["--key", "-"] if source == "- as file" else []
    assert main(arguments) == 0
    assert capsys.readouterr() == (PUBLISHED + "\n", "")


@pytest.mark.parametrize(
    ("arguments", "version", "resource"),
    [
        (["p1", "d1"], "2018-10-31", "products/p1/devices/d1"),
        (["p1"], "2018-10-31", "products/p1"),
        (["p1", "--version", "2022-05-01"], "2022-05-01", "products/p1"),
        (["--user", "123456"], "2022-05-01", "userid/123456"),
    ],
)
def test_makes_tokens_of_every_level(
    arguments: list[str], version: str, resource: str, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    monkeypatch.setenv("ONENET_KEY", DEVICE)
    assert main(["token", "make", *arguments]) == 0
    made = read_token(capsys.readouterr().out, NOW)
    assert (made.version, made.resource, made.expires, made.mistakes) == (version, resource, "4102444800", ())


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2030-01-31", "2030-01-31 00:00:00"),
        ("2030-01-31T12:00:00", "2030-01-31 12:00:00"),
        ("2030-01-31T12:00:00+00:00", "2030-01-31 20:00:00"),
        ("4102444800", "2100-01-01 08:00:00"),
    ],
)
@pytest.mark.usefixtures("in_shanghai")
def test_the_end_is_local_time(until: str, end: str, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_KEY", DEVICE)
    assert main(["token", "make", "p1", "d1", "--until", until]) == 0
    typed(monkeypatch, capsys.readouterr().out)
    assert main(["token", "explain", "-"]) == 0
    assert f"ends      {end} UTC+08:00, in " in capsys.readouterr().out


def test_valid_for_some_days(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_KEY", DEVICE)
    assert main(["token", "make", "p1", "d1", "--days", "2"]) == 0
    end = read_token(capsys.readouterr().out, NOW).end
    assert end is not None
    assert 86400 < (end - datetime.now(BEIJING)).total_seconds() <= 2 * 86400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "whose?"),
        (["p1", "--user", "1"], "a product and --user at once"),
        (["products/p1/devices/d1"], "the product's ID and the device's name alone"),
        (["p1", "a/b"], "the product's ID and the device's name alone"),
        (["--user", "userid/1"], "the user ID alone"),
        (["p1", "--until", "soon"], "--until 'soon' is no time"),
        (["p1", "--until", "2030-01-31", "--days", "1"], "one of them is enough"),
        (["p1", "--key", "nowhere"], "No such file"),
        (["p1", "--key", DEVICE], "does not belong on the command line"),
    ],
)
def test_what_cannot_be_made(arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_KEY", PRODUCT)
    assert main(["token", "make", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1
    assert words in told.err and DEVICE not in told.err


def test_no_key_and_nobody_to_ask(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    typed(monkeypatch, "")
    assert main(["token", "make", "p1", "d1"]) == 2
    assert capsys.readouterr().err == "error: no key of device d1: set ONENET_KEY, or name a file\n"


def test_what_is_no_key_is_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_KEY", "secret!")
    assert main(["token", "make", "p1", "d1"]) == 2
    assert capsys.readouterr().err == "error: key: must be base64, as the platform shows it\n"


# explain


@pytest.mark.usefixtures("in_shanghai")
def test_explains_the_published_token(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_TOKEN", PUBLISHED)
    assert main(["token", "explain"]) == 0
    told = capsys.readouterr()
    assert re.sub("in [0-9]+ years", "in 182 years", told.out) == EXPLAINED
    assert told.err == ""


def test_a_token_on_the_command_line_is_refused(capsys: Told) -> None:
    assert main(["token", "explain", PUBLISHED]) == 2
    told = capsys.readouterr()
    assert "does not belong on the command line" in told.err and "Rs0u" not in told.err


@pytest.mark.parametrize(
    ("resource", "version", "whose", "opens"),
    [
        ("products/p1/devices/d1", "2018-10-31", "device d1 of product p1", "this device logs in"),
        ("products/p1/devices/温度/1", "2018-10-31", "device 温度/1 of product p1", "this device logs in"),
        ("products/p1", "2018-10-31", "product p1", "any device of the product logs in"),
        ("products/p1", "2022-05-01", "product p1", "the HTTP API, for this product"),
        ("userid/7", "2022-05-01", "user 7", "the HTTP API, for all products"),
    ],
)
def test_whose_a_token_is(resource: str, version: str, whose: str, opens: str) -> None:
    token = read_token(a_token(resource, version=version), NOW)
    assert token.whose == whose
    assert token.opens.startswith(opens)
    assert token.mistakes == ()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (a_token(expires="1769875200"), "it has expired, 301 days ago"),
        (a_token(expires="1796000000000"), "et is in milliseconds"),
        (a_token(expires="tomorrow"), "et is no number"),
        (a_token("userid/7"), "a user's token has version 2022-05-01"),
        (a_token(version="2022-05-01"), "a device's token has version 2018-10-31"),
        (a_token(version="2020-05-29"), "version is none that is known: 2018-10-31"),
        (a_token("device/d1"), "res is none of products/ID/devices/NAME"),
        (a_token().replace("%2F", "/"), "res is not URL-encoded: / is %2F"),
        (a_token().replace("%3D", "="), "sign is not URL-encoded"),
        (a_token().replace("sha256", "sha1"), "sign has 32 bytes; sha1 makes 20"),
        (a_token().replace("sha256", "SHA256"), "method is none of md5, sha1, sha256, sm2"),
        (a_token().replace("&sign=", "&sign=%21"), "sign is no base64"),
        (a_token().replace("et=4102444800&", ""), "et is missing"),
        (a_token() + "&et=1", "et is there twice"),
        (a_token() + "&more=1", "there is a field that no token has"),
        (a_token().replace("products", "%FF"), "res is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_token(text: str, mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    found = read_token(text, NOW).mistakes
    assert any(line.startswith(mistake) for line in found), found
    monkeypatch.setenv("ONENET_TOKEN", text)
    assert main(["token", "explain"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_what_stands_around_a_pasted_token_does_no_harm() -> None:
    for text in (f'"{PUBLISHED}"', f"  {PUBLISHED}\r\n", f"'{PUBLISHED}'"):
        assert read_token(text, NOW) == read_token(PUBLISHED, NOW)


@pytest.mark.parametrize("text", ["", "hello", DEVICE, "version=1", "res=\x1b[31m&sign=x"])
def test_what_is_no_token_is_not_quoted(text: str) -> None:
    with pytest.raises(TokenError, match="that is no token") as raised:
        read_token(text, NOW)
    assert not text or text not in str(raised.value)


def test_what_controls_a_terminal_is_not_printed(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_TOKEN", a_token("products/p1/devices/\x1b[31m\u202e"))
    main(["token", "explain"])
    assert "\x1b" not in capsys.readouterr().out


# check


def test_says_which_key_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_TOKEN", a_token())
    keys = kept(tmp_path, f"product={PRODUCT}\ndevice={DEVICE}\n{KEY}\n")
    assert main(["token", "check", "--keys", keys]) == 0
    assert capsys.readouterr() == (
        "the token is for device d1 of product p1\n"
        "product: does not sign it\n"
        "device: signs it\n"
        "line 3: does not sign it\n",
        "",
    )


def test_says_that_the_key_is_of_another_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_TOKEN", a_token(key=PRODUCT))
    assert main(["token", "check", "--keys", kept(tmp_path, f"access_key={PRODUCT}")]) == 0
    assert "access_key: signs it, but the platform takes no product's key for a device's" in capsys.readouterr().out


def test_none_signs(monkeypatch: pytest.MonkeyPatch, capsys: Told) -> None:
    monkeypatch.setenv("ONENET_TOKEN", a_token())
    typed(monkeypatch, PRODUCT + "\n")
    assert main(["token", "check"]) == 1
    told = capsys.readouterr()
    assert told.out.endswith("key 1: does not sign it\n")
    assert "signed with that device's own key" in told.err
    assert PRODUCT not in told.out + told.err


def signed_as(text: str, key: bytes) -> str:
    """A token whose signature is of another text, or by another key."""
    import base64
    import hashlib
    import hmac
    from urllib.parse import quote

    made = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    return a_token().partition("&sign=")[0] + "&sign=" + quote(made, safe="")


@pytest.mark.parametrize(
    ("text", "key", "mistake"),
    [
        ("4102444800\nsha256\nproducts/p1/devices/d1\n2018-10-31", DEVICE.encode(), "the key was used as text"),
        ("4102444800\nsha256\nproducts%2Fp1%2Fdevices%2Fd1\n2018-10-31", bytes(range(32)), "res URL-encoded"),
        ("4102444800\nsha256\nproducts/p1/devices/d1\n2022-05-01", bytes(range(32)), "version 2022-05-01"),
        ("4102444800\nsha256\nproducts/p1\n2018-10-31", bytes(range(32)), "is for products/p1, but res says"),
        ("4102444800\nsha256\nproducts/p1/devices/d1\n2018-10-31\n", bytes(range(32)), "a newline too much"),
        ("2018-10-31\nproducts/p1/devices/d1\n4102444800\nsha256", bytes(range(32)), "the order is wrong"),
    ],
)
def test_finds_the_usual_mistakes(text: str, key: bytes, mistake: str) -> None:
    verdict = try_key(DEVICE, read_token(signed_as(text, key), NOW))
    assert not verdict.signs
    assert mistake in verdict.mistake


def test_a_method_that_cannot_be_checked() -> None:
    with pytest.raises(TokenError, match="this tool has no sm2"):
        try_key(DEVICE, read_token(a_token().replace("sha256", "sm2"), NOW))
    with pytest.raises(TokenError, match="no such method"):
        try_key(DEVICE, read_token(a_token().replace("sha256", "md4"), NOW))
