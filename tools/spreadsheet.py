"""Text from a network in a cell of a CSV file, which people open with a spreadsheet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def in_cell(text: str, number: bool) -> str:
    """`text` with a ' in front if a spreadsheet would take it for a formula, which it does not if it is a `number`;
    with ? in place of lone surrogates, which no file can hold."""
    text = text.encode("utf-8", "replace").decode()
    return "'" + text if text.startswith(_FORMULA) and not number else text
