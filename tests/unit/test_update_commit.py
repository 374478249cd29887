"""firmware/update_commit.py: the record of what is to be swapped, which firmware/swap.py obeys."""

from fakes import machine  # and the path to firmware/, and a board's other modules
from flash_folder import Flash, files

from firmware import update_commit as module

BOARD = {
    "boot.py": "old",
    "main.py": "old",
    "mine": "the user's",
    "helper.py": "old",
    "other.mpy": "old",
    "firmware/device.mpy": "old",
    "firmware/gone.mpy": "old",
    "firmware/folder/inside.mpy": "the user's, who else",
    "lib/mqtt/client.py": "old",
    "lib/onenet/token.mpy": "old",
    "lib/theirs.mpy": "the user's",
    "deploy/+head": "x",
}


class Outbox:
    saved = 0

    def save(self):
        self.saved += 1
        if self.saved > 1:
            raise OSError(28)


class Device:
    def __init__(self, flash=0):
        self.config = {"outbox_flash": flash}
        self.outbox = Outbox()


def record_of(lines, staged, device=None):
    """The record, without the order of what goes."""
    resets = machine.resets
    with Flash(BOARD) as flash:
        flash.write({"deploy/" + name.replace("/", "+"): "new" for name in staged})
        module.commit(device or Device(), [(kind, name, 3, "") for kind, name in lines])
        assert machine.resets == resets + 1
        assert "deploy/record.new" not in files()
        lines = files()["deploy/record"].split("\n")
        assert lines.pop() == ""
    come = [line for line in lines if line[0] != "-"]
    return come, sorted([line[1:] for line in lines if line[0] == "-"])


def test_what_comes_and_what_goes():
    lines = [
        ("!", "finish.py"),
        ("!", "+swap"),
        ("+", "boot.py"),
        ("+", "firmware/device.mpy"),
        ("+", "lib/mqtt/client.mpy"),
    ]
    lines += [("=", "lib/onenet/token.mpy"), ("+", "main.py"), ("+", "new/one.mpy")]
    come, go = record_of(lines, ["boot.py", "firmware/device.mpy", "lib/mqtt/client.mpy", "main.py", "new/one.mpy"])
    assert come == ["+boot.py", "+firmware/device.mpy", "*lib/mqtt/client.mpy", "+main.py", "*new/one.mpy"]
    assert go == ["firmware/gone.mpy", "lib/mqtt/client.py"]  # of ours; the user's own stay


def test_what_is_there_already_is_not_swapped():
    come, go = record_of([("+", "boot.py"), ("+", "firmware/device.mpy"), ("+", "main.py")], ["main.py"])
    assert come == ["+main.py"]
    assert "firmware/device.mpy" not in go and "firmware/gone.mpy" in go


def test_a_module_in_the_other_form_would_come_first():
    come, go = record_of([("+", "helper.mpy"), ("+", "other.py")], ["helper.mpy", "other.py"])
    assert come == ["*helper.mpy", "*other.py"]
    assert "helper.py" in go and "other.mpy" in go


def test_a_romfs():
    come, _ = record_of([("+", "main.py"), ("@", "rom")], ["main.py", "romfs"])
    assert come == ["+main.py", "*romfs"]


def test_an_outbox_in_flash_is_saved():
    device = Device(1)
    record_of([("+", "main.py")], ["main.py"], device)
    record_of([("+", "main.py")], ["main.py"], device)  # which fails, and the update goes on
    assert device.outbox.saved == 2
    device = Device()
    record_of([("+", "main.py")], ["main.py"], device)
    assert device.outbox.saved == 0
