"""Whoever else is at a broker, as Home Assistant would be: it hears everything, and asks the board. In a thread, with
the client that runs on the board."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType

from ..api.failures import ApiError
from ..files import use_board_libraries
from ..language import _

use_board_libraries()
from mqtt.threaded import ThreadedClient  # noqa: E402  # the very library that runs on the board

PATIENCE = 10.0  # seconds for the broker, and for an answer


class Onlooker:
    """A client of the broker, in a `with` statement."""

    def __init__(self, port: int, user: str, password: str, hear: Callable[[str, bytes, bool], None]) -> None:
        """hear(topic, payload, retained) is called for each message, in another thread."""
        self._hear = hear
        self._awaited: dict[str, queue.SimpleQueue[bytes]] = {}
        self._subscribed = threading.Event()
        self._client = ThreadedClient("onlooker", "127.0.0.1", port, user, password, rx_size=4096)
        self._client.on_message = self._message
        self._client.on_subscribe = lambda packet_id, codes: self._subscribed.set()

    def __enter__(self) -> "Onlooker":
        self._client.loop_start()
        self._client.subscribe([("#", 1)])
        if not self._subscribed.wait(PATIENCE):
            self._client.loop_stop()
            raise ApiError(_("the broker does not answer"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.loop_stop()

    def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        """With QoS 1; waits for no answer."""
        self._client.publish(topic, payload, 1, retain)

    def ask(self, topic: str, payload: str, answer: str) -> str:
        """Publishes, and returns the next message to the topic `answer`. Raises ApiError where none comes."""
        awaited = self._awaited[answer] = queue.SimpleQueue()
        self.publish(topic, payload)
        try:
            return awaited.get(timeout=PATIENCE).decode("utf-8", "replace")
        except queue.Empty:
            raise ApiError(
                _("no message to {answer} within {patience:g} s").format(answer=answer, patience=PATIENCE)
            ) from None
        finally:
            del self._awaited[answer]

    def _message(self, topic: memoryview, payload: memoryview, qos: int, retain: int) -> None:
        name, data = str(topic, "utf-8"), bytes(payload)
        if awaited := self._awaited.get(name):
            awaited.put(data)
        self._hear(name, data, bool(retain))
