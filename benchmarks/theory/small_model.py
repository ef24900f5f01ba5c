"""The model that the studies train and time: its size, its prompts, and the birthdays that it is asked for."""

from __future__ import annotations

from datetime import date, timedelta

from abstain.data import PromptStyle, Question

LAYERS, WIDTH, HEADS, INTERMEDIATE, VOCABULARY = 2, 128, 4, 256, 1300
STYLE = PromptStyle()


def day_name(day: date) -> str:
    """Return a day of the year in words: "October 13"."""
    return f"{day:%B} {day.day}"


def days_of_the_year() -> tuple[str, ...]:
    """Return the names of the 366 days, in their order."""
    return tuple(day_name(date(2000, 1, 1) + timedelta(days=n)) for n in range(366))


def birthday_question(name: str, day: str) -> Question:
    """Return the question for the birthday of `name`, which is its id too."""
    return Question(name, f"When is {name}'s birthday?", (day,))
