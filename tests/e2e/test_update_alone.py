"""A program that leaves an update too little of an ESP8266's memory."""

from pathlib import Path

from onenet_tools.console.console import running_console
from over_the_air import PATIENCE, Server, board, program

GREEDY = "taken = [bytes(512) for _ in range(10)]"
"""With it some 8 KB are left of its heap, of which an update wants 9."""


def test_an_update_comes_without_main_py_where_memory_is_lacking_beside_it(tmp_path: Path) -> None:
    old, new = program("1.0", "esp8266", tmp_path, GREEDY), program("2.0", "esp8266", tmp_path)
    with running_console(pages=False) as console, Server() as server:
        server.packages["new"] = new.package().data
        device = console.call(console.platform.add_device, "roof")
        config = {"device_id": device.id, "product_id": device.product_id, "auth_info": device.auth_info}
        with board(old, None, console.mqtt_port, config) as it:
            it.wait_for("online as device", PATIENCE)
            console.call(console.platform.send_command, device.id, f"update {server.url('new')}".encode())
            it.wait_for("update: goes on without main.py", PATIENCE)
            since = len(it.log)
            it.wait_for("update: upgraded to 2.0", 2 * PATIENCE, since)
            assert it.log[since:].count("BUILD 1.0") == 0 and "BUILD 2.0" in it.log[since:]
