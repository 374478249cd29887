"""The products of the current platform: a list, and dialogs to add one, to load its thing model and to remove it."""

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from ...language import _
from ...model.thing_model import ModelError
from ..failures import PlatformError
from ..studio.products import Product, Protocol
from .dialogs import ask, buttons, choice, complaint_line, dialog, field, form, text_of
from .frame import Visit, box, button, part, secret
from .text import shown

_LONGEST_MODEL = 500_000  # characters

_READ_FILE = "async (e) => { const file = e.target.files[0]; if (file) emit(await file.slice(0, 600000).text()); }"


class Products:
    """A card with all products."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        words = visit.words
        with box("section", "card"):
            with box(classes="bar"):
                part("h2", words.products)
                if visit.rights.changes:
                    button(words.add_product, self._add, "btn quiet")
            part("p", words.products_hint, "soft")
            self._list = box("ul", "products")
        self.draw()

    def draw(self) -> None:
        """Shows what there is now."""
        self._list.clear()
        with self._list:
            found = self._visit.platform.studio.products.all()
            for product in found:
                self._entry(product)
            if not found:
                part("li", self._visit.words.no_products, "soft")

    def _entry(self, product: Product) -> None:
        words, studio = self._visit.words, self._visit.platform.studio
        with box("li", "product"):
            with box(classes="bar"):
                part("h3", f"{shown(product.title, 60)}")
                is_thing = product.protocol is Protocol.ONEJSON
                part("span", words.thing_model if is_thing else words.data_streams, "badge")
                if self._visit.rights.changes:
                    with box(classes="buttons"):
                        if is_thing:
                            button(words.load_model, lambda: self._load(product), "chip")
                        button(words.remove, lambda: self._remove(product), "chip")
            with box("dl"):
                part("dt", words.product_id)
                part("dd", product.id, "mono")
                if self._visit.rights.changes:
                    part("dt", words.access_key)
                    with box("dd"):
                        secret(words, words.access_key, lambda: product.access_key)
                part("dt", words.devices_of)
                part("dd", f"{len(studio.devices(product.id))}")
                model = studio.model(product.id)
                if model:
                    part("dt", words.thing_model)
                    part("dd", _sizes(words.model_loaded, model))

    def _add(self) -> None:
        words = self._visit.words
        with dialog(self._visit, words.add_product) as made, form(lambda: submit()):
            title = field(f"{words.title} ({words.optional})", words.title_hint)
            title.props["autofocus"] = True
            kinds = {Protocol.ONEJSON.value: words.thing_model, Protocol.STREAM.value: words.data_streams}
            kind = choice(words.data_kind, kinds, Protocol.ONEJSON.value)
            product_id = field(f"{words.product_id} ({words.optional})", words.product_id_hint)
            complaint = complaint_line()
            buttons(words, made, words.add_product)

        def submit() -> None:
            try:
                self._visit.platform.studio.add_product(text_of(title), text_of(product_id), Protocol(kind.value))
            except PlatformError as error:
                complaint.text = words.of(error)
                return
            made.close()
            self.draw()

        made.open()

    def _load(self, product: Product) -> None:
        words = self._visit.words

        def load(event: GenericEventArguments) -> None:
            text = str(event.args)
            try:
                if len(text) > _LONGEST_MODEL:
                    raise ModelError(_("at most {longest_model} characters").format(longest_model=_LONGEST_MODEL))
                model = self._visit.platform.studio.load_model(product.id, text.removeprefix("\ufeff"))
            except (ModelError, PlatformError) as error:
                complaint.text = shown(words.of(error), 300)
                return
            made.close()
            ui.notify(_sizes(words.model_loaded, model))
            self.draw()

        with dialog(self._visit, words.model_of.format(product=shown(product.title, 60))) as made:
            part("p", words.model_hint, "soft")
            file = ui.element("input").on("change", load, js_handler=_READ_FILE)
            file.props.update({"type": "file", "accept": ".json,application/json", "aria-label": words.load_model})
            complaint = complaint_line()
            with box(classes="buttons"):
                button(words.close, made.close, "btn quiet")
        made.open()

    def _remove(self, product: Product) -> None:
        words, studio = self._visit.words, self._visit.platform.studio

        def remove() -> None:
            studio.remove_product(product.id)
            self.draw()

        count = len(studio.devices(product.id))
        question = words.remove_product_question.format(product=shown(product.title, 60), count=count)
        ask(self._visit, words.remove, question, remove)


def _sizes(words: str, model: Any) -> str:
    sizes = {"properties": model.properties, "events": model.events, "services": model.services}
    return words.format(**{name: len(entries) for name, entries in sizes.items()})
