"""A device of the console on this computer or in its network, for `onenet config --local`: what its board has to know.

Of a console on this computer everything is known; of one in the network, what it tells everybody, which is host and
product id. The device's own secret is asked for then, as without a console.
"""

import contextlib
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ..language import _
from .addresses import lan_addresses
from .model import Device
from .platform import Platform
from .registry import is_id
from .whereabouts import consoles

_PORT = 6002  # for boards, as `onenet console` has it by default
_PATIENCE = 2.0  # seconds for the console to take a connection


class NoLocalDevice(Exception):
    """There is none to be had; says what to do."""


@dataclass(frozen=True)
class LocalDevice:
    """product_id, and device_id, may be empty: not known. secret: by the name of the environment variable that `onenet
    config` takes it from; None if it is not known."""

    host: str
    device_id: str
    product_id: str
    secret: tuple[str, str] | None
    settings: list[str] = field(default_factory=list)


def local_device(wanted: str, data: Path | None = None, port: int = _PORT) -> LocalDevice:
    """The device of this id, or of this name on the current platform; without either the only one there is. Where no
    console answers at this computer's address in the network, that of one that does elsewhere in it.

    Raises NoLocalDevice and StoreError.
    """
    from .store import default_file

    file = data or default_file()
    host = (lan_addresses() or ["127.0.0.1"])[0]
    if file.exists() and _answers(host, port):
        return _of_file(file, wanted, f"{host}:{port}")
    found = consoles(port)
    if not found:
        raise NoLocalDevice(
            _("no console answers at {host}, nor elsewhere in the network: start one with onenet console --lan").format(
                host=f"{host}:{port}"
            )
        )
    if len(found) > 1:
        shown = ", ".join(f"{address}:{said.port} ({said.name})" for address, said in found.items())
        raise NoLocalDevice(_("which console? Give --host with one of: {shown}").format(shown=shown))
    [(address, said)] = found.items()
    where = f"{address}:{said.port}"
    print(_("a console is at {where}, on the computer {name}").format(where=where, name=said.name), file=sys.stderr)
    is_old = not wanted or is_id(wanted)
    return LocalDevice(where, wanted, said.product_id if is_old else "", None)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError:
        return False
    return True


def _of_file(file: Path, wanted: str, host: str) -> LocalDevice:
    from .store import Store

    store = Store(file)
    with contextlib.closing(store):
        platform = Platform(store)
        device = _chosen(platform.devices(), wanted)
        protocol = platform.studio.products.find(device.product_id).protocol.platform if device.is_studio else "legacy"
    name = "ONENET_DEVICE_KEY" if device.is_studio else "ONENET_AUTH_INFO"
    settings = ["platform=dp"] if protocol == "dp" else []
    return LocalDevice(host, device.name, device.product_id, (name, device.auth_info), settings)


def _chosen(devices: list[Device], wanted: str) -> Device:
    found = [device for device in devices if not wanted or wanted in (device.id, device.name)]
    if len(found) == 1:
        return found[0]
    if not devices:
        raise NoLocalDevice(_("the console has no device: onenet device add TITLE"))
    if not found:
        raise NoLocalDevice(_("the console has no device {wanted}: see onenet device list").format(wanted=wanted))
    shown = ", ".join(f"{device.id} ({device.title})" for device in found[:5]) + (", …" if len(found) > 5 else "")
    raise NoLocalDevice(_("which one? Give --device-id with one of: {shown}").format(shown=shown))
