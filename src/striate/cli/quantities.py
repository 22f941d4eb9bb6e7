"""Quantities as people write them: 5M for five million, 2014-2016 for a span; and as they read them."""

from typer import BadParameter

_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9}
_SHOWN = (("G", 10**9), ("M", 10**6), ("k", 10**3))


def count(text: str) -> int:
    """Return how many `text` means: 5000000, 5M, 4.1G or 300k; capital or small."""
    digits, unit = (text[:-1], _UNITS[text[-1].lower()]) if text[-1:].lower() in _UNITS else (text, 1)
    try:
        number = float(digits.replace(",", ""))
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise BadParameter(f"'{text}' is no count: write it as 5000000, 5M, 4.1G or 300k")
    return round(number * unit)


def span(text: str) -> tuple[int, int]:
    """Return the least and the most that `text` allows: 2015, or 2014-2016."""
    least, dash, most = text.partition("-")
    ends = (least, most if dash else least)
    if not all(end.strip().isdecimal() for end in ends) or int(ends[0]) > int(ends[1]):
        raise BadParameter(f"'{text}' is neither a whole number nor a span that rises: write it as 2015 or 2014-2016")
    return int(ends[0]), int(ends[1])


def short(number: int) -> str:
    """Return `number` with three digits and its unit: 25557032 as 25.6M; below a thousand as it is."""
    for unit, size in _SHOWN:
        if number >= 0.9995 * size:  # what rounds to a thousand of the smaller unit is one of this
            scaled = number / size
            return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{unit}"
    return str(number)
