"""Tokens: those that were published, those that differ from them in one part, and what is said about these."""

import base64
import re

import pytest
from onenet_tools.console.studio import token as tokens
from onenet_tools.console.studio.token import Key, TokenError, check, parse
from studio_client import FAR, make_token

KEY = base64.b64encode(bytes(range(32))).decode()
KEY_64 = base64.b64encode(bytes(range(64))).decode()
KEY_100 = base64.b64encode(bytes(range(100))).decode()
ASCII = base64.b64encode(b"0123456789abcdefghijABCDEFGHIJ~!").decode()
BOARD, PRODUCT, USER = "products/aBcDeF1234/devices/board1", "products/aBcDeF1234", "userid/123456"

PUBLISHED = (
    "version=2018-10-31&res=products%2F238322%2Fdevices%2Fmqtts-test-device&et=7557387130&method=sha1"
    "&sign=Rs0u%2FKnyoK5%2FMuKo5xKa0tW%2BWqY%3D"
)
PUBLISHED_KEY = "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM="

VECTORS = [
    (KEY, "2018-10-31", BOARD, "md5", "CdPf4pODHwTkaZRSsvokNw==", 122),
    (KEY, "2018-10-31", BOARD, "sha1", "WFSrSGNSWg8hzPy+QtPPD8lLInY=", 127),
    (KEY, "2018-10-31", BOARD, "sha256", "nikPkAUJR1Faj/2/7nQ226FG9NzbPQWC3WgTV5DXM0M=", 147),
    (ASCII, "2018-10-31", BOARD, "sha256", "rfhwObPqU2id/INDQwFTLbIe2lJ1CbvvlJu4O9qe/2w=", 147),
    (KEY_100, "2018-10-31", BOARD, "sha256", "ElGxfLqE9zTrHLsx5ZHNOpvK2D4z3LMKn/fpsk9IJUU=", 145),
    (KEY, "2018-10-31", PRODUCT, "sha256", "3SOaO09lORS2e9+J1mbP0QABOdrhEqP3mKqGo6gkEyM=", 126),
    (KEY, "2018-10-31", PRODUCT, "sha1", "Wq4F0mi05SadNh+jwJaYsfF9OCE=", 108),
    (KEY, "2022-05-01", PRODUCT, "sha1", "38NpbYKkx6SUTnh0AqEMPxgIkhE=", 106),
    (KEY, "2022-05-01", USER, "sha1", "OYpMgZanFpwO9Ay7Lma9uQiEjkI=", 100),
    (KEY, "2022-05-01", USER, "sha256", "+lvSxzw1Rb3j3L11jUQLQHu6qC0Z8NHvMDGYKUkMok8=", 120),
    (KEY_64, "2022-05-01", USER, "sha1", "qSuXHqsaFAQyyO+aEWGMov4t0Qo=", None),
    (KEY_64, "2022-05-01", USER, "sha256", "CeGvDRRq+fnMJ6V7HHL4/KZCUyv4oWKw/DvVUiQKeS4=", None),
    (KEY, "2018-10-31", f"{PRODUCT}/devices/a-b_c.d~e", "sha256", "ivAN9KaZW2z/LDbVfD6VO2HRvpqlEtJFGjXoxtvYPfg=", 148),
    (KEY, "2018-10-31", f"{PRODUCT}/devices/温度1", "sha256", "ZeaKYf2u4kmD0Zrk1ncexat/kQCGWMfHS0E6uhcYkXY=", 158),
]  # fmt: skip


def objection(
    text: str | bytes, key: str = KEY, version: str = "2018-10-31", others: tuple[Key, ...] = ()
) -> TokenError:
    """What the check has against it."""
    with pytest.raises(TokenError) as raised:
        check(
            parse(text.encode() if isinstance(text, str) else text),
            [version],
            Key("the device's key", key),
            lambda: others,
        )
    for secret in (key, *(other.text for other in others)):
        assert secret not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(("key", "version", "res", "method", "sign", "length"), VECTORS)
