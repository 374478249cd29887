"""Why a serial port does not open, in words that help."""

import errno
import os
import sys

from ..language import _
from .errors import PortError


def explain_open(port: str, error: BaseException) -> PortError | None:
    """What to tell of an error in opening the port (pyserial's SerialException); None if it is another kind."""
    number, words = getattr(error, "errno", None), str(error)
    if number == errno.ENOENT or "FileNotFoundError" in words:
        return PortError(_("there is no port {port}; `onenet boards` shows those there are").format(port=port))
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in words or "PermissionError(13" in words:
        return PortError(
            _("{port} is in use by another program; close it (a monitor, Thonny, mpremote) and try again").format(
                port=port
            )
        )
    if number in (errno.EACCES, errno.EPERM):
        return PortError(_no_permission(port))
    if number in (errno.ENXIO, errno.EIO, errno.ENODEV):
        return PortError(_("the board at {port} is gone; plug it in again").format(port=port))
    if number == errno.ECONNREFUSED or "Could not open port socket" in words:
        return PortError(_("nothing answers at {port}: {words}").format(port=port, words=words))
    return None


def _no_permission(port: str) -> str:
    if sys.platform == "win32":
        return _(
            "Windows does not let you use {port}; unplug the board, plug it in again, close what else uses it"
        ).format(port=port)
    if sys.platform == "darwin":
        return _(
            "macOS does not let you use {port}; check `ls -l {port}`, and that its driver may run (System Settings)"
        ).format(port=port)
    group = _group_of(port)
    return _(
        "you may not use {port}; join its group and log in anew: sudo usermod -aG {group} $USER "
        "(or, until you unplug it: sudo chmod a+rw {port})"
    ).format(port=port, group=group)


def _group_of(port: str) -> str:
    """The group that may use the port: dialout on Debian and Fedora, uucp on Arch."""
    import grp

    try:
        group = grp.getgrgid(os.stat(port).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
    return group if group != "root" else "dialout"
