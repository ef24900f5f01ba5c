"""Units of measure: how they are spelt, and what converts into what."""

from __future__ import annotations

from fractions import Fraction

_LENGTH = {"mm": "1/1000", "cm": "1/100", "m": 1, "km": 1000, "inch": "0.0254", "foot": "0.3048", "yard": "0.9144"}
_MASS = {"mg": "1/1000", "g": 1, "kg": 1000, "tonne": 10**6, "ounce": "28.349523125", "pound": "453.59237"}
_TIME = {"ms": "1/1000", "s": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MEASURES: dict[str, dict[str, int | str]] = {
    "length": _LENGTH | {"mile": "1609.344"},
    "mass": _MASS,
    "time": _TIME,
    "months": {"month": 1, "year": 12, "decade": 120, "century": 1200},
    "volume": {"ml": "1/1000", "l": 1},
    "area": {"m2": 1, "km2": 10**6, "hectare": 10**4, "acre": "4046.8564224"},
    "speed": {"m/s": 1, "km/h": "5/18", "mph": "0.44704"},
    "energy": {"j": 1, "kj": 1000, "mj": 10**6},
    "power": {"w": 1, "kw": 1000, "mw": 10**6},
    "pressure": {"pa": 1, "kpa": 1000},
    "frequency": {"hz": 1, "khz": 1000, "mhz": 10**6, "ghz": 10**9},
    "percent": {"percent": 1},
    "degrees": {"degree": 1},
    "celsius": {"celsius": 1},
    "fahrenheit": {"fahrenheit": 1},
    "kelvin": {"kelvin": 1},
    "dollars": {"dollar": 1, "cent": "1/100"},
    "euros": {"euro": 1},
    "pounds sterling": {"pound sterling": 1},
    "yen": {"yen": 1},
}
UNITS = {unit: (kind, Fraction(factor)) for kind, units in _MEASURES.items() for unit, factor in units.items()}
"""Unit → (what it measures, how many of its kind's first unit it is)."""

_SPELLINGS = {
    "mm": "millimeter millimetre", "cm": "centimeter centimetre", "m": "meter metre", "km": "kilometer kilometre kms",
    "inch": "in inches", "foot": "ft feet", "yard": "yd yds", "mile": "mi",
    "mg": "milligram", "g": "gram gramme", "kg": "kilogram kilogramme kilo kgs", "tonne": "t ton", "ounce": "oz",
    "pound": "lb lbs", "ms": "millisecond", "s": "second sec secs", "minute": "min mins", "hour": "h hr hrs",
    "day": "", "week": "wk", "month": "", "year": "yr yrs", "decade": "", "century": "centuries",
    "ml": "milliliter millilitre", "l": "liter litre", "hectare": "ha", "acre": "",
    "m/s": "mps", "km/h": "kph kmh", "j": "joule", "kj": "kilojoule", "mj": "megajoule",
    "w": "watt", "kw": "kilowatt", "mw": "megawatt", "pa": "pascal", "kpa": "kilopascal",
    "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz",
    "percent": "% pct", "degree": "° deg", "celsius": "°c c", "fahrenheit": "°f f", "kelvin": "k",
    "dollar": "$ usd us$", "cent": "¢", "euro": "€ eur", "pound sterling": "£ gbp", "yen": "¥ jpy",
}  # fmt: skip
_PHRASES = {
    "per cent": "percent", "square meters": "m2", "square metres": "m2", "sq m": "m2", "m²": "m2",
    "square kilometers": "km2", "square kilometres": "km2", "sq km": "km2", "km²": "km2",
    "meters per second": "m/s", "metres per second": "m/s", "kilometers per hour": "km/h",
    "kilometres per hour": "km/h", "miles per hour": "mph", "degrees celsius": "celsius", "degree celsius": "celsius",
    "degrees fahrenheit": "fahrenheit", "degree fahrenheit": "fahrenheit", "degrees c": "celsius",
    "degrees f": "fahrenheit", "percentage points": "percent", "us dollars": "dollar",
    "pounds sterling": "pound sterling",
    "years old": "year", "year old": "year", "years of age": "year",
}  # fmt: skip


def _spelt() -> dict[str, str]:
    spelt = {unit: unit for unit in UNITS} | {word: u for u, words in _SPELLINGS.items() for word in words.split()}
    return spelt | {f"{word}s": unit for word, unit in spelt.items() if len(word) > 2 and word[-1] != "s"} | _PHRASES


UNIT_WORDS = _spelt()
"""Every spelling of a unit, in lower case → the unit."""
