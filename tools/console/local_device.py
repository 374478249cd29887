"""A device of the console on this computer, for `onenet config --local`: what its board has to know."""

import contextlib
import socket
from dataclasses import dataclass, field
from pathlib import Path

from .addresses import lan_addresses
from .model import Device
from .platform import Platform

_PORT = 6002  # for boards, as `onenet console` has it by default
_PATIENCE = 2.0  # seconds for the console to take a connection


class NoLocalDevice(Exception):
    """There is none to be had; says what to do."""


@dataclass(frozen=True)
class LocalDevice:
    """secret: by the name of the environment variable that `onenet config` takes it from."""

    host: str
    device_id: str
    product_id: str
    secret: tuple[str, str]
    settings: list[str] = field(default_factory=list)


def local_device(wanted: str, data: Path | None = None, port: int = _PORT) -> LocalDevice:
    """The device of this id, or of this name on the current platform; without either the only one there is.

    Raises NoLocalDevice, also where no console answers at this computer's address in the network; StoreError.
    """
    from .store import Store, default_file

    file = data or default_file()
    if not file.exists():
        raise NoLocalDevice("there is no console on this computer: start one with onenet console --lan")
    store = Store(file)
    with contextlib.closing(store):
        platform = Platform(store)
        device = _chosen(platform.devices(), wanted)
        protocol = platform.studio.products.find(device.product_id).protocol.platform if device.is_studio else "legacy"
    host = (lan_addresses() or ["127.0.0.1"])[0]
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError:
        raise NoLocalDevice(f"no console answers at {host}:{port}: start one with onenet console --lan") from None
    name = "ONENET_DEVICE_KEY" if device.is_studio else "ONENET_AUTH_INFO"
    settings = ["platform=dp"] if protocol == "dp" else []
    return LocalDevice(f"{host}:{port}", device.name, device.product_id, (name, device.auth_info), settings)


def _chosen(devices: list[Device], wanted: str) -> Device:
    found = [device for device in devices if not wanted or wanted in (device.id, device.name)]
    if len(found) == 1:
        return found[0]
    if not devices:
        raise NoLocalDevice("the console has no device: onenet device add TITLE")
    if not found:
        raise NoLocalDevice(f"the console has no device {wanted}: see onenet device list")
    shown = ", ".join(f"{device.id} ({device.title})" for device in found[:5]) + (", …" if len(found) > 5 else "")
    raise NoLocalDevice(f"which one? Give --device-id with one of: {shown}")
