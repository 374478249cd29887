"""Reads a board's log from its start on: does it come online, and if it does not, why."""

import re
import time

from ..api.text import harmless
from ..language import N_, _
from ..words.said import BOARD, rendered
from .errors import PortError

_LINE = re.compile(r"-?\d+ (wifi|mqtt|config|device): (.*)")
ONLINE = re.compile(r"online as device ([^,\s]+)")
_PROBLEMS = re.compile(r"has (\d+) problem\(s\):")
_WIFI_TROUBLE = re.compile(r"(.*): (wrong password|not in reach|refused|no answer)(.*)")
_NEXT = re.compile(r"; next attempt in \d+ s$")
_OTHER_PRODUCT = re.compile(r'this product (?:takes|has) .*"platform": "(\w+)"')
_SETTLING = 2.0
"""Seconds in which the platform may still refuse what a board subscribes to, once it is online."""
_FAILED = re.compile(r"boot: main\.py has failed, (\d+) in a row; the (next try is|board sleeps) in (\d+) s")
_NOW = {"next try is": N_("tries again"), "board sleeps": N_("sleeps until the next try")}
PROMPT = ">>> "


class NotOnline(PortError):
    """The board is not online. `by_program`: because of what runs there, not of its config.json or the network's no."""

    def __init__(self, words: str, by_program: bool = True, meanwhile: str = "") -> None:
        super().__init__(words)
        self.by_program = by_program
        self.meanwhile = meanwhile
        """What the board does now, in words, if that is known."""


class Start:
    """Takes the lines of a log. `online` is the device's id once it is; it is `settled` when that will do."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._told: dict[str, int] = {}
        self._problems: list[str] | None = None
        self._problem_count = 0
        self._last_of_traceback = ""
        self._in_traceback = False
        self.online = ""
        self._online_since = 0.0
        self.reason = _("nothing came from the board")
        """Why it is not online so far, as far as anybody knows."""
        self.by_program = True
        """As far as anybody knows it is because of the program."""

    @property
    def settled(self) -> bool:
        """Whether it is online for good. The older platform's devices, whose ids are digits, subscribe to nothing."""
        waited = time.monotonic() - self._online_since >= _SETTLING
        return bool(self.online) and (self.online.isdecimal() or waited)

    def feed(self, line: str) -> None:
        """One line, or the beginning of one that does not end, which the prompt is. Raises NotOnline."""
        if self._problems is not None:
            self._take_problem(line)
        elif line.endswith(PROMPT) or line.startswith("MicroPython v"):
            self._ended()
        elif line.startswith("Traceback (most recent"):
            self._in_traceback = True
        elif self._in_traceback and line[:1] not in ("", " "):
            self._in_traceback = False
            self._last_of_traceback = line
            self.reason = _("the program says {line}").format(line=line)
        elif line.startswith("boot: main.py has crashed"):
            how = _("sleeps") if "after a sleep" in line else _("waits 10 minutes")
            raise NotOnline(
                _(
                    "main.py on the board has ended in a reset again and again, and the board {how} before "
                    "the next try; what it said: onenet crashes --port {port}, or onenet monitor --port "
                    "{port}"
                ).format(how=how, port=self._port)
            )
        elif failed := _FAILED.match(line):
            why = self._last_of_traceback or _("an error: onenet crashes --port {port}").format(port=self._port)
            raise NotOnline(
                _("main.py has ended with {why}").format(why=why),
                True,
                _("the board {now} in {failed} s").format(now=_(_NOW[failed[2]]), failed=failed[3]),
            )
        if found := _LINE.match(line):
            self._take(found[1], found[2])

    def _take(self, subject: str, words: str) -> None:
        if subject == "mqtt":
            self._take_mqtt(words)
        elif subject == "wifi" and (trouble := _WIFI_TROUBLE.match(words)):
            name, kind, more = trouble.groups()
            self.reason = _("Wi-Fi {name}: {kind}{more}; mend it: onenet config --port {port} --ssid NAME").format(
                name=name, kind=rendered(kind, BOARD), more=more, port=self._port
            )
            self.by_program = False
            self._again(self.reason, by_program=False)
        elif subject == "wifi" and words.startswith("joined"):
            self.by_program = True
            self.reason = _("Wi-Fi is {words}, but the platform does not answer").format(words=rendered(words, BOARD))
        elif subject == "config" and (count := _PROBLEMS.search(words)):
            self._problems, self._problem_count = [], int(count[1])

    def _take_mqtt(self, words: str) -> None:
        if found := ONLINE.match(words):
            self.online = found[1]
            self._online_since = time.monotonic()
        elif other := _OTHER_PRODUCT.match(words):
            mend = _("mend it: onenet config --port {port} --set platform={other}").format(
                port=self._port, other=other[1]
            )
            raise NotOnline(_cause(words) + _("; ") + mend, by_program=False)
        elif "refused (code" in words:
            raise NotOnline(
                _("{sub}; mend it: onenet config --port {port}").format(sub=_cause(words), port=self._port),
                by_program=False,
            )
        elif _NEXT.search(words):
            self.reason = _cause(words)
            if words.startswith("TLS: ") and "memory" not in words:
                self.by_program = False
            if words.startswith("closed before CONNACK"):
                self._again(self.reason)

    def _again(self, words: str, by_program: bool = True) -> None:
        """What comes twice will come for ever."""
        self._told[words] = self._told.get(words, 0) + 1
        if self._told[words] == 2:
            raise NotOnline(words, by_program)

    def _take_problem(self, line: str) -> None:
        assert self._problems is not None
        if line.startswith("- "):
            self._problems.append(line[2:])
        if len(self._problems) == self._problem_count or not line.startswith("- "):
            words = _("; ").join(rendered(problem, BOARD) for problem in self._problems)
            if self._problems and self._problems[0].startswith("is missing"):
                raise NotOnline(
                    _("the board has no config.json; write it: onenet config --port {port}").format(port=self._port),
                    False,
                )
            raise NotOnline(
                _("config.json on the board: {words}; mend it: onenet config --port {port}").format(
                    words=words, port=self._port
                ),
                False,
            )

    def _ended(self) -> None:
        if "safe mode" in self._last_of_traceback:
            words = self._last_of_traceback.partition(": ")[2]
            raise NotOnline(_("the board is in {words}").format(words=rendered(words, BOARD)))
        if self._last_of_traceback and "stopped: Ctrl-D" not in self._last_of_traceback:
            raise NotOnline(
                _("main.py has ended with {last_of_traceback}").format(last_of_traceback=self._last_of_traceback)
            )
        raise NotOnline(_("the board is at its prompt, and no program runs; main.py has to end with device.run()"))


def _cause(words: str) -> str:
    """What a board says has gone wrong, without when it tries again."""
    return rendered(_NEXT.sub("", words), BOARD)


class Lines:
    """Cuts what comes from a board into lines fit for a terminal."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > 4096:  # no log, but something else on the line
            lines.append(self._rest)
            self._rest = b""
        return [_clean(line) for line in lines]

    @property
    def rest(self) -> str:
        """The beginning of a line that is not complete yet."""
        return _clean(self._rest)


def _clean(line: bytes) -> str:
    return harmless(line.rstrip(b"\r").decode("utf-8", "replace"), keep="\t")
