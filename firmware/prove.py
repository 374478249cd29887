"""Gives a new program that has come over the air three starts, and so much time in each, to prove itself.

It travels in the package, as deploy/finish.py, and boot.py runs it at every start while there is a deploy/record: no
module. It is short, for what it has compiled stays in memory beside the new program; what takes more is in swap.py.
"""

import machine
import os
import sys
import time


def write(text):
    with open("deploy/+new", "w") as file:
        file.write(text)
    os.rename("deploy/+new", "deploy/+state")


def start():
    try:
        with open("deploy/+state") as file:
            text, _, end = file.read().partition("\n")
        n, _, left = [int(value) for value in text.replace(" ", " 0 ").split(" ")]
    except (OSError, ValueError):  # the swap is under way, or the way back
        n = 3
    if n >= 3:
        exec(open("deploy/+swap").read(), {"__name__": "__main__"})
        return
    if machine.reset_cause() != machine.DEEPSLEEP_RESET:  # which is no new attempt
        write("%d %d\n%s" % (n + 1, left, end))

    def update(timer):
        nonlocal left
        left -= 1
        if left == 0:
            write("back it was not online to stay in time\n" + end)
        if left <= 0:
            machine.reset()

    for n in (-1, 3, 1):  # an ESP8266's timer; the last of an ESP32's, of an ESP32-C3's
        try:
            timer = machine.Timer(n)
            timer.init(period=1000, callback=update)
        except ValueError:
            continue
        sys.modules["deploy"] = timer  # type: ignore[assignment]  # where update_trial.py finds it, and the collector, too
        break


if __name__ == "__main__":
    try:
        start()
    except Exception as e:  # noqa: BLE001 - whatever it is, the next start tries again
        print("update:", e)
        time.sleep(5)
        machine.reset()
