"""The page of one device."""

from collections.abc import Callable
from datetime import timedelta

from fastapi import Request
from nicegui import ui

from ...model.thing_model import ThingModel
from ..database import utc, utc_now
from ..model import (
    CommandChanged,
    DesiredChanged,
    Device,
    DeviceChanged,
    Event,
    EventsStored,
    PacketLogged,
    PointsStored,
    ProductsChanged,
    TriggerFired,
    TriggerLogged,
    UpdateTold,
)
from ..platform import UnknownDevice
from ..store import STATUSES_KEPT
from ..studio.products import Protocol
from .board_log import BoardLog
from .commands import Commands
from .events import Events
from .forms import edit_device, remove_device, show_config
from .frame import Visit, box, button, entitle, frame, link, not_there, part, secret, visit
from .meaning import model_of
from .over_the_air import OverTheAir
from .packets import PacketLog
from .presence import Presence, spans_online
from .rules import Rules
from .streams import Streams
from .text import shown, shown_time
from .thing import Thing
from .unlocking import ask_for_key
from .updates import Updates

_COMINGS = 20  # and goings that are listed
_SAME = timedelta(milliseconds=1)  # the data file rounds times


@ui.page("/device/{device_id}")
def device_page(request: Request, device_id: str, wrong: str = "") -> None:
    """What one device is, sends and is told."""
    here = visit(request)
    try:
        device = here.platform.device(device_id)
    except UnknownDevice:
        not_there(here, here.words.no_device.format(id=shown(device_id, 40)), here.words.no_device_hint)
        return
    with frame(here, shown(device.title, 80), times=True):
        head = _Head(here, device, lambda: updates.end())
        model, has_things = _model(here, device)
        with box(classes="columns"):
            with box("section"):
                streams = Streams(here, device.id, model, has_things)
                reported = Events(here, device.id, model) if has_things else None
            with box("aside"):
                may_send = here.rights.sends_to(device.id)
                if not may_send:
                    ask_for_key(here, device, bool(wrong))
                thing = Thing(here, device) if has_things and may_send else None
                commands = Commands(here, device, is_called=has_things, can_send=may_send)
                rules = Rules(here, device)
                over_the_air = OverTheAir(here, device.id, may_send)
                if may_send:
                    BoardLog(here, device)
                connection = _Connection(here, device)
            with box("section"), box(classes="card"):
                part("h2", here.words.packets)
                log = PacketLog(here.words, here.platform.packets(device.id))

    def show(events: list[Event]) -> None:
        if any(isinstance(event, DeviceChanged) for event in events):
            try:
                changed = here.platform.device(device.id)
            except UnknownDevice:
                updates.end()
                ui.navigate.to(f"/device/{device.id}")  # which says that it is not there
                return
            entitle(here, shown(changed.title, 80))
            head.show(changed)
            connection.show(changed)
            streams.look_again()
        if any(isinstance(event, ProductsChanged) for event in events):
            updates.end()
            ui.navigate.reload()  # with the controls of the new thing model
            return
        points = [named for event in events if isinstance(event, PointsStored) for named in event.points]
        if points:
            streams.append(points)
            if thing:
                thing.append(points)
        happened = [each for event in events if isinstance(event, EventsStored) for each in event.events]
        if happened and reported:
            reported.append(happened)
        if thing and any(isinstance(event, DesiredChanged) for event in events):
            thing.show_desired()
        changed_commands = [event.command for event in events if isinstance(event, CommandChanged)]
        if changed_commands:
            commands.show(changed_commands)
        for event in events:
            if isinstance(event, TriggerFired):
                rules.fired(event)
        if any(isinstance(event, TriggerLogged) for event in events):
            rules.show_log()
        if any(isinstance(event, UpdateTold) for event in events):
            over_the_air.show()
        packets = [event.packet for event in events if isinstance(event, PacketLogged)]
        if packets:
            log.append(packets)

    updates = Updates(here.platform, here.client, lambda event: _concerns(event, device), show)


