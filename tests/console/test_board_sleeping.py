"""Boards in deep sleep with the console in OneNET's place: what waits for them there is obeyed at the next wake."""

import json
from typing import Any

from console_client import until
from current_board import LEVEL, PASSWORD, PATIENCE, SSID, started, values
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import CommandStatus, Device
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.program import XTENSA
from onenet_tools.port.romfs import installed

PROGRAM = (
    """
from firmware import Device

device = Device("config.json")

@device.stream("t", every=60)
def t():
    return 21.5
"""
    + LEVEL
    + """
@device.command
def obey(payload):
    print("obeyed", payload)
    return payload

device.run()
"""
)


def test_a_desired_value_is_obeyed_at_the_next_wake(console: RunningConsole, board: Device, chip: str) -> None:
    things = console.platform.studio.things
    with started(console, board, chip, PROGRAM, sleep=600) as it:
        it.wake_wire = True
        it.wait_until_asleep(PATIENCE)
        until(lambda: values(console, board, "t"))
        until(lambda: not console.call(console.platform.device, board.id).online)  # the connection was closed
        console.call(things.set_desired, board, {"level": 7})
        since = len(it.log)
        it.wake_up()
        it.wait_for("command: desired value of level obeyed", PATIENCE, since)
        it.wait_until_asleep(PATIENCE)
        assert values(console, board, "level") == [7] and not console.call(things.desired, board)
        assert "sleep: woken by timer" in it.log[since:] and "MemoryError" not in it.log
        assert max(it.awake[1:]) < 30000


def test_a_command_that_waited_is_obeyed_at_the_next_wake(console: RunningConsole, device: Device, chip: str) -> None:
    with older(console, device, chip, sleep={"seconds": 3600, "awake": 20}) as it:
        it.wake_wire = True
        it.wait_until_asleep(PATIENCE)
        until(lambda: not console.call(console.platform.device, device.id).online)
        sent = console.call(console.platform.send_command, device.id, b"on", 7200)
        assert sent.status == CommandStatus.CREATED
        it.wake_up()
        it.wait_until_asleep(PATIENCE)
        assert "obeyed b'on'" in it.log
        answered = console.call(console.platform.command, sent.uuid)
        assert (answered.status, answered.reply) == (CommandStatus.REPLIED, b"on")


def test_a_program_with_a_rhythm_of_its_own(console: RunningConsole, device: Device, chip: str) -> None:
    """run_once() and sleep()."""
    program = (
        "from firmware import Device, wake\n"
        'device = Device("config.json")\n'
        'print("woken by", repr(wake.reason()))\n'
        'device.put("t", 21.5)\n'
        'print("told", device.run_once(20))\n'
        "device.sleep(1000)\n"
    )
    with older(console, device, chip, program) as it:
        it.wake_wire = True
        since = 0
        for reason in ("", "timer"):
            it.wait_for(f"^woken by '{reason}'$", PATIENCE, since)
            told = it.wait_for(r"^told (\{.*\})$", PATIENCE, since)[1]
            assert "'delivered': 1" in told and "'online': True" in told and "'waiting': 0" in told
            it.wait_until_asleep(PATIENCE)
            since = len(it.log)
            it.wake_up()
        it.wait_until_asleep(PATIENCE)
        assert [point.value for point in console.call(console.platform.points, device.id, "t")] == [21.5] * 3
        until(lambda: not console.call(console.platform.device, device.id).online)


def older(console: RunningConsole, device: Device, chip: str, program: str = PROGRAM, **changes: Any) -> VirtualBoard:
    """A board at the older platform."""
    directory = board_directory()
    files: dict[str, Any] = {name: directory / name for name in ["boot.py", *board_modules()]}
    rom = b""
    if chip == "esp8266":
        files, rom = installed(files, XTENSA)
    config = {
        "wifi": [{"ssid": SSID, "password": PASSWORD}],
        "device_id": device.id,
        "product_id": device.product_id,
        "auth_info": device.auth_info,
        **changes,
    }
    return VirtualBoard(
        files={**files, "main.py": program, "config.json": json.dumps(config)},
        chip=chip,
        rom=rom,
        wifi=Wifi({SSID: PASSWORD}),
        routes={("183.230.40.39", 6002): ("127.0.0.1", console.mqtt_port)},
    )
