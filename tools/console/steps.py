"""The three commands that bring a board online as a device of this console."""

import shlex

from .model import Device


def steps_for(device: Device, host: str, port: int, platform: str = "legacy") -> list[str]:
    """With the console's address as the board reaches it; `config` asks for the Wi-Fi and for the device's secret."""
    given = ["--host", f"{host}:{port}", "--device-id", device.name, "--product-id", device.product_id]
    if platform == "dp":  # which the product's id does not tell
        given += ["--set", "platform=dp"]
    return ["onenet flash", f"onenet config {shlex.join(given)}", "onenet deploy"]
