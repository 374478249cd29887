"""The demo of OneNET's current platform, of a product with a thing model: values that the platform's reply confirms, a
property set while the board is online, and one wished for while it has no power."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

from ..api.studio import StudioClient
from ..language import _
from .current import NAME, current_stage
from .stage import Stage
from .story import News, Story

PRODUCT = "aBcDeF1234"
MODEL = Path(__file__).with_name("thing_model.json")
SETS_BEFORE = 2
"""Properties set before the board loses its power."""
DARK = 1.5  # seconds without power


def stage(directory: Path, news: News) -> AbstractContextManager[Stage]:
    """The console, with a product that has main.py's thing model, and one device."""
    model = MODEL.read_text(encoding="utf-8")
    return current_stage(news, "studio", PRODUCT, StudioStory, f"set {NAME} led=true", model=model)


class StudioStory(Story):
    """The LED switched by sets; once, by a desired value that waits for the board."""

    def __init__(self, news: News, client: StudioClient) -> None:
        super().__init__(news)
        self._client = client
        self._led = False
        """As it was asked for last."""
        self._confirmed = 0
        self._power_at: float | None = None  # when it comes back
        self._restarted = self._obeyed = self._forgotten = False

    def ask(self) -> None:
        if self.under_way:
            return  # first things first
        if self._power_at is not None:
            self._power_on()
        elif self.answered >= SETS_BEFORE and not self._restarted and self._confirmed:
            self._power_off()
        elif not self._restarted or self._applied:
            led = self._led = not self._led
            self.send_out(_("set led {dumps}").format(dumps=json.dumps(led)), lambda: self._set(led))

    def _set(self, led: bool) -> str:
        self._client.set(NAME, {"led": led})
        return _("done, says the board")

    def _power_off(self) -> None:
        """And wishes for something meanwhile."""
        self.board.power_cut()
        self._restarted, self._led = True, True
        self._power_at = self.show.elapsed() + DARK
        self.next_at = self._power_at
        self.show.line(_("power"), _("off: the board is gone"), "bold yellow")
        self.send_out(_("desired value led true"), self._wish)

    def _wish(self) -> str:
        self._client.set_desired(NAME, {"led": True})
        return _("kept for the board")

    def _power_on(self) -> None:
        self._power_at = None
        self.show.line(_("power"), _("on again"), "bold yellow")
        self.board.power_on()

    @property
    def _applied(self) -> bool:
        """The desired value is so, and the platform has nothing left to wish for."""
        return self._obeyed and self._forgotten

    def heard(self, topic: str, payload: bytes, up: bool) -> None:
        rest = topic.partition(f"{NAME}/thing/")[2]
        text = payload.decode("utf-8", "replace")
        if rest.endswith("post/reply"):
            self._confirm(rest, payload)
        elif rest in ("property/set", "property/desired/get/reply"):
            self.show.line(
                _("set") if rest == "property/set" else "desired",
                _("{text}  to …/{rest}").format(text=text, rest=rest),
                "magenta",
            )
        elif rest == "property/set_reply":
            self.show.line(_("reply"), _("{text}  to …/{rest}").format(text=text, rest=rest), "magenta")
        elif rest == "property/desired/delete/reply":
            self._forgotten = self._restarted and _code(payload) == 200
            self.show.line(_("desired"), _("{text}  to …/{rest}").format(text=text, rest=rest), "magenta")

    def _confirm(self, topic: str, payload: bytes) -> None:
        code = _code(payload)
        self._confirmed += code == 200
        text = payload.decode("utf-8", "replace")
        self.show.line(
            _("reply"), _("{text}  to …/{topic}").format(text=text, topic=topic), "dim" if code == 200 else "red"
        )

    def point(self, stream: str, value: object) -> None:
        super().point(stream, value)
        if stream == "led" and value is True and self._restarted and self._power_at is None and not self._obeyed:
            self._obeyed = True
            self.show.line("LED", _("is on, as was wished for while the board had no power"), "bold green")

    def shortcoming(self) -> str | None:
        if words := super().shortcoming():
            return words
        if not self._confirmed:
            return _("no value was confirmed by the platform's reply")
        if self.answered < SETS_BEFORE:
            return _("no property was set")
        return None if self._applied else _("the desired value was not applied after the restart")

    def counted(self) -> list[str]:
        desired = _("the desired value applied") if self._applied else _("no desired value applied")
        return [
            *super().counted(),
            _("{confirmed} messages confirmed").format(confirmed=self._confirmed),
            _("{answered} of {asked} requests answered").format(answered=self.answered, asked=self.asked),
            _("{desired} after a restart").format(desired=desired),
        ]


def _code(payload: bytes) -> int | None:
    """Of a reply; None where it is none."""
    try:
        reply = json.loads(payload)
        return int(reply["code"])
    except (ValueError, TypeError, KeyError):
        return None
