"""The interactive one: packets typed at a prompt, both directions explained as they go."""

import asyncio
import contextlib
import shlex
import sys
import time
from collections.abc import Coroutine
from typing import Any

import typer
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.table import Table
from rich.text import Text

from ..clock import zone
from ..failures import complain
from ..language import N_, _
from ..words.help_words import translated
from ..words.said import rendered
from . import show
from .build import build
from .commands import CLIENT_COMMANDS
from .conversation import ANSWER_WITHIN, Conversation, ConversationError
from .explain import Explained, explain_all, in_hex
from .hextext import parse_hex

_PROMPT = "> "
_SECRETS = ("--password", "--auth-info")
_USERS = ("--user-name", "--product-id")
_ALIASES = {"ping": "pingreq", "quit": "exit", "?": "help"}
_OWN = {
    "hex": N_("bytes as they are: hex 10 0c 00 04 …"),
    "reply": N_("answers OneNET's last command: reply done"),
    "show": N_("the last packet, byte by byte"),
    "help": N_("this; connect --help and the like tell more"),
    "exit": N_("the end; Ctrl-D does it too"),
}
_ANSWERS = {1: "PUBACK", 2: "PUBREC"}  # to a PUBLISH, by QoS
_NEXT = {"PUBREC": "PUBREL", "PUBREL": "PUBCOMP"}

_packets = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
for _command in CLIENT_COMMANDS:
    _packets.command()(_command)


def run_talk(
    host: str, port: int, *, by_hand: bool = False, fields: bool = False, timeout: float = 5, show_secrets: bool = False
) -> int:
    """Reads commands from the terminal, or from stdin if that is none, until they end; returns the exit status.

    by_hand: acknowledgements and PINGREQ are not sent by themselves. fields: packets are shown byte by byte. timeout:
    seconds to connect. Raises ConversationError if the server can't be reached.
    """
    return asyncio.run(Talk(host, port, by_hand, fields, timeout, show_secrets).run())


