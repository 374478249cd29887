"""Sensors at the board's pins and buses, which a test or the command line sets and makes fail.

`board.sensors["dht:4"].set(21.5, 60)` is a DHT22 at pin 4. What each kind takes is in KINDS. A name that has not been
there yet makes the sensor.
"""

import errno
from collections.abc import Callable

from ..language import _
from .errors import BoardError
from .onewire import Ds18b20
from .sensor import Sensor, crc8

I2C = ("i2c", "sht30", "sht31", "aht20", "ssd1306")  # the kinds on that bus
_ADDRESSES = range(0x08, 0x78)
_SSD1306_ARGUMENTS = {
    **dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1),
    **dict.fromkeys((0x21, 0x22, 0xA3), 2),
    **dict.fromkeys((0x29, 0x2A), 5),
    **dict.fromkeys((0x26, 0x27), 6),
}
"""How many bytes follow a command, of those in chapter 9 of its data sheet that have any."""


class Dht(Sensor):
    """DHT22, or DHT11, which tells whole numbers: set(degrees Celsius, per cent of humidity)."""

    arguments = 2

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self._whole = whole
        self._temperature, self._humidity = 20.0, 50.0

    def set(self, temperature: float, humidity: float = 50) -> None:
        super().set()
        self._temperature, self._humidity = temperature, humidity

    def frame(self) -> bytes | None:
        """The 40 bits of an answer, as the data sheets have them; None if there is none."""
        if not self._answers():
            return None
        if self._whole:
            data = bytes([round(self._humidity), 0, max(0, round(self._temperature)), 0])
        else:
            size = round(abs(self._temperature) * 10) | (0x8000 if self._temperature < 0 else 0)
            data = round(self._humidity * 10).to_bytes(2, "big") + size.to_bytes(2, "big")
        check = sum(data) & 0xFF
        return data + bytes([check ^ (self.failure == "checksum")])


class Voltage(Sensor):
    """At an analogue input: set(volts)."""

    def __init__(self, set_level: Callable[[float], None]) -> None:
        super().__init__()
        self._set_level = set_level

    def set(self, volts: float) -> None:
        super().set()
        self._set_level(volts)


class Level(Sensor):
    """A button or contact at a pin: set(0) or set(1)."""

    def __init__(self, set_level: Callable[[int], None]) -> None:
        super().__init__()
        self._set_level = set_level

    def set(self, level: float) -> None:
        super().set()
        self._set_level(1 if level else 0)


class I2cDevice(Sensor):
    """What all have in common that answer at an address."""

    def transfer(self, written: bytes, count: int | None) -> bytes | int:
        """What is read, or without `count` how many bytes were acknowledged. Raises OSError."""
        if self.gone:
            raise OSError(errno.ENODEV, _("nobody acknowledges"))
        if self.failure == "timeout":
            raise OSError(errno.ETIMEDOUT, _("the clock is held"))
        if written:
            self._written(written)
        return len(written) if count is None else self._read(count)

    def _written(self, data: bytes) -> None:
        pass

    def _read(self, count: int) -> bytes:
        raise NotImplementedError


