"""Options of commands, taken from the Python calls: name, type, default and help stand in a function and its `Args`.

What the command line writes otherwise (a list as a text with commas, a mapping as NAME=VALUE) is in `FORMS`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import typer
import yaml

from ...data import InputError
from ..config.load import RecipeLoader
from ..runs.values import check_targets

Command = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a parameter is written on the command line."""

    type: Any = None
    """What typer parses; None: the parameter's own annotation."""
    read: Callable[[Any], Any] | None = None
    """Text → value; None: as typer parsed it."""
    flags: tuple[str, ...] = ()
    """By default the parameter's name."""
    help: str = ""
    """What follows the parameter's description."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further arguments of typer."""
    argument: bool = False
    """It stands without an option's name."""


def takes_options_of(
    function: Callable[..., Any], *, only: Sequence[str] | None = None, panel: str | None = None, **forms: Form
) -> Callable[[Command], Command]:
    """Return a decorator: the `**options` of a command become parameters of `function`, as texts where `FORMS` has so.

    Args:
        function: A Python call with `Args` in its docstring; its `progress` is no option.
        only: The parameters that are options; by default all.
        panel: The heading of these options in `--help`.
        **forms: Parameter → its form in this command, where it is not that of `FORMS`.
    """
    texts = described(function)
    signature = inspect.signature(function, eval_str=True).parameters
    names = [name for name in (signature if only is None else only) if name != "progress"]
    inserted = [_parameter(signature[name], forms.get(name) or form_of(name), texts, panel) for name in names]

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters.values()

        def called(**values: Any) -> None:
            command(**values)

        called.__name__, called.__doc__ = command.__name__, command.__doc__
        rest = [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for one in own
            if one.kind is not inspect.Parameter.VAR_KEYWORD and one.name not in names
        ]
        called.__dict__["__signature__"] = inspect.Signature([*inserted, *rest])
        return called

    return decorate


def form_of(name: str) -> Form:
    """Return how a parameter is written in every command that has no form of its own for it."""
    return FORMS.get(name, Form())


def read_options(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the options that were given, as the Python call takes them.

    Raises:
        InputError: a text is no value of its option.
    """
    given = {name: value for name, value in texts.items() if value is not None and value != []}
    return {name: value if (read := form_of(name).read) is None else read(value) for name, value in given.items()}


def described(function: Callable[..., Any]) -> dict[str, str]:
    """Return parameter → its description in the `Args` of a docstring, in one line.

    >>> described(takes_options_of)["function"]
    'A Python call with `Args` in its docstring; its `progress` is no option.'
    """
    section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", inspect.getdoc(function) or "", re.DOTALL | re.MULTILINE)
    entries = re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", section[1] if section else "", re.DOTALL | re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _parameter(
    parameter: inspect.Parameter, form: Form, texts: Mapping[str, str], panel: str | None
) -> inspect.Parameter:
    """Return a function's parameter as typer reads one."""
    text = re.sub(
        r"`(\w+)`", lambda found: flags(found[1])[0] if found[1] in texts else found[0], texts[parameter.name]
    )
    settings: dict[str, Any] = {"help": f"{text} {form.help}".strip(), "rich_help_panel": panel, **form.settings}
    names = flags(parameter.name, form)  # said, so that a bool has no --no-NAME
    info = typer.Argument(**settings) if form.argument else typer.Option(*names, **settings)
    kind = form.type or parameter.annotation
    annotation = Annotated[kind | None if parameter.default is None else kind, info]
    return parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY)


def flags(name: str, form: Form | None = None) -> tuple[str, ...]:
    """Return the option's names on the command line, the first of them the usual one."""
    return (form or form_of(name)).flags or (f"--{name.replace('_', '-')}",)


def read_targets(text: str | None) -> list[float] | None:
    """Return the targets of `--targets`.

    Raises:
        InputError: not ascending fractions in (0, 1).
    """
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--targets: expected numbers with commas between them, got {text!r}") from None
    return check_targets(values, "--targets")


def protocol_name(text: str) -> str:
    """Return the name that recipes have for the protocol `text`, written with hyphens or as version 0.1.0 did."""
    return "post_hoc" if text == "afterwards" else text.replace("-", "_")


def _pair(text: str, option: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key or not value:
        raise InputError(f"{option}: write it as NAME=VALUE, got {text!r}")
    return key, value


def mapping(text: str) -> dict[str, Any]:
    """Return the YAML mapping that `text` of --chat-template-kwargs is."""
    try:
        found: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"--chat-template-kwargs: write it as {{enable_thinking: false}}, got {text!r}")
    return cast("dict[str, Any]", found)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return column by key, as `texts` of --column name them."""
    return dict(_pair(text, "--column") for text in texts)


def backend_options(texts: Sequence[str]) -> dict[str, Any]:
    """Return value by name, as `texts` of --backend-option say; values are YAML."""
    named = (_pair(text, "--backend-option") for text in texts)
    return {key: yaml.load(value, RecipeLoader) for key, value in named}


def allowed(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return the allowed values by column, as `texts` of --where name them."""
    chosen: dict[str, list[Any]] = {}
    for key, value in (_pair(text, "--where") for text in texts):
        chosen.setdefault(key, []).append(yaml.load(value, RecipeLoader))
    return chosen


FORMS: Mapping[str, Form] = {
    "model": Form(type=str),
    "questions": Form(type=str),
    "adapter": Form(type=str),
    "out": Form(type=Path),
    "targets": Form(type=str, read=read_targets, help="Comma-separated: 0.25,0.5,0.75."),
    "columns": Form(
        type=list[str],
        read=pairs,
        flags=("--column",),
        help="Written answers=gold, answers=answer.aliases; repeatable.",
    ),
    "where": Form(type=list[str], read=allowed, help="Written relation=P17; repeatable."),
    "backend_options": Form(
        type=list[str],
        read=backend_options,
        flags=("--backend-option",),
        help="Written tokenizer=org/model; repeatable.",
    ),
    "chat_template_kwargs": Form(type=str, read=mapping, help="Written as in a recipe: `{enable_thinking: false}`."),
    "protocol": Form(type=str, read=protocol_name, flags=("--protocol", "--route")),
    "confidence": Form(type=str, read=lambda text: text.replace("-", "_")),
    "grader": Form(type=str),
    "seed": Form(settings={"min": 0}),
    "resamples": Form(flags=("--resamples", "--draws"), settings={"min": 0}),
}
"""Parameter → its form, in all commands."""
