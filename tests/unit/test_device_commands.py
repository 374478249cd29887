"""Device: commands and the replies to them."""

from device_bench import Bench, answered, obeying
from mqtt.client import ONLINE
from support import MICROPYTHON, publish_of


def test_a_command_and_what_becomes_of_its_result():
    for result, expected in (
        ("done", b"done"),
        ("好", "好".encode()),
        (b"\0\xff", b"\0\xff"),
        (bytearray(b"x"), b"x"),
        (None, b"ok"),
        ("", b""),
        (b"", b""),
        (7, b"7"),
        (0, b"0"),
        (False, b"false"),
        ([1, 2], b"[1, 2]"),
        ((1, None), b"[1, null]"),
        ({"v": [1, 2.5, None, True]}, b'{"v": [1, 2.5, null, true]}'),
    ):
        payloads = []

        def obey(payload, result=result, payloads=payloads):
            payloads.append(payload)
            return result

        with Bench(obeying(obey)) as it:
            assert it.command(b"led=on \xff") == expected
            assert payloads == [b"led=on \xff"] and type(payloads[0]) is bytes


def test_an_exception_is_the_reply_and_the_device_stays_online():
    for error, expected in (
        (ValueError("no such thing"), b"error: no such thing"),
        (ValueError, b"error: ValueError"),
        (ZeroDivisionError(), b"error: ZeroDivisionError"),
    ):

        def obey(payload, error=error):
            raise error

        with Bench(obeying(obey)) as it:
            assert it.command(b"x") == expected
            assert it.client.state == ONLINE
            assert it.command(b"y", "c2") == expected


def test_a_result_that_is_not_json_does_no_harm():
    loop = []
    loop.append(loop)
    for result in (object(), {"a": object()}, loop):
        with Bench(obeying(lambda payload, result=result: result)) as it:
            reply = it.command(b"x")
            if not MICROPYTHON or result is loop:
                assert reply.startswith(b"error"), reply
            assert it.command(b"y", "c2") == reply
            assert it.client.state == ONLINE


def test_without_a_command_function_the_reply_says_so():
    with Bench() as it:
        assert it.command(b"x").startswith(b"error: ")


def test_several_commands_at_once_are_all_answered_in_turn():
    with Bench(obeying(lambda payload: payload)) as it:
        it.send(b"".join([publish_of("$creq/c%d" % i, b"p%d" % i) for i in range(4)]))
        for i in range(4):
            assert it.reply("c%d" % i) == b"p%d" % i


def test_too_many_commands_at_once_are_dropped_and_told():
    with Bench(obeying(lambda payload: payload)) as it:
        it.send(b"".join([publish_of("$creq/c%d" % i, b"x") for i in range(20)]))
        replies = 0
        for _ in range(30):
            replies += b"$crsp/" in answered(it)
        assert 4 <= replies <= 20
        assert replies == 20 or "dropped" in it.log
        assert it.command(b"later") == b"later"


def test_a_command_longer_than_the_buffer_is_told_and_the_next_one_obeyed():
    with Bench(obeying(lambda payload: payload), rx_size=256) as it:
        it.send(publish_of("$creq/c0", b"x" * 1000))
        assert it.reply("c0") == b"error: 1000 bytes are longer than rx_size"
        assert it.command(b"y") == b"y"
        assert "longer than rx_size" in it.log


def test_a_long_reply_goes_out_whole():
    with Bench(obeying(lambda payload: "r" * 5000), tx_size=128) as it:
        assert it.command(b"x") == b"r" * 5000


def test_a_command_id_too_long_to_answer_does_not_end_the_program():
    with Bench(obeying(lambda payload: "r"), tx_size=128, rx_size=1024) as it:
        for length in (100, 110, 118, 119, 120, 200, 500):
            it.send(publish_of("$creq/" + "i" * length, b"x"))
            it.turns(3)
            it.receive()
            for packet_id in range(1, 20):
                it.send(b"\x40\2\0" + bytes([packet_id]))
            it.turns(1)
        it.receive()
        it.received = b""
        assert it.command(b"y") == b"r"


def test_a_payload_that_is_not_text_is_an_error_not_a_crash():
    def obey(payload):
        return payload.decode()

    with Bench(obeying(obey)) as it:
        assert it.command(b"\xff\xfe").startswith(b"error: ")
        assert it.command("好".encode()) == "好".encode()
