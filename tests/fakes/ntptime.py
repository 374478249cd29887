"""ntptime: answers if `up`, and then calls `set_clock`, which is the test's."""

host = "pool.ntp.org"
up = True
asked = []  # the hosts


def set_clock():
    pass


def settime():
    asked.append(host)
    if not up:
        raise OSError(110)
    set_clock()
