"""What happens before main.py: a deploy is brought to its end; safe mode; and on a start by power, reset or watchdog
main.py runs from here, so that whatever it ends with is written down, and tried again: see firmware/start.py.

This is compiled on the board, and its names and code stay there as long as main.py runs: it has few, and is short.
After a soft reset, by mpremote say, MicroPython itself runs main.py, or waits for the one who has asked for it. What is
raised here keeps it from running main.py a second time.
"""

import os
import sys

# Changes nothing. But littlefs hides, after a power cut while it moves a file to another folder, the next one of that
# folder, too, until something asks for a change: lfs2_dir_getslice() in MicroPython's lib/littlefs/lfs2.c.
try:
    os.rename("deploy/record", "deploy/record")
except OSError:
    pass
else:
    exec(open("deploy/finish.py").read(), {"__name__": "__main__"})  # firmware/finish.py, as the deploy has brought it

# The file romfs says at which byte of its partition the ROMFS image in force begins, -1 for none. A deploy puts the
# next one beside it; MicroPython itself knows only of one at the beginning.
try:
    with open("romfs") as file:
        value = int(file.read())
except (OSError, ValueError):
    pass
else:
    import vfs

    try:
        vfs.umount("/rom")
    except OSError:  # nothing there
        pass
    if value >= 0:
        vfs.mount(vfs.VfsRom(memoryview(vfs.rom_ioctl(2, 0))[value:]), "/rom")  # type: ignore[attr-defined]

sys.path[:] = ("/rom", "/rom/lib", "/lib", "", ".frozen")  # our folders first: no file beside main.py hides a library

# firmware/start.py is loaded by its path, without the rest of the package, and raises for safe mode. It is map() that
# loads it, and so further down the stack than main.py will begin: what loading leaves there the collector takes for
# uses of the module, and main.py's own calls would never overwrite what lies just below this.
value = None
try:
    value = next(map(__import__, ("firmware/start",))).begin()
except ImportError:  # firmware/ is not there: main.py may do without, but not in a deploy, which sends this file first
    if "safe_mode_once" in os.listdir():
        os.remove("safe_mode_once")
        raise RuntimeError("safe mode: main.py is not run; reset to leave it")
if value:
    try:
        if value is True:
            execfile("main.py")  # noqa: F821
        else:
            for file in value:  # an ESP8266, which has no execfile()
                exec(file)
        value = None
    except BaseException as e:  # noqa: BLE001 - whatever main.py raises
        value = e  # type: ignore[assignment]
        if not isinstance(e, KeyboardInterrupt):  # the lack of memory, perhaps
            for file in list(globals()):
                if file not in ("__name__", "os", "sys", "value"):
                    del globals()[file]
    __import__("firmware/start").ended(value)