def _model(here: Visit, device: Device) -> tuple[ThingModel | None, bool]:
    """Its thing model, where one is loaded; whether it is a device that has one, loaded or not."""
    if not device.is_studio:
        return None, False
    return model_of(here.platform, device), here.platform.studio.products.find(
        device.product_id
    ).protocol is Protocol.ONEJSON


def _concerns(event: Event, device: Device) -> bool:
    if isinstance(event, ProductsChanged):
        return device.is_studio and device.product_id in event.product_ids
    return device_of(event) == device.id


def device_of(event: Event) -> str:
    """Whose event it is; empty if it is nobody's."""
    if isinstance(event, CommandChanged):
        return event.command.device_id
    if isinstance(event, PacketLogged):
        return event.packet.device_id
    return "" if isinstance(event, ProductsChanged) else event.device_id


class _Head:
    """Title, state, and what can be done with the device."""

    def __init__(self, here: Visit, device: Device, leave: Callable[[], None]) -> None:
        self._words = here.words
        words, platform = here.words, here.platform
        link("/", words.back, "back")
        with box(classes="bar"):
            with box("h1"):
                self._title = part("bdi")
            self._state = part("span", classes="badge")
            self._state.props["role"] = "status"
            with box(classes="buttons"):
                if here.rights.sends_to(device.id):
                    button(words.config, lambda: show_config(here, platform.device(device.id)), "btn quiet")
                if here.rights.changes:
                    button(words.edit, lambda: edit_device(here, platform.device(device.id)), "btn quiet")
                    button(words.remove, lambda: remove_device(here, platform.device(device.id), leave), "btn quiet")
        self.show(device)

    def show(self, device: Device) -> None:
        self._title.text = shown(device.title, 80)
        self._state.text = self._words.online if device.online else self._words.offline
        self._state.classes(replace="badge online" if device.online else "badge")


class _Connection:
    """How the device is connected, and what with."""

    def __init__(self, here: Visit, device: Device) -> None:
        self._words = words = here.words
        with box("section", "card"):
            part("h2", words.connection)
            with box("dl"):
                part("dt", words.state)
                self._since = part("dd")
                part("dt", words.address)
                self._address = part("dd", classes="mono")
                part("dt", words.broker)
                part("dd", f"{here.host}:{here.platform.mqtt_port}", "mono")
                part("dt", words.device_name if device.is_studio else words.device_id)
                part("dd", device.name, "mono")
                part("dt", words.product_id)
                part("dd", device.product_id, "mono")
                if here.rights.sends_to(device.id):
                    secret_name = words.device_key if device.is_studio else words.auth_info
                    part("dt", secret_name)
                    with box("dd"):
                        secret(words, secret_name, lambda: shown(here.platform.device(device.id).auth_info, 512))
                part("dt", words.created)
                part("dd", shown_time(device.created))
            self._presence = Presence(words)
            with box("details"):
                part("summary", words.comings)
                self._comings = box("ol", "listed")
        statuses = here.platform.store.statuses(device.id, 0, 2**62, STATUSES_KEPT, 0)
        self._statuses = [(online, utc(at)) for online, at in reversed(statuses)]
        self.show(device)

    def show(self, device: Device) -> None:
        words = self._words
        if device.since and (not self._statuses or device.since - self._statuses[-1][1] > _SAME):
            self._statuses = [*self._statuses[1 - STATUSES_KEPT :], (device.online, device.since)]
        now = utc_now()
        self._presence.show(spans_online(self._statuses, device.online, now), now)
        self._comings.clear()
        with self._comings:
            for online, at in reversed(self._statuses[-_COMINGS:]):
                with box("li"):
                    part("time", shown_time(at), "soft")
                    part("span", words.online if online else words.offline)
            if not self._statuses:
                part("li", words.never_online.format(time=""), "nothing")
        since = "" if device.since is None else shown_time(device.since)
        sentence = words.online_since if device.online else words.last_seen if since else words.never_online
        self._since.text = sentence.format(time=since)
        self._address.text = device.address or words.none
