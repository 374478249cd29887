"""What a connection to the console's HTTP port may cost: uvicorn's protocol, with bounds where it has none.

A connection that has not sent a whole request yet is a stranger: there may be some of them, each for some seconds, with
headers of a bounded size. Whoever does not read an answer is cut off, too. So neither connections that are left half
open nor headers without an end take the page away from others, or the memory.
"""

import asyncio
import weakref
from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEAD = 65_536  # bytes of request line and headers, give or take what one read brings
_MOST_STRANGERS = 128  # connections without a whole request; beyond that the oldest goes
_MOST_WEBSOCKETS = 1000  # pages that are open, and on their way to be
_HEAD_TIME = 10.0  # seconds until the headers have to be there
_BODY_TIME = 60.0  # the same of the body after them
_STALL_TIME = 60.0  # seconds in which an answer has to move on

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_strangers: MutableMapping["BoundedProtocol", None] = weakref.WeakKeyDictionary()  # the oldest first


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A process has one console with pages, and so all of these together are the console's."""

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _in_head = True
    _head = 0  # bytes of the headers so far

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _strangers[self] = None
        self._allow(_HEAD_TIME)
        if len(_strangers) > _MOST_STRANGERS:
            next(iter(_strangers))._cut_off()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._at_ease()
        self._unset_stall()

    def data_received(self, data: bytes) -> None:
        in_head = self._in_head
        super().data_received(data)
        if in_head and self._in_head and self.parser is not None:
            self._head += len(data)
            if self._head > _MOST_HEAD and not self.transport.is_closing():
                self._refuse(_TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        self._at_ease()
        if len(self.connections) > _MOST_WEBSOCKETS:
            self._refuse(_TOO_MANY)
        else:
            super().handle_websocket_upgrade()

    # The parser's callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head = True, 0
        self._allow(_HEAD_TIME)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._allow(_BODY_TIME)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._at_ease()

    # An answer that nobody reads

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unset_stall()
        self._stall = self.loop.call_later(_STALL_TIME, self._cut_off)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unset_stall()

    def _unset_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # Bounds

    def _allow(self, seconds: float) -> None:
        """Cuts it off, unless something else is called for before that."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._cut_off)

    def _at_ease(self) -> None:
        """It is no stranger, and not under way with a request."""
        _strangers.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, answer: bytes) -> None:
        self._at_ease()
        self.transport.write(answer)
        self.transport.close()

    def _cut_off(self) -> None:
        self._at_ease()
        self.transport.abort()
