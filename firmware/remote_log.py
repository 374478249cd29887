"""What the log and the file crashes hold, a piece for each "!log" and "!crashes". Loaded for that, and forgotten."""

from micropython import const

from .log import log, rare

_PIECE = const(400)  # bytes of a reply: a text of a thing model has 512 characters at most


def piece(of_crashes, rest):
    """To "!log BOOT FROM": a line "BOOT END ALL", then whole lines of the log: those after the first FROM bytes, if it
    is the same start of the board still, up to END of ALL there were. To "!crashes FROM": "END ALL" and lines of the
    file. Whoever wants more asks from END on. No secret of config.json's is in them."""
    start = rest.rsplit(" ", 1)[-1]
    start = int(start) if start.isdigit() else 0
    if of_crashes:
        text, end, size = _crashes(start)
        head = "%d %d" % (end, size)
    else:
        ring = log.__globals__.get("ring")
        if not ring:
            return 'error: "log" in config.json is 0'
        text, end = ring.read(start if rest.split(" ")[0] == ring.boot else 0, _PIECE)
        head = "%s %d %d" % (ring.boot, end, ring.end)
    return head + "\n" + rare("crash").without_secrets(text)


def _crashes(start):
    try:
        with open("crashes", "rb") as file:
            size = file.seek(0, 2)
            start = file.seek(min(start, size))
            data = file.read(_PIECE)
    except OSError:
        return "", 0, 0
    end = data.rfind(b"\n") + 1 or len(data)
    try:
        return str(data[:end], "utf-8"), start + end, size
    except UnicodeError:
        return "?\n", start + end, size  # somebody's own file
