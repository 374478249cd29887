"""The bench: this library beside the MicroPython MQTT clients people use, same work, same run, same real broker."""

from .bench import run_bench
from .peers import PeerError

__all__ = ["PeerError", "run_bench"]
