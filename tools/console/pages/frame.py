"""What all pages have in common: language, head, the bar on top, and the small parts they are made of."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from nicegui import Client, ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from ...clock import zone
from ..lock import COOKIE, Rights
from ..platform import Platform
from .chinese import CHINESE
from .english import ENGLISH
from .languages import words_for
from .words import Words

_STYLE = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b7a69"/>'
    '<path d="M7 20c3 0 3-8 6-8s3 8 6 8 3-8 6-8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>'
    "</svg>"
)
_MOST_UNMET = 100  # pages without a connection of their own, which have just been asked for, or have lost it
_WHOLE = re.compile(r"(--[a-z-]+|\b[a-z]+-[a-z.]+\b|onenet [a-z]+(?: [a-z]+)?)")
"""What is typed as it stands."""
_DOTS = "••••••••"
_IN_LANGUAGE = {
    words.language: ui.page("", favicon=_ICON, dark=None, language=words.language) for words in (ENGLISH, CHINESE)
}


@dataclass(frozen=True)
class Visit:
    """One page that is open in a browser."""

    platform: Platform
    client: Client
    words: Words
    origin: str
    """Where the browser found the console, as http://localhost:8080"""
    host: str
    """The name or address in it."""
    rights: Rights


def visit(request: Request) -> Visit:
    """Who is asking for what, and in which language to answer."""
    client = ui.context.client
    _forget_unmet(client)
    words = words_for(request.headers.get("accept-language", ""))
    client.page = _IN_LANGUAGE[words.language]  # the page object of the route has one language only
    url = request.url
    platform: Platform = request.state.platform
    address = request.client.host if request.client else ""
    rights = platform.lock.rights(address, request.cookies.get(COOKIE, ""))
    return Visit(platform, client, words, f"{url.scheme}://{url.netloc}", url.hostname or "localhost", rights)


def _forget_unmet(newest: Client) -> None:
    """Frees the pages that were asked for and then not opened, as by a program that does not run scripts: NiceGUI keeps
    each for a minute, and any number of them."""
    unmet = [it for it in Client.instances.values() if not it.has_socket_connection and it is not newest]
    for client in unmet[: -_MOST_UNMET or None]:
        client.delete()


@contextmanager
def frame(visit: Visit, title: str, times: bool = False) -> Iterator[None]:
    """The page around what is made inside; with `times` in it, it says below of which zone they are."""
    words = visit.words
    entitle(visit, title)
    ui.add_head_html(f"<style>{_STYLE}</style>")
    link("#content", words.skip, "skip")
    with box("header", "top"):
        with link("/", classes="home"):
            box("span", "logo").props["aria-hidden"] = "true"
            part("strong", words.console)
            part("span", words.subtitle, "soft")
        if not visit.rights.changes:
            link("/teacher", words.teacher, "log-in")
    content = box(classes="content")
    content.props["id"] = "content"
    with content:
        yield
        if times:
            Zone(words)


class Zone(Element, component="zone.js"):
    """Says of which zone times are."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._props["zone"] = zone()
        self._props["words"] = words.some("in_zone", "in_other_zone")


def entitle(visit: Visit, title: str) -> None:
    """Gives the page its title, as browsers show it."""
    ui.page_title(f"{title} · {visit.words.console}" if title else visit.words.console)


def not_there(visit: Visit, title: str, hint: str = "") -> None:
    """The page in place of one that does not exist."""
    visit.client.status_code = 404
    with frame(visit, title):
        part("h1", title)
        if hint:
            part("p", hint)
        with box():
            link("/", visit.words.back, "btn")


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means the computer that uses it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def box(tag: str = "div", classes: str = "") -> ui.element:
    """An HTML element with others in it."""
    return ui.element(tag).classes(classes)


def part(tag: str, text: str = "", classes: str = "") -> TextElement:
    """An HTML element with text in it."""
    return TextElement(tag=tag, text=text).classes(classes)


def prose(text: str, classes: str = "") -> None:
    """A paragraph in which no option such as --lan, header or command is broken in two."""
    with box("p", classes):
        for i, piece in enumerate(_WHOLE.split(text)):
            part("span", piece, "option" if i % 2 else "")


def to_type(words: Words, commands: Iterable[str]) -> None:
    """Commands for a terminal, a line each."""
    lines = box(classes="steps")
    lines.props.update({"role": "group", "aria-label": words.commands_to_type})
    with lines:
        for command in commands:
            prose(command, "mono")


def link(address: str, text: str = "", classes: str = "") -> TextElement:
    """A link to another page of the console."""
    made = part("a", text, classes)
    made.props["href"] = address
    return made


def button(text: str, press: Callable[[], object], classes: str = "btn") -> TextElement:
    """A button that calls `press`."""
    made = part("button", text, classes)
    made.props["type"] = "button"
    made.on("click", press, [])
    return made


def secret(words: Words, name: str, reveal: Callable[[], str]) -> None:
    """Dots, and a button that puts the text of `reveal` in their place. Before that, the text is not in the page."""
    text = part("span", _DOTS, "mono secret")

    def toggle() -> None:
        hidden = text.text == _DOTS
        text.text = reveal() if hidden else _DOTS
        shows.text = words.hide if hidden else words.show
        shows.props["aria-label"] = f"{shows.text}: {name}"

    shows = button(words.show, toggle, "chip")
    shows.props["aria-label"] = f"{words.show}: {name}"
