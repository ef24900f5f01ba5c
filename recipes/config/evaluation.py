"""The recipe of an evaluation: `abstain eval`'s options, and those that version 0.1.0 wrote down, as a `Recipe`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...data import QUESTION_SETS, InputError, find_set, template
from .graders import grader_section
from .layers import plain, present_keys
from .schema import Recipe

EVALUATION_OPTIONS: Mapping[str, str] = {
    "model": "model",
    "adapter": "adapter",
    "seed": "seed",
    "prompt": "prompt",
    "grader": "grader",
    "protocol": "protocol",
    "chat_template_kwargs": "chat_template_kwargs",
    "questions": "data.eval",
    "columns": "data.columns",
    "separator": "data.separator",
    "where": "data.where",
    "instruction": "data.instruction",
    "max_items": "data.max_eval_items",
    "targets": "targets.eval",
    **{
        name: f"eval.{name}"
        for name in (
            *("system", "base_url", "backend", "backend_options", "dtype", "device_map", "template", "confidence"),
            *("samples", "max_new_tokens", "batch_size", "truncated", "bootstrap"),
        )
    },
}
"""Option of an evaluation → its key in the recipe."""
_OLD_DEFAULTS = {"protocol": "target", "confidence": "sequence_probability"}
"""What version 0.1.0 wrote where a recipe says null."""


def evaluation_recipe(*, place: str = "", **options: Any) -> Recipe:
    """Return the recipe of an evaluation; options that are None are left to the question set, else to their defaults.

    Args:
        place: What precedes an option's name in error messages, such as "--".
        **options: `EVALUATION_OPTIONS`, as `abstain.evaluate` takes them; `model` and `questions` are required.

    Raises:
        InputError: a value is not allowed; the message names the option.
    """
    given = {key: plain(value) for key, value in options.items() if value is not None}
    _check_kinds(given, place)
    if isinstance(given.get("grader"), str):
        given["grader"] = grader_section(given["grader"])
    question_set = find_set(given["questions"])
    defaults: dict[str, Any] = {}
    if question_set is not None:
        defaults = {"grader": dict(question_set[0].grader), "max_new_tokens": question_set[0].max_new_tokens}
    if "template" in given:
        template(given["template"])  # an unknown one has an error that names those that there are
    check_adapter(given.get("adapter"), f"{place}adapter")
    return _recipe({**defaults, **given}, place)


def _check_kinds(given: dict[str, Any], place: str) -> None:
    """Write names with underscores, and one target as a list; raise InputError for questions that are no text."""
    given |= {name: given[name].replace("-", "_") for name in ("protocol", "confidence") if name in given}
    if isinstance(given.get("targets"), int | float):
        given["targets"] = [given["targets"]]
    if not isinstance(given["questions"], str):
        raise InputError(
            f"{place}questions: expected a ready set, a file or a Hub set, got a {type(given['questions']).__name__}; "
            "write the questions to a .jsonl file, one JSON object a line, and give its path"
        )


def check_adapter(adapter: str | None, place: str = "adapter") -> None:
    """Raise InputError where `adapter` is a path at which no adapter lies."""
    path = Path(adapter) if adapter is not None else None
    if path is not None and path.is_dir() and not (path / "adapter_config.json").is_file():
        raise InputError(f"{place}: {adapter} is a folder without an adapter_config.json, so not an adapter")
    if path is not None and not path.exists() and (adapter or "").startswith((".", "/", "~")):
        raise InputError(f"{place}: {adapter}: no such folder")


def path_name(text: str) -> str:
    """Return the last part of a path or Hub id, fit to name a folder.

    >>> path_name("Qwen/Qwen3-4B"), path_name("runs/my model/")
    ('Qwen3-4B', 'my-model')
    """
    name = re.sub(r"[^\w.-]+", "-", Path(text).name).strip("-.")
    return re.sub(r"^[^A-Za-z0-9]+", "", name) or "model"


def questions_name(questions: str) -> str:
    """Return the questions in few words, for a folder's name and a report's title.

    >>> questions_name("popqa:data/dev.jsonl"), questions_name("data/quiz.jsonl")
    ('popqa', 'quiz')
    """
    name = questions.partition(":")[0]
    return name if name in QUESTION_SETS else path_name(Path(name).stem)


def recipe_of_old_evaluation(loaded: Mapping[str, Any], place: str) -> Recipe:
    """Return the recipe that an evaluation of version 0.1.0 wrote down in its own form; `place` names the file.

    Raises:
        InputError: a key or a value is not allowed.
    """
    values = {
        key: value
        for key, value in present_keys(loaded).items()
        if value is not None and _OLD_DEFAULTS.get(key) != value
    }
    if "template" in values:
        values.pop("prompt", None)  # the text of that template
    if missing := [key for key in ("model", "questions", "system") if key not in values]:
        raise InputError(f"{place}: {missing[0]}: Field required")
    if unknown := [key for key in values if key not in EVALUATION_OPTIONS]:
        raise InputError(f"{place}: unknown key {unknown[0]!r}; allowed here: {', '.join(EVALUATION_OPTIONS)}")
    return _recipe(values, f"{place}: ")


def _recipe(options: Mapping[str, Any], place: str) -> Recipe:
    model, adapter, questions = options["model"], options.get("adapter"), options["questions"]
    name = f"{path_name(options.get('system') or adapter or model)}-{questions_name(questions)}"
    evaluated = f"{model} + {adapter}" if adapter else model
    values: dict[str, Any] = {"name": name, "description": f"{evaluated} asked {questions}."}
    for option, value in options.items():
        *section, key = EVALUATION_OPTIONS[option].split(".")
        (values.setdefault(section[0], {}) if section else values)[key] = value
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise InputError(_explain(error, place)) from None


def _explain(error: ValidationError, place: str) -> str:
    """Return the first error of a recipe in terms of the option that it comes from."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if "confidence agreement needs samples" in message:
        return f"{place}confidence agreement needs {place}samples of at least 1"
    key = ".".join(str(part) for part in first["loc"])
    options = {key: option for option, key in EVALUATION_OPTIONS.items()}
    named, colon, what = message.partition(": ")
    if not key and colon and named in options:  # a rule of the whole recipe that names the key it is about
        key, message = named, what
    option = next((options[known] for known in options if key == known or key.startswith(f"{known}.")), key)
    option = option.replace("_", "-") if place == "--" else option
    rest = "" if first["type"] in ("value_error", "missing") else f", got {first['input']!r}"
    return f"{place}{option}: {message}{rest}" if option else f"{place}{message}"
