"""Somebody at a terminal, for the tests of what `onenet` asks."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

from serial_board import PATIENCE


class Person:
    """Somebody at a terminal, who answers what is asked for."""

    def __init__(self, *arguments: str) -> None:
        self.screen = ""
        self._answered = 0
        self._terminal, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "onenet_tools", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("ONENET_")},
        )
        os.close(slave)

    def answer(self, question: str, text: str) -> None:
        if question not in self.screen[self._answered :]:
            self._until(question)
        self._answered = len(self.screen)
        time.sleep(0.1)  # until the echo is off, which nothing tells
        os.write(self._terminal, text.encode() + b"\n")

    def sees(self, words: str) -> None:
        """Waits for it, if it is not there since the last answer."""
        if words not in self.screen[self._answered :]:
            self._until(words)

    def presses_ctrl_c(self, question: str) -> None:
        self._until(question)
        self._process.send_signal(signal.SIGINT)

    def _until(self, words: str | None) -> None:
        deadline = time.monotonic() + PATIENCE
        seen = len(self.screen)
        while words is None or words not in self.screen[seen:]:
            ready, _, _ = select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, self.screen
            try:
                data = os.read(self._terminal, 4096)
            except OSError:  # the end
                data = b""
            if not data:
                assert words is None, self.screen
                return
            self.screen += data.decode()

    def ends(self) -> int:
        self._until(None)
        os.close(self._terminal)
        return self._process.wait(PATIENCE)