class Registers(I2cDevice):
    """Registers of a byte each: `registers` may be changed at any time; what has not been set reads 0.

    A write sets the pointer and then registers from there on, a read goes on from the pointer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.registers: dict[int, int] = {}
        self._pointer = 0

    def set(self, registers: dict[int, bytes]) -> None:
        super().set()
        for first, data in registers.items():
            self.registers.update(enumerate(data, first))

    def _put_values(self, text: str) -> None:
        parts = [part.split(":") for part in text.split(",")]
        self.set({int(first, 16): bytes.fromhex(data) for first, data in parts})

    def _written(self, data: bytes) -> None:
        self._pointer = data[0]
        self.registers.update(enumerate(data[1:], self._pointer))

    def _read(self, count: int) -> bytes:
        data = bytes(self.registers.get(self._pointer + n, 0) & 0xFF for n in range(count))
        self._pointer += count
        return data


class _Humidity(I2cDevice):
    """Common to those that answer with a whole measurement: set(degrees Celsius, per cent of humidity)."""

    arguments = 2
    temperature, humidity = 20.0, 50.0

    def set(self, temperature: float, humidity: float = 50) -> None:
        super().set()
        self.temperature, self.humidity = temperature, humidity

    def _crc(self, data: bytes) -> bytes:
        return bytes([crc8(data, 0x31, 0xFF) ^ (self.failure == "checksum")])


class Sht30(_Humidity):
    """Any command begins a measurement; a read gives it, each of its two words with a check byte."""

    def _read(self, count: int) -> bytes:
        words = round((self.temperature + 45) / 175 * 65535), round(self.humidity / 100 * 65535)
        parts = [min(max(word, 0), 65535).to_bytes(2, "big") for word in words]
        return b"".join(part + self._crc(part) for part in parts)[:count].ljust(count, b"\xff")


class Aht20(_Humidity):
    """A read gives status, 20 bits of humidity, 20 bits of temperature, and a check byte."""

    def _read(self, count: int) -> bytes:
        humidity = min(round(self.humidity / 100 * 2**20), 2**20 - 1)
        temperature = min(max(round((self.temperature + 50) / 200 * 2**20), 0), 2**20 - 1)
        data = b"\x18" + (humidity << 20 | temperature).to_bytes(5, "big")
        return (data + self._crc(data))[:count].ljust(count, b"\xff")


class Ssd1306(I2cDevice):
    """A display of 128 by 64 pixels, by SSD1306's data sheet, revision 1.1: a transfer's first byte says whether
    commands follow or pixels (8.1.5.2), the pixels go where the commands say in the addressing mode that they chose,
    which after a reset is that of pages (10.1.3), and nothing is seen before the display is on (AEh) and its charge
    pump (8Dh 14h, application note)."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = bytearray(8 * 128)
        self._on = self._pump = False
        self._mode, self._columns, self._pages = 2, (0, 127), (0, 7)
        self._column = self._page = 0

    def lit(self, x: int, y: int) -> bool:
        """Whether somebody sees this pixel shine; 0, 0 is where the memory begins."""
        return self._on and self._pump and not self.gone and bool(self.memory[y // 8 * 128 + x] >> y % 8 & 1)

    def _read(self, count: int) -> bytes:
        return bytes([0 if self._on else 0x40]) * count

    def _written(self, data: bytes) -> None:
        if data[0] == 0x40:
            for byte in data[1:]:
                self._store(byte)
        elif data[0] == 0x00:
            commands = iter(data[1:])
            for command in commands:
                count = _SSD1306_ARGUMENTS.get(command, 0)
                self._obey(command, [next(commands, 0) for _ in range(count)])

    def _obey(self, command: int, arguments: list[int]) -> None:
        match command, *arguments:
            case 0xAE | 0xAF, *_:
                self._on = command == 0xAF
            case 0x8D, how:
                self._pump = how == 0x14
            case 0x20, mode:
                self._mode = mode & 3
            case 0x21, first, last:
                self._columns, self._column = (first & 127, last & 127), first & 127
            case 0x22, first, last:
                self._pages, self._page = (first & 7, last & 7), first & 7
            case command, *_ if command < 0x10 and self._mode == 2:
                self._column = self._column & 0x70 | command
            case command, *_ if command < 0x18 and self._mode == 2:
                self._column = self._column & 0x0F | (command & 7) << 4
            case command, *_ if 0xB0 <= command <= 0xB7 and self._mode == 2:
                self._page = command & 7

    def _store(self, byte: int) -> None:
        self.memory[self._page * 128 + self._column] = byte
        if self._mode == 2:
            self._column = (self._column + 1) % 128
        elif self._mode == 0 and self._column == self._columns[1]:
            self._column = self._columns[0]
            self._page = self._pages[0] if self._page == self._pages[1] else (self._page + 1) % 8
        elif self._mode == 1 and self._page == self._pages[1]:
            self._page = self._pages[0]
            self._column = self._columns[0] if self._column == self._columns[1] else (self._column + 1) % 128
        elif self._mode == 1:
            self._page = (self._page + 1) % 8
        else:
            self._column = (self._column + 1) % 128


class Line(Sensor):
    """The other end of a UART or an SPI: set() what it sends; `written` is what the board has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.waiting = bytearray()

    def set(self, data: bytes) -> None:
        """Send `data` after what still waits."""
        super().set()
        self.waiting += data

    def _put_values(self, text: str) -> None:
        self.set(text.encode().decode("unicode_escape").encode("latin-1"))

    def take(self, count: int) -> bytes:
        """The next bytes, at most `count` of them; all with -1."""
        count = len(self.waiting) if count < 0 else count
        data = bytes(self.waiting[:count]) if self._answers() else b""
        del self.waiting[: len(data)]
        return data


KINDS = {
    "dht": "dht:PIN=TEMPERATURE,HUMIDITY, a DHT22; dht11:PIN for the other",
    "ds18b20": "ds18b20:PIN=TEMPERATURE, of several at one wire with commas",
    "adc": "adc:PIN=VOLTS",
    "pin": "pin:PIN=0 or 1, a button or contact",
    "sht30": "sht30:ADDRESS=TEMPERATURE,HUMIDITY at I2C, as is aht20",
    "i2c": "i2c:ADDRESS=REGISTER:BYTES,…, all in hex: i2c:0x76=d0:60,f7:800000",
    "uart": "uart:LINE=TEXT that comes in there, once",
    "spi": "spi:BUS=TEXT that is read next",
}
"""What can be said at the command line."""


class Sensors(dict[str, Sensor]):
    """By name, "dht:4". An unknown kind or a wrong place raises BoardError."""

    def __init__(self, set_volts: Callable[[int, float], None], set_pin: Callable[[int, int], None]) -> None:
        super().__init__()
        self._set_volts = set_volts
        self._set_pin = set_pin

    def __missing__(self, name: str) -> Sensor:
        sensor = self[name] = self._make(name)
        return sensor

    def put(self, text: str) -> None:
        """Set one, as the command line has it: "dht:4=21.5,60", or "dht:4=timeout", "=checksum", "=gone"."""
        text = text.strip()
        name, equals, value = text.partition("=")
        if not equals:
            raise BoardError(_("{text!r} is not KIND:WHERE=VALUE, such as dht:4=21.5,60").format(text=text))
        try:
            self[name].put(value)
        except (ValueError, TypeError, IndexError) as error:
            kind = name.partition(":")[0]
            raise BoardError(
                _("{text!r}: {error}; right is {kinds}, or timeout, checksum, gone").format(
                    text=text, error=error, kinds=KINDS.get(kind, kind)
                )
            ) from None

    def at(self, number: int, *kinds: str) -> Sensor | None:
        """The sensor of one of these kinds at a pin or address."""
        for name, sensor in self.items():
            kind, _colon, where = name.partition(":")
            if kind in kinds and int(where, 0) == number:
                return sensor
        return None

    def _make(self, name: str) -> Sensor:
        kind, _colon, where = name.partition(":")
        try:
            number = int(where, 0)
        except ValueError:
            raise BoardError(_("{name!r} is not KIND:WHERE, such as dht:4").format(name=name)) from None
        makers: dict[str, Callable[[], Sensor]] = {
            "dht": Dht,
            "dht22": Dht,
            "dht11": lambda: Dht(whole=True),
            "ds18b20": Ds18b20,
            "adc": lambda: Voltage(lambda volts: self._set_volts(number, volts)),
            "pin": lambda: Level(lambda level: self._set_pin(number, level)),
            "i2c": Registers,
            "sht30": Sht30,
            "sht31": Sht30,
            "aht20": Aht20,
            "ssd1306": Ssd1306,
            "uart": Line,
            "spi": Line,
        }
        if kind not in makers:
            raise BoardError(
                _("there is no sensor {kind!r}; there are {makers}").format(kind=kind, makers=", ".join(makers))
            )
        if kind in I2C and number not in _ADDRESSES:
            raise BoardError(_("{name}: an I2C address is 0x08 to 0x77").format(name=name))
        return makers[kind]()
