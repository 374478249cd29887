"""What becomes of an open page when the console ends and starts again.

In a file of its own, which shares no console: NiceGUI is made for one in a process, and every ten seconds clears away
what belongs to tasks of another one's loop, such as a page that is just being made.
"""

import contextlib

import pytest
from browser import Browser, MqttDevice, chromium
from nicegui import core
from onenet_tools.console.console import running_console
from onenet_tools.loopback import free_port

expect = pytest.importorskip("playwright.sync_api").expect


def test_page_comes_back_with_the_console(tmp_path):
    ports = {"mqtt_port": free_port(), "http_port": free_port()}
    data = tmp_path / "console.sqlite3"
    with contextlib.ExitStack() as running, chromium() as program:
        console = running.enter_context(running_console(data, **ports))
        device = console.call(console.platform.add_device, "Again")
        with (
            contextlib.closing(Browser(program, console.url)) as browser,
            browser.open(home=console.url) as page,
        ):
            card = page.locator(f'[data-device="{device.id}"]')
            expect(card).to_be_visible()
            born = page.evaluate("window.born")
            running.close()
            expect(page.get_by_text("Connection lost.")).to_be_visible()
            console = running.enter_context(running_console(data, **ports))
            page.wait_for_function("born => window.born !== born && window.did_handshake", arg=born)
            with MqttDevice(console, device):
                expect(card).to_contain_text("online since")
            assert not core.sio.eio.service_task_handle.done()  # which notices browsers that are gone without a word
        assert [fault for fault in browser.faults if "WebSocket" not in fault and "ERR_CONNECTION" not in fault] == []
