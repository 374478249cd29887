"""Runs emulated chips in download mode until Ctrl-C, to try `onenet flash` without a board.

python tests/port/rom ESP32 ESP8266     says at which ports they are, and which images there are to try
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from rom import CHIPS, Faults, Flash, Loader, firmware, on_pty

_BITS_A_BYTE = 10


def main() -> None:
    parser = argparse.ArgumentParser(description="Run emulated chips in download mode, to flash.")
    parser.add_argument("chips", metavar="CHIP", nargs="+", choices=sorted(CHIPS), help=", ".join(CHIPS))
    parser.add_argument("--flash", metavar="MB", type=int, default=4, help="size of their flash (default: %(default)s)")
    parser.add_argument("--baud", type=int, default=460800, help="speed of their lines (default: %(default)s)")
    parser.add_argument("--cable-out", metavar="PART", type=float, help="after this part of the image, 0 to 1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chips-") as name, contextlib.ExitStack() as chips:
        directory = Path(name)
        for number, chip in enumerate(options.chips):
            faults = Faults(cable_out_at=options.cable_out)
            loader = _Slow(CHIPS[chip], Flash(options.flash * 1024 * 1024), faults)
            loader.seconds_a_byte = _BITS_A_BYTE / options.baud
            port = chips.enter_context(on_pty(loader, directory, f"ttyUSB{number}"))
            print(f"{chip} at {port}")
        for chip in CHIPS:
            data = firmware.esp8266(900_000) if chip == "ESP8266" else firmware.esp32(chip, size=1_500_000)
            (directory / f"{chip}.bin").write_bytes(data)
        print(f"images, with nothing in them: {directory}/CHIP.bin; Ctrl-C ends this", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


class _Slow(Loader):
    """With a line as slow as a real one."""

    seconds_a_byte = 0.0

    def feed(self, data: bytes) -> None:
        time.sleep(len(data) * self.seconds_a_byte)
        super().feed(data)


if __name__ == "__main__":
    main()
