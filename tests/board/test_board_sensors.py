"""A user's own program on the virtual board: sensors at pins and buses, their drivers, and how they fail."""

import subprocess
import sys

import pytest
from onenet_tools.board import BoardError, VirtualBoard
from onenet_tools.board.sensors import Ssd1306

CHIPS = ("esp32", "esp32c3", "esp8266")

DHT = """
import dht
from machine import Pin
inside, cellar = dht.DHT22(Pin(4)), dht.DHT11(Pin(5))
while True:
    input()
    for sensor in (inside, cellar):
        try:
            sensor.measure()
            print("measured", sensor.temperature(), sensor.humidity())
        except Exception as error:
            print("measured", type(error).__name__, error)
    print("done")
"""


def told(board: VirtualBoard, since: int) -> list[str]:
    board.send(b"\n")
    board.wait_for("^done$", 20, since)
    return [line.partition(" ")[2] for line in board.log[since:].splitlines() if line.startswith("measured")]


@pytest.mark.parametrize(("chip", "timeout"), [("esp32", 116), ("esp8266", 110)])
def test_dht_measures_and_fails_as_dht_c_and_dht_py_have_it(chip: str, timeout: int) -> None:
    with VirtualBoard(files={"main.py": DHT}, chip=chip) as board:
        board.sensors["dht:4"].set(-21.5, 60)
        board.sensors["dht11:5"].set(8.2, 71)
        assert told(board, 0) == ["-21.5 60.0", "8 71"]
        board.sensors["dht:4"].fail("checksum")
        board.sensors["dht11:5"].gone = True
        cellar = told(board, len(board.log))
        assert cellar[0] == "Exception checksum error"
        assert cellar[1].startswith("OSError") and str(timeout) in cellar[1]
        board.sensors["dht:4"].fail("timeout")
        board.sensors["dht11:5"].set(9)
        inside = told(board, len(board.log))
        assert inside[0].startswith("OSError") and inside[1] == "9 50"


DS18B20 = """
import onewire, ds18x20, time
from machine import Pin
wire = ds18x20.DS18X20(onewire.OneWire(Pin(5)))
print("codes", [rom.hex() for rom in wire.scan()])
known = wire.scan()
while True:
    input()
    try:
        wire.convert_temp()
        if %d:
            time.sleep_ms(760)
        print("measured", [wire.read_temp(rom) for rom in known])
    except Exception as error:
        print("measured", type(error).__name__, error)
    print("done")
"""


def test_ds18b20_one_after_the_other_on_a_wire() -> None:
    board = VirtualBoard(files={"main.py": DS18B20 % 1})
    board.sensors["ds18b20:5"].set(19.25, -3.5, 85)  # before the search, which comes at once
    with board:
        assert told(board, 0) == ["[85.0, 19.25, -3.5]"]  # the search finds ones first, bit by bit: 3, 1, 2
        codes = board.log.split("codes ")[1].splitlines()[0]
        assert codes.count("28") == 3
        board.sensors["ds18b20:5"].fail("checksum")
        assert told(board, len(board.log)) == ["Exception CRC error"]
        board.sensors["ds18b20:5"].gone = True
        assert told(board, len(board.log)) == ["OneWireError "]


def test_ds18b20_tells_85_degrees_until_its_first_conversion_is_over() -> None:
    board = VirtualBoard(files={"main.py": DS18B20 % 0})
    board.sensors["ds18b20:5"].set(19.25)
    with board:
        assert told(board, 0) == ["[85.0]"]


def test_a_file_of_the_users_goes_before_the_driver_in_the_firmware() -> None:
    main = "import dht, onewire\nprint(dht.DHT22, onewire.__name__)\nprint('done')"
    with VirtualBoard(files={"main.py": main, "dht.py": "DHT22 = 'mine'"}) as board:
        board.wait_for("^mine ")


