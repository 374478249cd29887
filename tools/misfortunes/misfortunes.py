"""All of the misfortunes, in the order of the table."""

from .misfortune import Misfortune
from .network import NETWORK
from .program import PROGRAMS

MISFORTUNES: list[Misfortune] = [*NETWORK, *PROGRAMS]
