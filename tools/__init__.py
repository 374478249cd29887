"""Host tools for ESP boards on OneNET: one command, `onenet`."""

__version__ = "0.1.0"
