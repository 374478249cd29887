"""What dialogs are made of: a frame that leaves nothing behind, fields, and a line for what is wrong."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from .frame import Visit, box, button, part
from .words import Words


class CopiedText(Element, component="copied_text.js"):
    """A text, and a button that copies it to the clipboard."""

    def __init__(self, text: str, label: str, words: Words) -> None:
        super().__init__()
        self._props["text"] = text
        self._props["label"] = label
        self._props["words"] = words.some("copy", "copied", "copy_failed")


@contextmanager
def dialog(visit: Visit, title: str) -> Iterator[ui.dialog]:
    """A dialog that leaves nothing in the page once it is closed: it may have held a secret."""
    with visit.client, ui.dialog() as made, box(classes="card dialog"):
        made.on("hide", made.delete)
        made.props["aria-label"] = title
        part("h2", title)
        yield made


def form(submit: Callable[[], None]) -> ui.element:
    return box("form").on("submit.prevent", lambda: submit(), [])


def field(label: str, hint: str, value: str = "") -> ui.input:
    made = ui.input(label, value=value)
    made.props.update({"hint": hint, "outlined": True, "dense": True, "maxlength": 512, "autocomplete": "off"})
    return made


def choice(label: str, options: dict[str, str], value: str | None) -> ui.select:
    made = ui.select(options, label=label, value=value)
    made.props.update({"outlined": True, "dense": True, "options-dense": True})
    return made


def text_of(made: ui.input) -> str:
    return (made.value or "").strip()


def complaint_line() -> TextElement:
    complaint = part("p", classes="trouble")
    complaint.props["role"] = "alert"
    return complaint


def buttons(words: Words, made: ui.dialog, submit: str) -> None:
    with box(classes="buttons"):
        button(words.cancel, made.close, "btn quiet")
        part("button", submit, "btn").props["type"] = "submit"


def ask(visit: Visit, title: str, question: str, do: Callable[[], Awaitable[None] | None]) -> None:
    """A dialog that asks whether to remove something, and does it if so."""
    words = visit.words

    async def confirmed() -> None:
        made.close()
        done = do()
        if done is not None:
            await done

    with dialog(visit, title) as made:
        part("p", question)
        with box(classes="buttons"):
            button(words.cancel, made.close, "btn quiet")
            button(words.remove, confirmed, "btn danger")
    made.open()
