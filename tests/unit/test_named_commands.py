"""Device: commands by name, and as text."""

from device_bench import Bench, device_of
from support import raises


def test_as_text():
    given = []

    def before(device):
        @device.command(text=True)
        def obey(payload):
            given.append(payload)
            return payload == "relay=on"

    with Bench(before) as it:
        assert it.command(b"relay=on") == b"true"
        assert it.command("好".encode(), "c2") == b"false"
        assert given == ["relay=on", "好"] and type(given[0]) is str
        assert it.command(b"\xff", "c3") == b"error: the command is not UTF-8"


def test_by_name():
    given = []

    def before(device):
        @device.command("relay")
        def relay(value):
            given.append(value)

        @device.command(b"pump", text=False)
        def pump(value):
            given.append(value)
            return 7

        assert relay("by hand") is None

    with Bench(before) as it:
        del given[:]
        for payload, value in (
            (b"relay=on", "on"),
            (b"relay on\n", "on"),
            (b"relay = on", "on"),
            (b" relay", ""),
            (b"relay?", "?"),
            (b'relay={"a": 1}', '{"a": 1}'),
        ):
            assert it.command(payload) == b"ok" and given.pop() == value, payload
        assert it.command(b"pump 5") == b"7" and given.pop() == b"5"
        for other in (b"relays=on", b"rela", b"", b"x"):
            assert it.command(other) == b"error: no such command; there are relay, pump", other
        assert not given


def test_all_others_go_to_the_one_without_a_name():
    for before_the_named in (True, False):
        for text in (None, True, False):

            def before(device, text=text, before_the_named=before_the_named):
                def others(payload):
                    return repr(payload)

                def declare():
                    if text is None:
                        device.command(others)
                    else:
                        device.command(text=text)(others)

                if before_the_named:
                    declare()
                device.command("relay")(lambda value: value + "!")
                if not before_the_named:
                    declare()

            with Bench(before) as it:
                assert it.command(b"relay=on") == b"on!"
                assert it.command(b"else") == repr("else" if text else b"else").encode()


def test_the_last_of_a_name_counts():
    def before(device):
        device.command("a")(lambda value: "first")
        device.command("a")(lambda value: "second")
        device.command()(lambda payload: "other")

    with Bench(before) as it:
        assert it.command(b"a") == b"second" and it.command(b"b") == b"other"


def test_beside_properties():
    def before(device):
        device.command("relay")(lambda value: "relay " + value)
        device.property("angle", every=None)(lambda: 5).setter(lambda value: None)

    with Bench(before) as it:
        assert it.command(b"relay=on") == b"relay on"
        assert it.command(b"angle=3") == b"ok"


def test_what_cannot_be():
    device = device_of()
    raises(ValueError, device.command, "a=b", match="command: its name")
    raises(ValueError, device.command, "a b", match="command: its name")
    raises(ValueError, device.command, "", match="1 to 64 bytes")
    raises(ValueError, device.command, 5, match="1 to 64 bytes")
    raises(TypeError, device.command, txt=True, match="txt: no such argument; there is text")
