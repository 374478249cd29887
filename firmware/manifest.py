# For a build of MicroPython: freezes lib/ and firmware/ into the image, where they run from flash and take little heap.
#
#     make -C ports/esp32 BOARD=ESP32_GENERIC FROZEN_MANIFEST=/where/this/is/firmware/manifest.py
#
# What the port freezes itself stays in. boot.py, main.py and config.json are files on the board, as ever: onenet deploy
# brings them, and leaves out what is frozen.
# ruff: noqa: F821 - the build has include() and package()
# mypy: ignore-errors

import os
import sys

esp8266 = any(argument.startswith("PORT_DIR=") and argument.endswith("/esp8266") for argument in sys.argv)


def modules(folder, *left_out):
    return [name for name in sorted(os.listdir(folder)) if name.endswith(".py") and name not in left_out]


include("$(PORT_DIR)/boards/manifest.py")
# host and server are for computers. The ESP8266 has no room for machine code: see lib/plain/mqtt/wire.py; and no TLS.
twins = modules("../lib/plain/mqtt") if esp8266 else []
tls = ["https.py", "tls.py", "tls_ca.py", "tls_name.py", "tls_room.py", "tls_words.py"] if esp8266 else []
package("mqtt", modules("../lib/mqtt", "host.py", "server.py", *twins, *tls), base_path="../lib")
package("mqtt", twins, base_path="../lib/plain")
package("onenet", modules("../lib/onenet"), base_path="../lib")
package("firmware", modules(".", "manifest.py", "finish.py", "swap.py", "prove.py", *tls), base_path="..")
