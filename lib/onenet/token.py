"""The token that is the password of OneNET's current platform, and the authorization of its HTTP API.

It says for whom it is (`res`), until when (`et`), and proves by an HMAC that whoever made it has the key. It needs no
clock: the end may lie far ahead. Form and signature: OneNET's documents, 安全鉴权 and API鉴权.
"""

import hashlib
from binascii import a2b_base64, b2a_base64

DEVICE = "2018-10-31"  # versions: devices log in with this one
API = "2022-05-01"  # the HTTP API, for a product or a user
EXPIRES = "4102444800"  # in 2100

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def token(key, resource, expires=EXPIRES, method="sha256", version=DEVICE):
    """The token for a resource: products/{product id}/devices/{device name}, products/{product id} or userid/{user id}.

    key: that of the device, product or user, as the platform shows it, which is base64. expires: seconds since 1970 as
    text, for 32 bits do not hold all of them. method: "sha256", "sha1" or "md5". ValueError for a key that is none, and
    for a method that this port of MicroPython lacks.
    """
    signature = sign(key, resource, expires, method, version)
    values = (version, resource, expires, method, signature)
    return "version=%s&res=%s&et=%s&method=%s&sign=%s" % tuple([quoted(value) for value in values])


def sign(key, resource, expires, method, version):
    """The signature, in base64: an HMAC of the four others."""
    text = "%s\n%s\n%s\n%s" % (expires, method, resource, version)
    return str(b2a_base64(hmac(method, key_bytes(key), text.encode())), "utf-8").strip()


def key_bytes(key):
    """The bytes that a key as the platform shows it, str, stands for; ValueError, which does not quote it."""
    encoded = key.encode()
    text = encoded.rstrip(b"=")
    if not text or len(encoded) & 3 or len(encoded) - len(text) > 2 or any(byte not in _BASE64 for byte in text):
        raise ValueError("key: must be base64, as the platform shows it")
    return a2b_base64(encoded)


def hmac(method, key, message):
    """HMAC [RFC 2104] of message, with the hash of that name; bytes."""
    new = getattr(hashlib, method, None) if method in ("sha256", "sha1", "md5") else None
    if not new:
        raise ValueError("method: there is no %s here" % method)
    if len(key) > 64:
        key = new(key).digest()
    key += bytes(64 - len(key))
    inner = new(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = new(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def quoted(text):
    """text with all but letters, digits and -._~ as %XX of its UTF-8."""
    out = bytearray()
    for byte in text.encode():
        if byte in _PLAIN:
            out.append(byte)
        else:
            out.extend(("%%%02X" % byte).encode())
    return str(out, "utf-8")
