"""Which language a browser likes best."""

from .chinese import CHINESE
from .english import ENGLISH
from .words import Words


def words_for(accept_language: str) -> Words:
    """The words for an HTTP header Accept-Language: those of the language it likes best of the two, else English."""
    best, words = 0.0, ENGLISH
    for choice in accept_language.split(","):
        tag, *parameters = (part.strip().lower() for part in choice.split(";"))
        known = {"zh": CHINESE, "en": ENGLISH}.get(tag.split("-")[0])
        liking = _liking(parameters)
        if known and liking > best:
            best, words = liking, known
    return words


def _liking(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
