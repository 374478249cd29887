"""What a program may say of a stream besides its interval: delta, at_least, average. Loaded for that, and forgotten."""

from .change import Average, Puts

_NAMES = "delta", "at_least", "average"
_NUMBERS = int, float
_DAY = 86400  # seconds


def checked(every, default, options):
    """(what a stream has as its rule, None for none; readings of an average).

    every: seconds, as the configuration has it, or else as the program, whose own is `default`. ValueError for what
    cannot be, TypeError for an argument there is not.
    """
    for name in options:
        if name not in _NAMES:
            raise TypeError("%s: no such argument; there are every, %s" % (name, ", ".join(_NAMES)))
    delta, percent = _delta(options.get("delta", 0))
    at_least = options.get("at_least")
    if at_least is not None:
        if type(at_least) not in _NUMBERS or not default <= at_least <= _DAY:
            raise ValueError("at_least: must be seconds, from every, which is %g, to %d" % (default, _DAY))
        # At the measurement that comes nearest, and never a whole interval late.
        at_least = max(int((at_least - every * 0.75) * 1000), 0)
    readings = options.get("average", 1)
    most = int(default * 10 + 0.01)
    if type(readings) is not int or not 1 <= readings <= most:
        words = "average: must be a whole number of readings, 1 to %d with every=%g: there are 10 in a second at most"
        raise ValueError(words % (most, default))
    rule = None if list(options) == ["average"] else (delta, percent, at_least)
    return rule, max(min(readings, int(every * 10 + 0.01)), 1)


def _delta(delta):
    """(number, whether that is percent) of what the program says."""
    percent = isinstance(delta, str)
    if percent:
        number, sign, rest = delta.partition("%")
        try:
            delta = float(number) if sign and not rest.strip() else -1
        except ValueError:
            delta = -1
    if type(delta) not in _NUMBERS or not 0 <= delta < float("inf"):
        raise ValueError('delta: must be a number from 0 on, as 0.2, or a text as "5 %"')
    return delta, percent


def ruled(device, stream, rule, readings):
    """The stream as it is with that, and put() follows, too."""
    if readings > 1:
        stream[1] //= readings
        stream[2] = Average(stream[2], readings)
    if not rule:
        return stream
    if not isinstance(device.put, Puts):
        device.put = Puts(device)
    return stream + [rule, None, 0, 0]
