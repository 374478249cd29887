"""What OneNET's documents of the old platform contradict each other in, and what the console makes of it.

[V2.3] has neither QoS 2 nor a will: the flags must be 0. [DRAFT] of 2015 describes a will, and so does the platform's
FAQ; a reprint of 2023 lists PUBREC, PUBREL and PUBCOMP. A client that uses them cannot do without: one that is thrown
out for it comes back, and does the same again, for ever. So both are taken, unless one wants to know better.
"""

import dataclasses
from dataclasses import dataclass

from ..language import _

CHOICES = ("taken", "refused")


@dataclass
class LegacyRules:
    """Each is one of CHOICES."""

    qos_2: str = "taken"
    """Refused: acknowledged to the end, so that the client is done with it, but not stored nor sent on, and noted."""
    will: str = "taken"
    """Refused: return code 5 for a CONNECT that has one, for clients tell that from a network that is gone."""

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    def change(self, text: str) -> None:
        """By NAME=VALUE, the name being one of names(). Raises ValueError."""
        name, _equals, value = text.partition("=")
        if value not in CHOICES:
            raise ValueError(_("{name}: must be {choices}").format(name=name, choices=" or ".join(CHOICES)))
        setattr(self, name, value)