def test_i2c_devices_answer_and_fail_with_the_ports_numbers() -> None:
    main = """
from machine import I2C, Pin, SoftI2C
for bus in (I2C(0), SoftI2C(scl=Pin(22), sda=Pin(21))):
    print(bus)
    print("scan", bus.scan())
    two = bus.readfrom_mem(0x76, 0xD0, 2)
    print("register", two, bus.writeto(0x76, b"\\xd1\\x07"), bus.readfrom_mem(0x76, 0xD1, 1))
    bus.writeto(0x44, b"\\x24\\x00")
    print("sht30", bus.readfrom(0x44, 6).hex())
for wrong in (lambda: bus.readfrom(0x10, 1), lambda: I2C(2), lambda: bus.readfrom_mem(0x76, 0, 1, addrsize=3)):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
print("done")
"""
    board = VirtualBoard(files={"main.py": main})
    board.sensors.put("i2c:0x76=d0:60,d1:01")
    board.sensors.put("sht30:0x44=0,50")
    with board:
        board.wait_for("^done$")
        assert "I2C(0, scl=18, sda=19, freq=400000, timeout=50000)\nscan [68, 118]\n" in board.log
        assert board.log.count("scan [68, 118]") == 2
        assert board.log.count("register b'`\\x01' 2 b'\\x07'") == 1
        words = board.log.split("sht30 ")[1].split()[0]
        assert words[:4] == f"{round(45 / 175 * 65535):04x}" and words[6:10] == "8000"
        assert "[Errno 19] ENODEV\nValueError I2C(2) doesn't exist\nValueError invalid addrsize\n" in board.log


def test_the_esp8266_has_no_i2c_in_hardware() -> None:
    main = "from machine import I2C, Pin\nprint(I2C(scl=Pin(5), sda=Pin(4)))\nI2C(0)"
    with VirtualBoard(files={"main.py": main}, chip="esp8266") as board:
        board.wait_for(r"^SoftI2C\(scl=5, sda=4, freq=400000\)")
        board.wait_for("^TypeError")


def test_analogue_inputs_are_those_of_the_chip() -> None:
    main = """
from machine import ADC, Pin
for where in (0, 2, 5, 34):
    try:
        adc = ADC(where)
        print(adc, adc.read(), adc.read_u16())
    except Exception as error:
        print(type(error).__name__, error)
print("done")
"""
    expected = {
        "esp32": ["ADC(Pin(0), atten=3) 0 0", "ADC(Pin(2), atten=3) 620 9922", "ValueError invalid pin",
                  "ADC(Pin(34), atten=3) 0 0"],
        "esp32c3": ["ADC(Pin(0), atten=3) 0 0", "ADC(Pin(2), atten=3) 620 9922", "ADC(Pin(5), atten=3) 0 0",
                    "ValueError invalid pin"],
        "esp8266": ["ADC(0) 512 32767", "ValueError ADC(2) doesn't exist", "ValueError ADC(5) doesn't exist",
                    "ValueError ADC(34) doesn't exist"],
    }  # fmt: skip
    for chip in CHIPS:
        board = VirtualBoard(files={"main.py": main}, chip=chip)
        board.sensors.put("adc:0=0.5" if chip == "esp8266" else "adc:2=0.5")
        with board:
            board.wait_for("^done$")
            assert board.log.splitlines()[:4] == expected[chip]


def test_pwm_and_neopixels_are_seen_outside() -> None:
    main = """
from machine import PWM, Pin
from neopixel import NeoPixel
a, b = PWM(Pin(4), freq=2000), PWM(Pin(5), duty=%d)
a.duty_u16(32768)
lamps = NeoPixel(Pin(13), 2)
lamps[1] = 1, 2, 3
lamps.write()
print(a.freq(), b.freq(), a.duty(), b.duty())
for wrong in (lambda: a.duty(1024), lambda: PWM(Pin(16)), lambda: (a.deinit(), a.duty())):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
print("done")
"""
    with VirtualBoard(files={"main.py": main % 100}) as board:
        board.wait_for("^done$")
        assert board.log.startswith(
            "2000 5000 512 100\nValueError duty must be from 0 to 1023\nRuntimeError PWM is ina"
        )
        assert board.outputs["neopixel:13"] == bytes((0, 0, 0, 2, 1, 3))
        assert board.outputs["pwm:5"] == (5000, 6400)
    with VirtualBoard(files={"main.py": main % 100}, chip="esp8266") as board:  # one frequency for all, 1 kHz at most
        board.wait_for("^done$")
        assert board.log.startswith("1000 1000 512 100\nValueError PWM not supported on pin 16\n")