class Talk:
    """Somebody who types, and one connection after the other."""

    def __init__(self, host: str, port: int, by_hand: bool, fields: bool, timeout: float, show_secrets: bool) -> None:
        self._host = host
        self._port = port
        self._by_hand = by_hand
        self._fields = fields
        self._timeout = timeout
        self._show_secrets = show_secrets
        self._input: _Terminal | _Pipe = _Terminal() if sys.stdin.isatty() else _Pipe()
        self._conversation: Conversation | None = None
        self._last: Explained | None = None
        self._command = b""  # topic of the last one that came
        self._keepalive = 0  # seconds, as the last CONNECT said
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        await self._open()
        with self._input.beside_output():
            _say(
                _("connected to {host}:{port}; help lists what to type, exit ends; times are of {zone}").format(
                    host=self._host, port=self._port, zone=zone()
                )
            )
            try:
                while (line := await self._input.line()) is not None and await self._obey(line):
                    pass
            finally:
                await self._close()
        return 0

    async def _obey(self, line: str) -> bool:
        """Does what was typed. False if that was to end."""
        try:
            words = shlex.split(line)
            if not words:
                return True
            name = _ALIASES.get(words[0], words[0])
            if name == "exit":
                return False
            if name == "help":
                _help()
            elif name == "show":
                self._show_last()
            else:
                data = await self._bytes(name, words[1:])
                if data:
                    await self._send(data)
        except (ValueError, ConversationError) as error:
            complain(str(error))
        return True

    async def _bytes(self, name: str, words: list[str]) -> bytes:
        """What a command sends; nothing if it was wrong, or asked for help. Raises ValueError."""
        if name == "hex":
            return parse_hex(" ".join(words))
        if name == "reply":
            if not self._command:
                raise ValueError(_("reply: no command has come yet"))
            return build("PUBLISH", self._command.replace(b"$creq", b"$crsp", 1), " ".join(words))
        options = {word.partition("=")[0] for word in words}
        if name == "connect" and options & set(_USERS) and not options & {*_SECRETS, "--help", "-h"}:
            password = await self._input.password()
            words = [*words, *(["--password", password] if password else [])]
        try:
            made = translated(typer.main.get_command(_packets))([name, *words], standalone_mode=False, prog_name="")
        except typer.TyperException as error:
            known = name in (command.__name__ for command in CLIENT_COMMANDS)
            more = _("{name} --help tells more").format(name=name) if known else _("try help")
            complain(f"{rendered(error.format_message())} ({more})")
            return b""
        return made if isinstance(made, bytes) else b""

    # The connection

    async def _open(self) -> Conversation:
        """The connection; a new one if there is none, or none any more."""
        if self._conversation and not self._conversation.closed:
            return self._conversation
        await self._close()
        conversation = Conversation(self._on_packet, self._show_secrets, self._on_closed)
        await conversation.open(self._host, self._port, self._timeout)
        self._conversation = conversation
        return conversation

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._conversation:
            await self._conversation.close()
        self._conversation = None

    async def _send(self, data: bytes) -> None:
        conversation = await self._open()
        await conversation.send(data, self._timeout)
        if self._input.hurries:
            await conversation.answered(ANSWER_WITHIN)

    def _on_closed(self, why: str) -> None:
        for task in self._tasks:
            task.cancel()
        _say(_("{why}; what is sent next opens a new one").format(why=why))

    def _on_packet(self, explained: Explained, sent: bool) -> None:
        self._last = explained
        console = show.terminal()
        console.print(show.in_line(explained, f"{time.strftime('%H:%M:%S')} {'→' if sent else '←'} "))
        if self._fields:
            console.print(show.packet(explained, console.width))
        else:
            shown = in_hex(explained).split()
            most = (console.width - len(_(" … 65,536 more"))) // 3
            more = _(" … {len:,} more").format(len=len(shown) - most) if len(shown) > most else ""
            console.print(" ".join(shown[:most]) + more, style="dim")
        if explained.broken:
            return
        if sent and explained.type == "CONNECT":
            self._keepalive = _number(explained, N_("keep alive"))
        if not sent:
            topic = explained.field(N_("topic name"))
            if topic and topic.data.startswith(b"$creq/"):
                self._command = topic.data
            if not self._by_hand:
                self._answer(explained)

    def _show_last(self) -> None:
        if self._last:
            show.print_packet(self._last)
        else:
            _say(_("no packet yet"))

    # What a client does by itself

    def _answer(self, explained: Explained) -> None:
        if explained.type == "CONNACK" and not explained.data[3] and self._keepalive:
            self._start(self._ping(self._keepalive * 0.75))
        if explained.type == "PUBLISH":
            answer = _ANSWERS.get(explained.data[0] >> 1 & 3, "")
        else:
            answer = _NEXT.get(explained.type, "")
        packet_id = _number(explained, N_("packet identifier"))
        if answer and packet_id:  # of a packet too long to keep, it may be lost
            self._start(self._send_by_itself(build(answer, packet_id)))

    async def _ping(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._send_by_itself(build("PINGREQ"))

    async def _send_by_itself(self, data: bytes) -> None:
        if self._conversation and not self._conversation.closed:
            with contextlib.suppress(ConversationError):  # the connection tells why it is over
                await self._conversation.send(data, self._timeout)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Terminal:
    """Somebody at a prompt, with what was typed before at the arrow keys, but for passwords."""

    hurries = False
    """Everything comes at once, and has to wait for answers."""

    def __init__(self) -> None:
        names = [command.__name__ for command in CLIENT_COMMANDS]
        completer = WordCompleter([*names, *_ALIASES, *_OWN])
        self._session: PromptSession[str] = PromptSession(history=_History(), completer=completer)

    def beside_output(self) -> contextlib.AbstractContextManager[None]:
        """What is printed meanwhile stands above the prompt."""
        return patch_stdout(raw=True)

    async def line(self) -> str | None:
        """What was typed; None at the end."""
        try:
            return await self._session.prompt_async(_PROMPT)
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    async def password(self) -> str:
        session: PromptSession[str] = PromptSession()
        try:
            return await session.prompt_async(_("password, not shown: "), is_password=True)
        except (KeyboardInterrupt, EOFError):
            return ""


class _Pipe:
    """Lines that a program or a file has."""

    hurries = True

    def beside_output(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    async def line(self) -> str | None:
        line: str = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return None
        print(_PROMPT + without_secrets(line.strip()), flush=True)
        return line

    async def password(self) -> str:
        line: str = await asyncio.to_thread(sys.stdin.readline)
        return line.rstrip("\r\n")


class _History(InMemoryHistory):
    def append_string(self, string: str) -> None:
        kept = without_secrets(string)
        if kept:
            super().append_string(kept)


def without_secrets(line: str) -> str:
    """A line of input without its password; without its bytes where they are those of a CONNECT."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    if words[:1] == ["hex"]:
        return "hex" if _may_connect(words[1:]) else line
    kept = []
    skip = False
    for word in words:
        if not skip and not word.startswith(tuple(f"{option}=" for option in _SECRETS)) and word not in _SECRETS:
            kept.append(word)
        skip = word in _SECRETS and not skip
    return shlex.join(kept) if len(kept) < len(words) else line


def _may_connect(words: list[str]) -> bool:
    """True if there is a CONNECT in the bytes, or no telling."""
    try:
        data = parse_hex(" ".join(words))
    except ValueError:
        return True
    return any(explained.type == "CONNECT" or explained.broken for explained in explain_all(data))


def _number(explained: Explained, name: str) -> int:
    field = explained.field(name)
    return int.from_bytes(field.data, "big") if field else 0


def _help() -> None:
    table = Table.grid(padding=(0, 2))
    for command in CLIENT_COMMANDS:
        table.add_row(Text(command.__name__, "bold"), _((command.__doc__ or "").splitlines()[0]))
    for name, words in _OWN.items():
        table.add_row(Text(name, "bold"), _(words))
    show.terminal().print(table)


def _say(words: str) -> None:
    show.terminal().print(Text(words, "dim"))
