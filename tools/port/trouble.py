"""Why a serial port does not open, in words that help."""

import errno
import os
import sys

from .errors import PortError


def explain_open(port: str, error: BaseException) -> PortError | None:
    """What to tell of an error in opening the port (pyserial's SerialException); None if it is another kind."""
    number, words = getattr(error, "errno", None), str(error)
    if number == errno.ENOENT or "FileNotFoundError" in words:
        return PortError(f"there is no port {port}; `onenet boards` shows those there are")
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in words or "PermissionError(13" in words:
        return PortError(f"{port} is in use by another program; close it (a monitor, Thonny, mpremote) and try again")
    if number in (errno.EACCES, errno.EPERM):
        return PortError(_no_permission(port))
    if number in (errno.ENXIO, errno.EIO, errno.ENODEV):
        return PortError(f"the board at {port} is gone; plug it in again")
    if number == errno.ECONNREFUSED or "Could not open port socket" in words:
        return PortError(f"nothing answers at {port}: {words}")
    return None


def _no_permission(port: str) -> str:
    if sys.platform == "win32":
        return f"Windows does not let you use {port}; unplug the board, plug it in again, close what else uses it"
    if sys.platform == "darwin":
        return f"macOS does not let you use {port}; check `ls -l {port}`, and that its driver may run (System Settings)"
    group = _group_of(port)
    return (
        f"you may not use {port}; join its group and log in anew: sudo usermod -aG {group} $USER "
        f"(or, until you unplug it: sudo chmod a+rw {port})"
    )


def _group_of(port: str) -> str:
    """The group that may use the port: dialout on Debian and Fedora, uucp on Arch."""
    import grp

    try:
        group = grp.getgrgid(os.stat(port).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
    return group if group != "root" else "dialout"
