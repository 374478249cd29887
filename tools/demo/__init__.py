"""The demo: the real firmware on a virtual board comes online at a local OneNET, sends data and obeys commands."""

from .run import run_demo

__all__ = ["run_demo"]
