"""Asking a platform over HTTP: what is tried again, and what is said of a network or an answer that is not as it should
be. Every answer comes from a network: it is checked before it is used."""

import contextlib
import ipaddress
import random
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx

from ..language import N_, _
from ..system_words import reason
from .failures import ApiError
from .text import harmless

TRIES = 3  # of a GET
PAUSE = 0.5  # seconds before the second; each further one waits twice as long

UNLIKE = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What it raises to take an answer that is not as documented for one that is; ValueError is also no JSON, no UTF-8."""

MAYBE_SENT = N_("the command may have been sent all the same, and is not repeated")


Self = TypeVar("Self", bound="Requests")


class Requests:
    """One user of a platform at `url`, who shows `key` in the header `header`; empty for none.

    `patience`: seconds to wait for each answer. `pause`: seconds until a GET that failed is tried again. `transport`
    is httpx's way to the network, for tests.
    """

    def __init__(
        self,
        url: str,
        header: str,
        key: str,
        *,
        patience: float = 10.0,
        pause: float = PAUSE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises ApiError for what is no URL or no key."""
        if not all("!" <= character <= "~" for character in key):
            raise ApiError(
                _("the {header} has characters that none has: spaces, or letters beyond ASCII").format(header=header)
            )
        self._url = checked_url(url)
        self._pause = pause
        self._patience = patience
        self._key = key
        try:
            self._http = httpx.Client(
                base_url=self._url,
                headers={header: key} if key else {},
                timeout=patience,
                transport=transport,
                trust_env=not is_loopback(url),  # a proxy does not lead back to this computer
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:  # what httpx makes of HTTPS_PROXY and its like
            raise ApiError(
                _("the proxy in the environment can't be used: {harmless}").format(harmless=harmless(str(error)))
            ) from error

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _post(self, path: str, **content: Any) -> httpx.Response:
        """The answer to a POST. It is sent once: whoever repeats it blindly may switch a thing twice."""
        try:
            response = self._http.post(path, **content)
        except httpx.RequestError as error:
            sent = "" if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else f"; {_(MAYBE_SENT)}"
            raise ApiError(self._unreachable(error) + sent) from error
        if response.status_code >= 500:
            raise ApiError(
                _("{host} has failed (HTTP status {status_code}); {maybe_sent}").format(
                    host=self._host, status_code=response.status_code, maybe_sent=_(MAYBE_SENT)
                )
            )
        return response

    def _answer(self, path: str, query: dict[str, Any]) -> httpx.Response:
        """The answer to a GET, which is tried again where that may help."""
        pauses = self._pauses()
        while True:
            try:
                response = self._http.get(path, params=query)
            except httpx.RequestError as error:
                pause = None if isinstance(error, httpx.ConnectError) else next(pauses, None)
                if pause is None:
                    raise ApiError(self._unreachable(error)) from error
            else:
                if response.status_code < 500:
                    return response
                pause = next(pauses, None)
                if pause is None:
                    raise ApiError(
                        _("{host} has failed, {tries} times (HTTP status {status_code})").format(
                            host=self._host, tries=TRIES, status_code=response.status_code
                        )
                    )
            time.sleep(pause)

    def _pauses(self) -> Iterator[float]:
        """Seconds before the second try, the third, …: each twice the one before, and a quarter more or less."""
        return (self._pause * 2**i * random.uniform(0.75, 1.25) for i in range(TRIES - 1))

    @contextlib.contextmanager
    def _documented(self, what: str) -> Iterator[None]:
        """What is not as documented is an ApiError."""
        try:
            yield
        except UNLIKE as error:
            raise ApiError(self._strange(_("{what} in another form").format(what=what))) from error

    def _strange(self, what: str, content: str = "") -> str:
        quoted = f": {self._quoted(content)}" if content.strip() else ""
        return _("{host} does not answer as OneNET does ({what}{quoted})").format(
            host=self._host, what=what, quoted=quoted
        )

    def _quoted(self, text: str) -> str:
        """The beginning of what came from the network, fit for a terminal and without the key if it came back."""
        if self._key:
            text = text.replace(self._key, "***")
        text = " ".join(text.split())
        return harmless(text if len(text) <= 120 else text[:119] + "…")

    @property
    def _host(self) -> str:
        return self._url.removeprefix("https://")

    def _unreachable(self, error: httpx.RequestError) -> str:
        if isinstance(error, httpx.TimeoutException):
            return _("no answer from {host} within {patience:g} s").format(host=self._host, patience=self._patience)
        if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
            return _("{host} does not answer in HTTP: {quoted}").format(
                host=self._host, quoted=self._quoted(str(error))
            )
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _("{host} shows a certificate that is not to be trusted: {verify_message}").format(
                host=self._host, verify_message=cause.verify_message
            )
        if isinstance(cause, ssl.SSLError):
            return _("no TLS with {host}: {value}").format(host=self._host, value=cause.reason or cause)
        if isinstance(cause, socket.gaierror):
            return _("{host} is not found: no network, no DNS, or no such name").format(host=self._host)
        if isinstance(cause, ConnectionRefusedError):
            hint = _("; is the console running? onenet console starts it") if is_loopback(self._url) else ""
            return _("nothing answers at {host}{hint}").format(host=self._host, hint=hint)
        return _("no connection to {host}: {value}").format(host=self._host, value=reason(cause) or error)


def is_loopback(url: str) -> bool:
    """Whether it leads to this very computer."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_url(url: str) -> str:
    """The URL in one spelling. Raises ApiError for what is none."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ApiError(_("{url!r} is no URL: {error}").format(url=url, error=error)) from error
    if parsed.userinfo:
        raise ApiError(_("a URL with a password in it is not wanted here"))
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ApiError(_("{url!r} is not http://HOST:PORT or https://HOST").format(url=url))
    return str(parsed).rstrip("/")


def _cause(error: BaseException) -> OSError:
    """What the network said: httpx's own exceptions keep it behind them."""
    chain: BaseException | None = error
    while chain is not None and not isinstance(chain, OSError):
        chain = chain.__cause__ or chain.__context__
    return chain or OSError()
