"""mqtt on a computer, without a board: prints what arrives, and stays connected.

python main.py HOST [PORT [USER PASSWORD]]

The very library that runs on the boards; `pip install` of this project's wheel brings it.
"""

import sys

from onenet_tools.files import use_board_libraries

use_board_libraries()
from mqtt import Client  # noqa: E402

host, port, user, password = (sys.argv[1:] + [None] * 4)[:4]
client = Client("computer", host, int(port or 1883), user, password, keepalive=30)


def connected(session_present):
    print("connected", flush=True)
    client.subscribe("desk/#", qos=1)
    client.publish("desk/computer", "is here", qos=1)


def message(topic, payload, qos, retain):
    print(bytes(topic).decode(), bytes(payload).decode(errors="replace"), flush=True)
    if bytes(topic) == b"desk/stop":
        client.disconnect()  # and loop_forever() returns


client.on_connect = connected
client.on_message = message
client.on_disconnect = lambda reason: print("disconnected:", reason or "as asked", flush=True)
client.loop_forever()