def test_uart_and_spi_lead_to_the_test() -> None:
    main = """
from machine import SPI, UART
line = UART(1 + %d, 9600, timeout=5000)
print("got", line.readline())
line.write(b"pong\\n")
print("got", SPI(1).read(3))
try:
    SPI(0)
except ValueError as error:
    print("refused", error)
print("done")
"""
    board = VirtualBoard(files={"main.py": main % 1})
    board.sensors.put("spi:1=ab")
    board.sensors["uart:2"].set(b"ping\n")
    with board:
        board.wait_for("^done$")
        assert board.log.startswith("got b'ping\\n'\ngot b'ab\\xff'\nrefused SPI(0) doesn't exist\n")
        assert board.sensors["uart:2"].written == b"pong\n"
    with VirtualBoard(files={"main.py": main % 0}, chip="esp8266") as board:
        board.wait_for(r"^OSError: UART\(1\) can't read")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("dht:4", "KIND:WHERE=VALUE"),
        ("dht:4=warm", "TEMPERATURE,HUMIDITY"),
        ("dht:4=1,2,3", "takes 2 values"),
        ("dht=1", "KIND:WHERE"),
        ("geiger:4=1", "no sensor 'geiger'"),
        ("i2c:0x99=d0:60", "0x08 to 0x77"),
        ("i2c:0x76=d0", "REGISTER:BYTES"),
        ("pin:99=1", "no pin 99"),
    ],
)
def test_a_sensor_that_cannot_be_is_refused_in_words(words: str, complaint: str) -> None:
    board = VirtualBoard()
    try:
        with pytest.raises(BoardError, match=complaint):
            board.sensors.put(words)
    finally:
        board.close()


def test_the_command_line_sets_sensors_and_lines_of_stdin_change_them(tmp_path) -> None:
    (tmp_path / "main.py").write_text(
        "import dht, machine, time\n"
        "d = dht.DHT22(machine.Pin(4))\n"
        "while True:\n"
        "    try:\n"
        "        d.measure(); print('measured', d.temperature(), d.humidity())\n"
        "    except OSError: print('nobody')\n"
    )
    command = [sys.executable, "-m", "onenet_tools.board", str(tmp_path), "--sensor", "dht:4=21.5,60"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        try:
            for line, reply in (
                (None, "measured 21.5 60.0\n"),
                ("dht:4=-3.25,99", "measured -3.2 99.0\n"),
                ("dht:4=gone", "nobody\n"),
                ("nonsense\ndht:4=5", "measured 5.0 50.0\n"),
            ):
                if line:
                    process.stdin.write(line + "\n")
                while process.stdout.readline() != reply:
                    pass
        finally:
            process.terminate()
        process.stdout.read()
        assert "'nonsense' is not KIND:WHERE=VALUE" in process.stderr.read()


def test_ssd1306_shows_nothing_before_its_data_sheet_lets_it() -> None:
    display = Ssd1306()
    pixels = bytes([0x40]) + b"\x01" * 1024
    display.transfer(pixels, None)
    assert not display.lit(0, 0), "neither on, nor with a charge pump"
    display.transfer(b"\0\xaf", None)
    assert not display.lit(0, 0)
    display.transfer(b"\0\x8d\x14", None)
    assert display.lit(0, 0) and display.lit(127, 0) and not display.lit(0, 1)
    assert not display.lit(0, 8), "after a reset it goes on in the same page"
    display.transfer(b"\0\x20\0\x21\x7e\x7f\x22\x06\x07", None)  # two columns of two pages, row by row
    display.transfer(b"\x40\x80\x80\x80\x80\x00", None)
    assert [display.lit(x, y) for x, y in ((126, 55), (127, 55), (126, 63), (127, 63))] == [False, True, True, True]
    display.transfer(b"\0\xae", None)
    assert not display.lit(127, 55)
    display.gone = True
    with pytest.raises(OSError):
        display.transfer(b"\0\xaf", None)
