"""hashlib of an ESP8266: MICROPY_PY_HASHLIB_MD5 is 0 in its mpconfigport.h."""

from hashlib import sha1, sha256