def test_the_vectors(key: str, version: str, res: str, method: str, sign: str, length: int | None) -> None:
    text = make_token(key, res, method=method, version=version)
    assert length in (None, len(text))
    token = parse(text.encode())
    assert (token.res, token.et, token.method, token.sign) == (res, FAR, method, base64.b64decode(sign))
    check(token, [version], Key("the key", key), tuple)
    assert objection(text, KEY_64 if key == KEY else KEY, version).part == "sign"


def test_the_published_token() -> None:
    token = parse(PUBLISHED.encode())
    assert token.text() == b"7557387130\nsha1\nproducts/238322/devices/mqtts-test-device\n2018-10-31"
    check(token, ["2018-10-31"], Key("the key", PUBLISHED_KEY), tuple)
    assert make_token(PUBLISHED_KEY, token.res, token.et, token.method) == PUBLISHED
    check(parse(PUBLISHED.replace("%2F", "%2f").encode()), ["2018-10-31"], Key("the key", PUBLISHED_KEY), tuple)


GOOD = make_token(KEY, BOARD)


@pytest.mark.parametrize(
    ("text", "part", "words"),
    [
        ("", "token", "has no version"),
        ("136928831", "token", "has no version"),
        (GOOD.replace("&method=sha256", ""), "token", "has no method"),
        (GOOD + "&sign=x", "token", "otherwise"),
        ("&".join(reversed(GOOD.split("&"))), "token", "otherwise"),
        (b"version=\xff", "token", "beyond ASCII"),
        (GOOD.replace("%2F", "/"), "res", "percent-encoded"),
        (GOOD.replace("%3D", "="), "sign", "percent-encoded"),
        (re.sub("res=.*?&", "res=&", GOOD), "res", "is empty"),
        (re.sub("res=.*?&", "res=%ff&", GOOD), "res", "not UTF-8"),
        (re.sub("sign=.*", "sign=abc", GOOD), "sign", "is not base64"),
        (GOOD.replace(f"{FAR}", "soon"), "et", "no number"),
        (GOOD.replace(f"{FAR}", "-1"), "et", "no number"),
        (GOOD.replace(f"{FAR}", f"0{FAR}"), "et", "no number"),
        (GOOD.replace(f"{FAR}", "4" * 16), "et", "no number"),
        (GOOD.replace("sha256", "SHA256"), "method", "in lower case"),
        (GOOD.replace("sha256", "sm2"), "method", "must be one of md5, sha1, sha256"),
        (GOOD.replace("2018-10-31", "2018-10-30"), "version", "must be 2018-10-31"),
        (make_token(KEY, BOARD, 1700000000), "et", "2023-11-15 06:13:20 Beijing time: it has expired"),
        (make_token(KEY, BOARD, secret=KEY.encode()), "sign", "decoded from base64 first"),
        (make_token(KEY, BOARD, signed_res=BOARD.replace("/", "%2F")), "sign", "percent-encoded res"),
        (make_token(KEY, BOARD, signed_res=PRODUCT), "sign", "is not made with the device's key, or not of"),
        (GOOD.replace(f"{FAR}", f"{FAR + 1}"), "sign", "is not made with the device's key, or not of"),
    ],
)  # fmt: skip
def test_which_part_is_wrong(text: str | bytes, part: str, words: str) -> None:
    error = objection(text)
    assert (error.part, words in str(error)) == (part, True), error


def test_a_key_of_another_level_is_told() -> None:
    text = make_token(KEY_64, BOARD)
    other = Key("the product's access_key", KEY_64)
    assert "is made with the product's access_key, but res" in str(objection(text, others=(other,)))


def test_a_token_that_ends_after_2038(monkeypatch: pytest.MonkeyPatch) -> None:
    text = make_token(KEY, BOARD, 32472115200)
    check(parse(text.encode()), ["2018-10-31"], Key("the key", KEY), tuple)
    monkeypatch.setattr(tokens.time, "time", lambda: 32472115200.0)
    assert objection(text).part == "et"
