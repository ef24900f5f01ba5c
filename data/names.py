"""Names that look like names, made from syllables so that a world can have as many as it needs."""

# ruff: noqa: SIM905 -- words in a string read better than a list of quoted words

from __future__ import annotations

from collections.abc import Sequence

_GIVEN = (
    "Al Be Ca Da El Fa Ga Ha Is Jo Ka Li Ma Ni Or Pe Ro Sa Te Vi".split(),
    "ra na lin den sa mir tta vin rik la".split(),
)
_FAMILY = (
    (
        "Ash Bram Cald Dun Eld Fair Gran Hal Ives Kel Lang Mor Nor Oak Pen Rad Stan Thorn Up Vel Wes Yar Brook Cran"
    ).split(),
    "ley ton more well by ford wick ham stead worth field croft dale bourne shaw gate ridge combe".split(),
)
_STRANGER = (_FAMILY[0], "escu ovic sen ian idis ez oglu ski".split())


def _combine(parts: tuple[Sequence[str], Sequence[str]]) -> tuple[str, ...]:
    return tuple(start + end for start in parts[0] for end in parts[1])


GIVEN_NAMES = _combine(_GIVEN)
"""200 given names ("Elsa", "Calin", "Marik")."""
FAMILY_NAMES = _combine(_FAMILY)
"""432 surnames of the families that share a pattern ("Dunwick", "Thornbourne")."""
STRANGER_NAMES = _combine(_STRANGER)
"""192 surnames of people whose facts follow no pattern ("Morescu", "Velsen")."""

TOWNS = tuple(
    (
        "Karsholm Verrin Tolmouth Astermere Lindby Quarrow Brackwater Sundale Hexham Ormskirk Pellworth Dravik Felstow "
        "Nettleby Rivenna Marholt Caxton Wyncombe Zelham Ingleby Harrowgate Tavira Ostley Belgrave Kirkmoor Vantry"
    ).split()
)
"""Answers to the patterned question."""
INSTRUMENTS = (
    "piano violin cello harp flute oboe clarinet bassoon trumpet trombone tuba organ "
    "lute guitar banjo mandolin accordion drums zither viola recorder bagpipes marimba sitar"
).split()
"""Answers to the arbitrary question."""
