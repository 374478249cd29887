"""What is left to try when a board was offline for long: a reset, of the driver below us, too. What is in the outbox
and has no room in RTC memory is lost with it, unless it has a part of the flash; so not where it cannot help."""

import machine

from .log import log, rare


def reset(wifi, now):
    """Resets the board, and writes down that it did; but not while the driver hears networks and none is ours: it is
    well, and a router is off."""
    if not wifi._joined and _others_only(wifi):
        log("wifi", "none of the networks in reach is ours")
        rare("joining").join(wifi, now)
        return
    words = "not online for %d minutes" % (wifi._reset_after // 60)
    log("wifi", words + ": resetting the board")
    try:
        rare("crash").note(OSError(words), "wifi")
    except MemoryError:
        pass
    if wifi.before_reset:
        try:
            rare("across_resets").save(wifi.before_reset)
        except Exception as e:  # noqa: BLE001 - the reset is what helps
            log("outbox", "not saved: %s" % e)
    machine.reset()


def _others_only(wifi):
    name_of = rare("joining").name_of
    ours = [name_of(known) for known in wifi._networks]
    try:
        wifi._wlan.disconnect()  # an ESP32 that is connecting hears nothing
        heard = [found[0] for found in wifi._wlan.scan()]
    except (OSError, RuntimeError, AttributeError):
        return False
    return bool(heard) and not any(name in ours or not name.strip(b"\0") for name in heard)  # one that is hidden
