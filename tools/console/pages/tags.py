"""Tags of devices, by which a class or a shelf is found again: as the older HTTP API has them."""

import re
from typing import Any

from .text import shown

_MOST = 10
_LONGEST = 20  # characters


def shown_tags(about: dict[str, Any]) -> list[str]:
    """What is to be shown of them."""
    tags = about.get("tags")
    return (
        [shown(tag, _LONGEST) for tag in tags[:_MOST] if isinstance(tag, str) and tag] if isinstance(tags, list) else []
    )


def tags_in(text: str) -> list[str]:
    """Those that somebody has typed, with commas of either kind between them; each once."""
    found = (tag.strip()[:_LONGEST] for tag in re.split("[,\uff0c\u3001]", text))
    return list(dict.fromkeys(tag for tag in found if tag))[:_MOST]
