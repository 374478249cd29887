"""A Device with flash, in an outage: what was on its way when the connection was lost is kept as all else is."""

import os

from device_bench import Bench
from flash_folder import Flash
from mqtt.client import OFFLINE
from support import replaced
from test_outbox import contents

from firmware import flash_outbox

for name in (
    "mqtt.losing",
    "mqtt.packet",
    "firmware.begin",
    "firmware.config",
    "firmware.faults",
    "firmware.joining",
    "firmware.legacy",
    "firmware.segments",
):
    __import__(name)  # a Device would not find them with another folder as the current one

AFTER = 60  # seconds
CONFIG = {"outbox_flash": {"kb": 16, "after": AFTER}, "upload_interval": 1}


def values(device):
    return [int(value) for _, value, _ in contents(device.outbox)]


class Outage(Bench):
    """1 and 2 were on their way when Wi-Fi was lost, and 3 came later. Within Flash."""

    def __init__(self):
        self.uptime = 1000
        self._replaced = replaced(flash_outbox, "uptime", lambda: self.uptime)
        self._replaced.__enter__()
        super().__init__(**CONFIG)
        self.device.put("n", 1)
        self.device.put("n", 2)
        assert self.upload(acknowledge=False) == [("n", 1), ("n", 2)]
        self.air.lose()
        self.until(lambda: self.client.state == OFFLINE)
        self.device.put("n", 3)
        self.turns()
        assert values(self.device) == [1, 2, 3] and os.listdir("outbox") == ["state"]

    def __exit__(self, *args):
        super().__exit__(*args)
        self._replaced.__exit__(*args)

    def back(self):
        """Wi-Fi is, and the connection; what comes first over it."""
        self.air.settle()
        self.go_online()
        return self.upload()


def test_a_short_one_touches_no_flash_and_the_same_packet_is_sent_again():
    with Flash({}), Outage() as it:
        sent = it.last_id
        it.uptime += AFTER - 1
        it.turns()
        assert values(it.device) == [1, 2, 3]
        assert it.back() == [("n", 1), ("n", 2)] and it.last_id == sent
        assert it.upload() == [("n", 3)]


def test_in_a_long_one_it_goes_to_flash_with_all_else_in_its_order_and_comes_back_once():
    with Flash({}), Outage() as it:
        it.uptime += AFTER
        it.turns()
        assert values(it.device) == [] and "1" in os.listdir("outbox")
        assert it.back() == [("n", 1), ("n", 2), ("n", 3)]
        it.turns()
        assert values(it.device) == [] and os.listdir("outbox") == ["state"]
        it.device.put("n", 4)
        assert it.upload() == [("n", 4)]


def test_so_a_power_cut_late_in_one_costs_nothing():
    with Flash({}):
        with Outage() as it:
            it.uptime += AFTER
            it.turns()
        with Bench(**CONFIG) as it:
            it.turns()
            assert it.upload() == [("n", 1), ("n", 2), ("n", 3)]


def test_a_connection_that_is_there_keeps_what_is_on_its_way_in_ram():
    with Flash({}), Bench(**CONFIG) as it:
        with replaced(flash_outbox, "uptime", lambda: 10 * AFTER):
            it.device.put("n", 1)
            assert it.upload(acknowledge=False) == [("n", 1)]
            it.turns()
            assert values(it.device) == [1] and it.device._batch
            it.acknowledge()
            assert values(it.device) == []
