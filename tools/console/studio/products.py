"""The products of the current platform, and the account they belong to, in the data file."""

import re
import secrets
import string
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from ...language import _
from ..database import Database, microseconds, utc, utc_now
from .failures import BadParameter, UnknownProduct

_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{8,32}")


class Protocol(Enum):
    """What the devices of a product speak: it is chosen when the product is made, and the two do not mix [manual]."""

    ONEJSON = "onejson"
    """A thing model: properties, events, services."""
    STREAM = "stream"
    """Data streams and commands."""

    @property
    def platform(self) -> str:
        """What config.json calls it."""
        return "studio" if self is Protocol.ONEJSON else "dp"


@dataclass(frozen=True)
class Product:
    id: str
    title: str
    protocol: Protocol
    access_key: str
    """In base64, a secret."""
    model: str | None
    """The thing-model file that was loaded, as it was."""
    created: datetime


@dataclass(frozen=True)
class Account:
    """The user all products belong to. The key is a secret."""

    user_id: str
    user_key: str


class Products:
    """All products, and the account."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def all(self) -> list[Product]:
        """By id."""
        return self._found("ORDER BY id")

    def find(self, product_id: str) -> Product:
        """Raises UnknownProduct."""
        found = self._found("WHERE id = ?", product_id)
        if not found:
            raise UnknownProduct(product_id)
        return found[0]

    def add(self, title: str, product_id: str, protocol: Protocol, access_key: str) -> Product:
        """Adds one; makes up what is empty. Raises BadParameter."""
        product_id = product_id or _new_id()
        if not _ID.fullmatch(product_id):
            raise BadParameter(
                _("product id {product_id!r}: must be 8 to 32 letters and digits, one of them a letter").format(
                    product_id=product_id
                )
            )
        if self._found("WHERE id = ?", product_id):
            raise BadParameter(_("product id {product_id}: there is one already").format(product_id=product_id))
        title = title.strip() or product_id
        if len(title) > 64 or not title.isprintable():
            raise BadParameter(_("title: must be at most 64 printable characters"))
        access_key = access_key or b64encode(secrets.token_bytes(32)).decode()
        check_key("access_key", access_key)
        product = Product(product_id, title, protocol, access_key, None, utc_now())
        row = [product.id, product.title, product.protocol.value, product.access_key, microseconds(product.created)]
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO studio_products (id, title, protocol, access_key, created) VALUES (?, ?, ?, ?, ?)", row
            )
        return product

    def set_model(self, product_id: str, model: str | None) -> None:
        with self._file.transaction() as db:
            db.execute("UPDATE studio_products SET model = ? WHERE id = ?", [model, product_id])

    def remove(self, product_id: str) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM studio_products WHERE id = ?", [product_id])

    def account(self) -> Account:
        return Account(*self._file.rows("SELECT user_id, user_key FROM studio_account")[0])

    def _found(self, where: str, *values: Any) -> list[Product]:
        rows = self._file.rows(
            f"SELECT id, title, protocol, access_key, model, created FROM studio_products {where}", *values
        )
        return [
            Product(id, title, Protocol(protocol), access_key, model, utc(created))
            for id, title, protocol, access_key, model, created in rows
        ]


def new_account() -> tuple[str, str]:
    """Its id and its key: 64 bytes, as long as published ones are."""
    return str(secrets.randbelow(900_000) + 100_000), b64encode(secrets.token_bytes(64)).decode()


def new_device_key() -> str:
    """Of 32 letters and digits, in base64: as products made lately have them."""
    return b64encode("".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32)).encode()).decode()


def check_key(what: str, key: str) -> None:
    """Raises BadParameter for what is no key; the key is not in it."""
    try:
        fits = bool(b64decode(key, validate=True)) and len(key) <= 512
    except (Error, ValueError):
        fits = False
    if not fits:
        raise BadParameter(_("{what}: must be base64").format(what=what))


def _new_id() -> str:
    letters = string.ascii_letters
    return "".join(secrets.choice(letters) for _ in range(6)) + f"{secrets.randbelow(10_000):04}"
