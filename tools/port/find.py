"""Which serial ports there are, and which of them is meant."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from ..language import _
from .errors import PortError

ESPRESSIF = 0x303A
"""USB vendor of the chips that need no converter between USB and serial."""
_CONVERTERS = {0x10C4: "CP210x", 0x1A86: "CH340", 0x0403: "FTDI", 0x067B: "PL2303", ESPRESSIF: "Espressif"}


@dataclass(frozen=True)
class Port:
    """A serial port at USB, with what its converter says of itself."""

    device: str
    description: str
    serial_number: str
    is_chip: bool
    """The chip is at USB itself, so this is what it says."""

    @property
    def mac(self) -> str:
        """The chip's MAC address, which it has for a serial number where it is at USB itself; or empty."""
        number = self.serial_number.replace(":", "").lower()
        if not self.is_chip or len(number) != 12:
            return ""
        return ":".join(number[at : at + 2] for at in range(0, 12, 2))


def usb_ports() -> list[Port]:
    """All serial ports at USB, by name. Others, as a PC's own, have no board."""
    return [
        Port(
            found.device,
            _describe(found.product, found.vid),
            found.serial_number or "",
            found.vid == ESPRESSIF,
        )
        for found in sorted(list_ports.comports())  # type: ignore[attr-defined, no-untyped-call, unused-ignore]
        if found.vid is not None
    ]


def _describe(product: str | None, vendor: int) -> str:
    maker = _CONVERTERS.get(vendor, _("USB vendor {vendor:04X}").format(vendor=vendor))
    return product if product and maker[:4].lower() in product.lower() else f"{maker} {product or ''}".strip()


def the_port(asked: str | None, command: str) -> str:
    """The port asked for, else the only one there is. Raises PortError, where `command` is what the user ran."""
    if asked:
        return asked
    ports = usb_ports()
    if not ports:
        raise PortError(nothing_there())
    if len(ports) > 1:
        names = ", ".join(f"{port.device} ({port.description})" for port in ports)
        every = _(" or, for all, --all") if command in ("flash", "deploy") else ""
        raise PortError(
            _("{count} boards are there: {names}; say which: onenet {command} --port NAME{every}").format(
                count=len(ports), names=names, command=command, every=every
            )
        )
    return ports[0].device


def all_ports() -> list[str]:
    """The ports of all boards. Raises PortError if there is none."""
    ports = [port.device for port in usb_ports()]
    if not ports:
        raise PortError(nothing_there())
    return ports


def chosen_ports(asked: Sequence[str], every: bool, command: str) -> list[str]:
    """The ports asked for, else all with `every`, else the only one there is. Raises PortError."""
    if asked and every:
        raise PortError(_("give either --port or --all"))
    return list(asked) or (all_ports() if every else [the_port(None, command)])


def nothing_there() -> str:
    """What to say if there is no board."""
    driver = {
        "win32": _("its driver (CP210x or CH340, see Device Manager)"),
        "darwin": _("its driver (CP210x or CH340, from the maker of the converter)"),
    }.get(sys.platform, _("whether `dmesg` shows it when you plug it in"))
    return _(
        "no board is there; check that the cable is plugged in and carries data, not only power, and {driver}"
    ).format(driver=driver)
