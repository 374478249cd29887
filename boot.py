"""Safe mode and nothing else: a file called safe_mode on the board keeps main.py from running.

    mpremote fs touch :safe_mode reset        into safe mode
    mpremote fs rm :safe_mode reset           and out of it

An error here makes the ESP32 skip main.py; on the ESP8266, which runs it all the same, Device.run() returns at once.
"""

import os

if "safe_mode" in os.listdir():
    raise RuntimeError("safe mode: main.py is not run; delete the file safe_mode and reset to leave it")
