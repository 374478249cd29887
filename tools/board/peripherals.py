"""The host side of the parts of `machine` that reach beyond the chip: timers, pins, buses, lamps."""

import errno
from typing import Any, cast

from .chips import Chip
from .errors import Raised
from .interrupts import Interrupts
from .onewire import Ds18b20
from .sensors import I2C, Dht, I2cDevice, Line, Sensors
from .state import Analog, Pins

_ETIMEDOUT = {"esp8266": 110}  # MICROPY_USE_INTERNAL_ERRNO there; newlib's elsewhere
_ETIMEDOUT_NEWLIB = 116
_FULL_SCALE = {"esp8266": 1.0}  # volts of an analogue input
_FULL_SCALE_11DB = 3.3


class Peripherals:
    """Answers the shims' questions about them. Lives in the event loop, but for `sensors` and `outputs`."""

    def __init__(self, chip: Chip, pins: Pins, adc: Analog) -> None:
        full_scale = _FULL_SCALE.get(chip.name, _FULL_SCALE_11DB)

        def set_volts(pin: int, volts: float) -> None:
            adc[pin] = round(min(max(volts / full_scale, 0), 1) * 65535)

        self.sensors = Sensors(set_volts, pins.__setitem__)
        self.outputs: dict[str, Any] = {}
        self.interrupts = Interrupts()
        self._chip = chip

    async def answer(self, request: dict[str, Any]) -> Any:
        """Raises OSError with the port's number, Raised for a question that nobody knows."""
        try:
            return await self._answer(request)
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                raise OSError(_ETIMEDOUT.get(self._chip.name, _ETIMEDOUT_NEWLIB), "timeout") from error
            raise

    async def _answer(self, request: dict[str, Any]) -> Any:
        match request["ask"]:
            case "nothing":  # a line for whom waits for one
                pass
            case "interrupts":
                return await self.interrupts.address()
            case "timer":
                self.interrupts.set_timer(request["number"], request["us"], request["repeat"])
            case "pin_irq":
                self.interrupts.set_trigger(request["pin"], request["trigger"])
            case "output":
                self._show(request["name"], request["value"])
            case "dht":
                return self._dht(request["pin"])
            case "onewire":
                wire = cast(Ds18b20 | None, self.sensors.at(request["pin"], "ds18b20"))
                if wire:
                    return wire.do(request["what"], request["value"])
                return (1 << request["value"]) - 1 if request["what"] == "read" else 0
            case "i2c":
                return self._i2c(request["address"], bytes(request["written"]), request["count"])
            case "spi":
                bus = self._line("spi", request["bus"])
                bus.written += bytes(request["written"])
                count = len(request["written"])
                return list(bus.take(count).ljust(count, b"\xff"))
            case "uart_any":
                return len(self._line("uart", request["line"]).waiting)
            case "uart_read":
                return list(self._line("uart", request["line"]).take(request["count"]))
            case "uart_write":
                self._line("uart", request["line"]).written += bytes(request["written"])
            case unknown:
                raise Raised("RuntimeError", f"the board knows no {unknown}")
        return None

    def _show(self, name: str, value: Any) -> None:
        if value is None:
            self.outputs.pop(name, None)
        else:
            self.outputs[name] = bytes(value) if name.startswith("neopixel") else tuple(value)

    def _dht(self, pin: int) -> list[int]:
        sensor = cast(Dht | None, self.sensors.at(pin, "dht", "dht22", "dht11"))
        frame = sensor.frame() if sensor else None
        if frame is None:
            raise OSError(errno.ETIMEDOUT, "no answer")
        return list(frame)

    def _i2c(self, address: int, written: bytes, count: int | None) -> Any:
        device = cast(I2cDevice | None, self.sensors.at(address, *I2C))
        if device is None:
            raise OSError(errno.ENODEV, "nobody acknowledges")
        answer = device.transfer(written, count)
        return list(answer) if isinstance(answer, bytes) else answer

    def _line(self, kind: str, number: int) -> Line:
        return cast(Line, self.sensors[f"{kind}:{number}"])
