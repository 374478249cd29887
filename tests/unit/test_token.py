"""The token of OneNET's current platform: published and own examples, on every port's hashes."""

import hashlib

from onenet.token import API, DEVICE, hmac, key_bytes, quoted, sign, token
from support import SkipTest, raises, unhex

PUBLISHED = "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM="
RAW = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # 32 bytes
TEXT = "MDEyMzQ1Njc4OWFiY2RlZmdoaWpBQkNERUZHSElKfiE="  # 32 printable characters
BLOCK = (  # 64 bytes, one block of the hash
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
)
LONG = (  # 100 bytes: hashed first
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9Q"
    "UVJTVFVWV1hZWltcXV5fYGFiYw=="
)
BOARD1 = "products/aBcDeF1234/devices/board1"
PRODUCT = "products/aBcDeF1234"
USER = "userid/123456"
PLAIN = "products/aBcDeF1234/devices/a-b_c.d~e"  # nothing to encode but the /
CHINESE = "products/aBcDeF1234/devices/温度1"

# key, version, resource, method, signature, length of the token
VECTORS = (
    (RAW, DEVICE, BOARD1, "md5", "CdPf4pODHwTkaZRSsvokNw==", 122),
    (RAW, DEVICE, BOARD1, "sha1", "WFSrSGNSWg8hzPy+QtPPD8lLInY=", 127),
    (RAW, DEVICE, BOARD1, "sha256", "nikPkAUJR1Faj/2/7nQ226FG9NzbPQWC3WgTV5DXM0M=", 147),
    (TEXT, DEVICE, BOARD1, "sha256", "rfhwObPqU2id/INDQwFTLbIe2lJ1CbvvlJu4O9qe/2w=", 147),
    (LONG, DEVICE, BOARD1, "sha256", "ElGxfLqE9zTrHLsx5ZHNOpvK2D4z3LMKn/fpsk9IJUU=", 145),
    (RAW, DEVICE, PRODUCT, "sha256", "3SOaO09lORS2e9+J1mbP0QABOdrhEqP3mKqGo6gkEyM=", 126),
    (RAW, DEVICE, PRODUCT, "sha1", "Wq4F0mi05SadNh+jwJaYsfF9OCE=", 108),
    (RAW, API, PRODUCT, "sha1", "38NpbYKkx6SUTnh0AqEMPxgIkhE=", 106),
    (RAW, API, USER, "sha1", "OYpMgZanFpwO9Ay7Lma9uQiEjkI=", 100),
    (RAW, API, USER, "sha256", "+lvSxzw1Rb3j3L11jUQLQHu6qC0Z8NHvMDGYKUkMok8=", 120),
    (BLOCK, API, USER, "sha1", "qSuXHqsaFAQyyO+aEWGMov4t0Qo=", None),
    (BLOCK, API, USER, "sha256", "CeGvDRRq+fnMJ6V7HHL4/KZCUyv4oWKw/DvVUiQKeS4=", None),
    (RAW, DEVICE, PLAIN, "sha256", "ivAN9KaZW2z/LDbVfD6VO2HRvpqlEtJFGjXoxtvYPfg=", 148),
    (RAW, DEVICE, CHINESE, "sha256", "ZeaKYf2u4kmD0Zrk1ncexat/kQCGWMfHS0E6uhcYkXY=", 158),
)


def signed(method):
    """The vectors with this method that agree, as a list; skips the test where the port does not have it."""
    if not hasattr(hashlib, method):
        raise SkipTest("no %s here" % method)
    right = []
    for key, version, resource, name, signature, length in VECTORS:
        if name == method:
            assert sign(key, resource, "4102444800", method, version) == signature, (resource, version)
            made = token(key, resource, "4102444800", method, version)
            assert length is None or len(made) == length, made
            right.append(made)
    return right


def test_sha256():
    assert len(signed("sha256")) == 8


def test_sha1():
    assert len(signed("sha1")) == 5


def test_md5():
    assert len(signed("md5")) == 1


def test_the_example_in_the_platforms_document():
    if not hasattr(hashlib, "sha1"):
        raise SkipTest("no sha1 here")
    assert token(PUBLISHED, "products/238322/devices/mqtts-test-device", "7557387130", "sha1") == (
        "version=2018-10-31&res=products%2F238322%2Fdevices%2Fmqtts-test-device&et=7557387130&method=sha1"
        "&sign=Rs0u%2FKnyoK5%2FMuKo5xKa0tW%2BWqY%3D"
    )


def test_without_more_it_is_for_a_device_and_until_2100():
    made = token(RAW, BOARD1)
    assert made == signed("sha256")[0]
    assert made[:18] == "version=2018-10-31" and "&et=4102444800&method=sha256&" in made


def test_a_name_in_chinese_is_signed_as_utf_8_and_encoded():
    made = token(RAW, CHINESE)
    assert "&res=products%2FaBcDeF1234%2Fdevices%2F%E6%B8%A9%E5%BA%A61&" in made


def test_hmac_of_rfc_4231():
    for key, message, digest in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b 881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7 5a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f 8e0bc6213728c5140546040f0ee37f54",
        ),
    ):
        assert hmac("sha256", key, message) == unhex(digest)


def test_keys_of_every_length_are_base64():
    for key, value in (("AA==", b"\0"), ("AAE=", b"\0\1"), ("AAEC", b"\0\1\2"), (RAW, bytes(range(32)))):
        assert key_bytes(key) == value


def test_what_is_no_key_is_not_quoted():
    for key in (
        "",
        "=",
        "====",
        "A",
        "AAA",
        "AA=A",
        "A===",
        RAW + "\n",
        " " + RAW[1:],
        RAW[:-2] + "-=",
        "密密密密",
        RAW[1:],
    ):
        error = raises(ValueError, token, key, BOARD1, match="key: must be base64")
        assert not key.strip("=") or key not in str(error)


def test_a_method_that_is_not_there():
    for method in ("sm2", "SHA256", "sha512", "new", "__name__", ""):
        raises(ValueError, token, RAW, BOARD1, "1", method, match="there is no " + method)


def test_all_but_letters_digits_and_four_signs_is_encoded():
    assert quoted("AZaz09-._~") == "AZaz09-._~"
    assert quoted("/+= &%:*'\"\n\0") == "%2F%2B%3D%20%26%25%3A%2A%27%22%0A%00"
    assert quoted("é😀") == "%C3%A9%F0%9F%98%80"
    assert quoted("") == ""
