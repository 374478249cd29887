"""The board's life: everything that knows of Wi-Fi, clocks, pins and watchdogs."""

from .device import Device
