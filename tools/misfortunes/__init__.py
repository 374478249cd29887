"""What boards meet in the field, one misfortune after the other, on virtual boards at a local OneNET."""

from .run import run_misfortunes

__all__ = ["run_misfortunes"]
