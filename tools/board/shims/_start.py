"""What the chip does from reset to the prompt: mount the flash, run boot.py and main.py, hand over to the REPL."""

import builtins
import os
import sys
import time
import vfs
from micropython import kbd_intr

import _host

# Printed when boot.py and main.py are done; the host side removes it and knows that the next thing is the REPL.
_REPL = "\x1b_board:repl\x1b\\"

_execfile = execfile  # a builtin of MicroPython


def run(*, chip, limits, flash, rom, state_fd, control_fd, with_main):
    """Become a board. Returns when it is time for the REPL.

    `limits` are bytes to leave free on the heap, and gc.threshold(); None for all there is. `chip` names the
    _port_….py that says what is different there. `flash` and `rom` are descriptor and size. `with_main` is false after
    a soft reset out of the raw REPL, where a board runs boot.py only.
    """
    kbd_intr(-1)  # until boot.py runs, Ctrl-C is a character like others
    _host.attach(state_fd, control_fd)
    _host.chip = chip
    sys.modules["_port"] = _host.port = port = __import__("_port_" + chip)
    if limits:  # while the interpreter's own modules and builtins are in place
        import _repl
        import _small
    _install_shims(port.MODULES, rom[1], not limits)
    __import__("_frozen").install(sys.path[0], time)
    if limits:  # in C, these take no heap, so they come before it has its limit
        __import__("_peripherals").find_all()
    _mount(*flash)
    has_rom = rom[1] and _mount_rom(*rom)
    sys.path[:] = ("", ".frozen") + (("/rom", "/rom/lib") if has_rom else ()) + port.PATH
    clock = _host.ask("hello")
    sys.modules["time"]._start(clock)
    if limits:
        _repl.prepare()
        vfs.umount("/shim")
        _small.leave(*limits)
    kbd_intr(3)
    try:
        try:
            _host.tell_boot()
            if _run_file("boot.py") and with_main:
                _run_file("main.py")
        except KeyboardInterrupt as error:  # between the files
            _host.print_exception(error)
        if limits:
            kbd_intr(-1)
    except KeyboardInterrupt:  # one more, meanwhile
        if limits:
            kbd_intr(-1)
    sys.stdout.write(_REPL)
    if limits:
        _repl.run("MicroPython v%d.%d.%d; %s" % (sys.implementation.version[:3] + (port.MACHINE,)))


def _install_shims(modules, has_rom_partition, can_hook_import):
    for name in sys.modules["_port"].NO_BUILTINS:
        setattr(builtins, name, _missing(name))
    # Before 1.26 a relative import is not told of the globals, so it could not be passed on.
    if can_hook_import and _host.chip == "esp8266":
        builtins.__import__ = _importing(builtins.__import__)
    # sys.modules is looked at before the modules built into the interpreter, so these win over them.
    for name, shim in modules:
        if name == "vfs" and not has_rom_partition:
            continue
        sys.modules[name] = __import__(shim)
        if name in ("os", "time", "machine", "socket"):
            sys.modules["u" + name] = sys.modules[name]


def _missing(name):
    """Stands for a builtin that the port leaves out."""

    def missing(*arguments):
        raise NameError("name '" + name + "' isn't defined")

    return missing


def _importing(own):
    """What `import` does where a module has no __file__, MICROPY_MODULE___FILE__ in ports/esp8266/mpconfigport.h; it
    goes when the module has run."""

    def importing(name, *arguments):
        known = len(modules)
        module = own(name, *arguments)
        if len(modules) != known:
            for each in modules.values():
                if type(each) is kind and hasattr(each, "__file__"):
                    del each.__file__
        return module

    modules, kind = sys.modules, type(sys)
    return importing


def _mount(flash_fd, flash_size):
    from _flash import Flash, mount

    vfs.umount("/")
    file = open(flash_fd, "r+b")
    mount(Flash(file, flash_size, _host), sys.modules["_port"].BOOT)
    if "_chipflash" in sys.modules:
        sys.modules["_chipflash"].attach_files(file, flash_size)


def _mount_rom(rom_fd, rom_size):
    """As MicroPython does where it has ROMFS: the image at the beginning of the partition, if there is one."""
    partition = sys.modules["vfs"]
    partition.attach(open(rom_fd, "r+b"), rom_size)
    try:
        vfs.mount(vfs.VfsRom(partition.rom_ioctl(2, 0)), "/rom")
    except OSError:
        return False
    return True


def _run_file(name):
    """Run `name` in the globals the REPL will have. Returns false if it raised, as a board skips main.py then."""
    import __main__

    try:
        os.stat(name)
    except OSError:
        return True
    try:
        _execfile(name, __main__.__dict__)
        return True
    except SystemExit:  # sys.exit() and machine.soft_reset() are soft resets
        _host.vanish("soft_reset")
    except BaseException as error:
        _host.print_exception(error)
    return False
