"""What happens before main.py: a deploy is brought to its end, and safe mode keeps main.py from running.

Safe mode is a prompt without a program and without a watchdog, where mpremote can work in peace. The way into it is
- a file safe_mode: mpremote fs touch :safe_mode + reset, and out of it: mpremote fs rm :safe_mode + reset
- a file safe_mode_once and then machine.reset(): the file is deleted as it is seen, and the next start an ordinary one
- the BOOT button, or the pin that "safe_mode_pin" in config.json names, pressed right after reset or power-on
- Ctrl-C while main.py waits for its next try because it has crashed too often: see crashed_often()

What is raised here makes the ESP32 skip main.py. The ESP8266 runs it all the same; then Device.run() returns at once,
told so by the global safe_mode.
"""

import json
import machine
import os
import sys
from micropython import const, kbd_intr
from time import sleep_ms, ticks_diff, ticks_ms

safe_mode = True  # unless this file comes to its end

_CRASHES = const(5)  # in a row, from which on each further try has to wait
_PAUSE = const(600)  # seconds
_WINDOW = const(300)  # ms for somebody to press the button
_MARK = b"crashes "
_ENOENT = const(2)
_ESP8266 = sys.platform == "esp8266"
_BUTTON_RESETS = (machine.PWRON_RESET, machine.HARD_RESET) if _ESP8266 else (machine.PWRON_RESET,)
_PROGRAM_RESET = machine.SOFT_RESET if _ESP8266 else machine.HARD_RESET  # by machine.reset()
_GOOD_RESETS = _BUTTON_RESETS + (machine.DEEPSLEEP_RESET,) + (() if _ESP8266 else (machine.SOFT_RESET,))


def finish_deploy():
    """Does what deploy/record says: "+path" moves a file from deploy/ into its place, "-path" deletes one. Where power
    goes in the middle, the next start does it all again, which comes to the same."""
    try:
        record = open("deploy/record")
    except OSError:
        return
    kbd_intr(-1)  # Ctrl-C would leave a mixture behind
    try:
        for line in record:
            path = line[1:].rstrip()
            folders = [path[:at] for at in range(len(path)) if path[at] == "/"]
            if line[0] == "+":
                for folder in folders:
                    unless_done(os.mkdir, folder)
                unless_done(os.rename, "deploy/" + path.replace("/", "+"), path)
            else:
                unless_done(os.remove, path)
                for folder in reversed(folders):  # an empty one would hide a package in ROMFS
                    unless_done(os.rmdir, folder)
        record.close()
        os.remove("deploy/record")
        unless_done(os.rmdir, "deploy")
    finally:
        kbd_intr(3)


def unless_done(change, *paths):
    try:
        change(*paths)
    except OSError as e:
        if e.errno != _ENOENT and change in (os.rename, os.remove):  # a full flash, say: the next start tries again
            raise


def mount_rom():
    """Mounts the ROMFS image that counts. A deploy puts the next one beside it in the same partition; the file romfs
    says at which byte the one in force begins, -1 for none. MicroPython itself knows only of one at the beginning."""
    try:
        with open("romfs") as file:
            at = int(file.read())
    except (OSError, ValueError):
        return
    import vfs

    for path in ("/rom", "/rom/lib"):
        if path in sys.path:
            sys.path.remove(path)
    try:
        vfs.umount("/rom")
    except OSError:  # nothing there
        pass
    if at >= 0:
        image = memoryview(vfs.rom_ioctl(2, 0))[at:]
        vfs.mount(vfs.VfsRom(image), "/rom")  # type: ignore[attr-defined]
        sys.path.extend(("/rom", "/rom/lib"))


def reason_for_safe_mode():
    """What the way out of safe mode is, if there is to be safe mode; None if main.py may run."""
    files = os.listdir()
    once = "safe_mode_once" in files
    if once:
        os.remove("safe_mode_once")
        # Who wanted it resets the board at once. If something else has come in between, nobody may be there any more.
        once = machine.reset_cause() == _PROGRAM_RESET
    if "safe_mode" in files:
        return "delete the file safe_mode and reset to leave it"
    if once or button_pressed() or crashed_often() and interrupted():
        return "reset to leave it"
    return None


def button_pressed():
    if machine.reset_cause() not in _BUTTON_RESETS:
        return False  # nobody pressed reset, so nobody is there to press this one
    pin = 9 if any(chip in sys.implementation._machine for chip in ("C2", "C3", "C6", "H2")) else 0
    try:
        with open("config.json") as file:
            named = json.load(file).get("safe_mode_pin", "boot")
        if named != "boot":
            pin = named
    except (OSError, ValueError, AttributeError, MemoryError):  # Device will say what is wrong with it
        pass
    if pin == -1:
        return False
    try:
        button = machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)
    except (ValueError, TypeError):  # no such pin, or none with a resistor
        return False
    for _ in range(_WINDOW // 20):
        if not button.value():
            return True
        sleep_ms(20)
    return False


def crashed_often():
    """True if main.py has ended in a reset several times in a row, be it a crash, the watchdog or its own doing.

    Power-on, the reset button and Ctrl-D begin a new count, and so does Device.run() when it has been up for a minute.
    The count is in RTC memory; for a program that keeps something else there, nothing is counted.
    """
    memory = machine.RTC().memory
    kept = memory()
    if kept and not kept.startswith(_MARK):
        return False
    # The ESP8266 tells nothing of Ctrl-D, but its ticks go on. What it calls a soft reset is machine.reset().
    if machine.reset_cause() in _GOOD_RESETS or _ESP8266 and ticks_diff(ticks_ms(), 0) > 10000:
        forget_crashes()
        return False
    count = min(kept[-1] + 1 if kept else 1, 255)
    memory(_MARK + bytes((count,)))
    return count >= _CRASHES


def interrupted():
    """Waits ten minutes, so that mpremote gets a word in and yet a board on a roof goes on trying. True at Ctrl-C."""
    print("boot: main.py has crashed again and again; the next try is in %d minutes, unless Ctrl-C" % (_PAUSE // 60))
    try:
        for _ in range(_PAUSE * 10):
            sleep_ms(100)
    except KeyboardInterrupt:
        return True
    return False


def forget_crashes():
    memory = machine.RTC().memory
    if memory().startswith(_MARK):
        memory(b"")


if __name__ == "__main__":
    finish_deploy()
    way_out = reason_for_safe_mode()
    if way_out:
        forget_crashes()
        raise RuntimeError("safe mode: main.py is not run; " + way_out)
    mount_rom()
    del finish_deploy, unless_done, mount_rom, reason_for_safe_mode, button_pressed, crashed_often, interrupted
    del forget_crashes, way_out, safe_mode
