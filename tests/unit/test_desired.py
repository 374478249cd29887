"""Desired values: wished for while the device was away, asked for on each connection, obeyed, reported, deleted."""

import json

import fakes  # noqa: F401  # the way to firmware
from current_device_bench import Studio, light, settled

ASKED = "property/desired/get"
REPLY = ASKED + "/reply"


def test_desired_values_are_obeyed_reported_and_deleted_with_their_version():
    called = []
    with Studio(lambda device: called.append(light(device))) as bench:
        assert bench.sent("property/desired/get") == {"id": "1", "version": "1.0", "params": ["light"]}
        wished = {"light": {"value": True, "version": 3}, "colour": {"value": 1, "version": 1}}
        bench.says("property/desired/get/reply", {"id": "1", "code": 200, "msg": "success", "data": wished})
        posts = []
        deleted = None
        while len(posts) < 2 or not deleted:
            bench.ticks.go_on(1000)
            packet = bench.packet()
            end = packet.index(b"{")
            message = json.loads(packet[end:])
            bench.send(b"\x40\2" + packet[end - 2 : end])
            if b"property/desired/delete" in packet:
                deleted = message["params"]
            else:
                assert b"property/post" in packet
                posts.append(message["params"])
                bench.says("property/post/reply", {"id": message["id"], "code": 200})
                bench.turns()
        assert deleted == {"light": {"version": 3}}
        assert posts == [{"temp": {"value": 21.5}}, {"light": {"value": True}}]
        assert called == [[True]]
        assert "command: desired value of colour no property colour" in bench.log


def test_desired_values_are_asked_for_on_each_connection():
    with Studio(light) as bench:
        settled(bench)
        bench.reconnect()
        assert bench.sent("property/desired/get")["params"] == ["light"]


def test_an_error_instead_of_desired_values_is_logged():
    with Studio(light) as bench:
        bench.sent("property/desired/get")
        bench.says("property/desired/get/reply", {"id": "1", "code": 10500, "msg": "internal"})
        bench.until(lambda: "command: desired values: code 10500, internal" in bench.log, "the line")


def test_they_are_asked_for_again_where_no_reply_comes_three_times_in_all():
    with Studio(light) as bench:
        for n in range(3):
            assert bench.sent(ASKED)["params"] == ["light"]
            if not n:
                assert bench.upload() == {"temp": 21.5}
            bench.ticks.now = bench.device._things.asked_at + 9999  # the reply may take 10 s
            bench.turns()
            assert bench.silent()
        bench.ticks.go_on(60000)
        bench.turns()
        assert bench.silent()
        bench.says(REPLY, {"id": "1", "code": 200, "data": {"light": {"value": True, "version": 3}}})
        assert bench.sent("property/desired/delete")["params"] == {"light": {"version": 3}}  # late is not too late


def test_once_there_is_a_reply_they_are_not_asked_for_again():
    for code in (200, 10500):
        with Studio(light) as bench:
            bench.sent(ASKED)
            bench.says(REPLY, {"id": "1", "code": code, "data": {}})
            bench.upload()
            bench.ticks.go_on(60000)
            bench.turns()
            assert bench.silent()


def test_after_asking_an_upload_waits_a_second_whatever_its_interval():
    for interval in (1, 60):
        with Studio(light, upload_interval=interval) as bench:
            bench.turns()
            packet = bench.packet()
            assert ASKED.encode() in packet
            bench.send(b"\x40\2" + packet[packet.index(b"{") - 2 : packet.index(b"{")])
            bench.ticks.go_on(900)
            bench.turns()
            assert bench.silent()
            assert bench.upload() == {"temp": 21.5}


def test_it_is_asked_a_second_after_an_upload():
    with Studio(light) as bench:
        settled(bench)
        bench.device.put("temp", 22)
        assert bench.upload() == {"temp": 22}
        bench.close()
        bench.until(lambda: bench.client.state == 0, "the end")
        bench.device._delay = 0
        bench.go_online()
        assert bench.silent()
        assert bench.sent(ASKED)["params"] == ["light"]
