"""A recipe's reward as one small file for another trainer, every choice written out as code."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import Enum
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any, cast

from ... import rewards
from ...data import InputError
from ...rewards import AbstentionReward
from ...rewards.adapters import OnUngraded
from ...rewards.import_path import path_of
from ..config.reward import recipe_reward
from ..config.schema import Recipe


def docstring(lines: Sequence[str]) -> str:
    """Return `lines` as a docstring."""
    # Inside a docstring a backslash would be an escape, and three quotes its end.
    text = "\n".join(lines)
    if "\\" in text and '"""' not in text:
        return f'r"""{text}\n"""'
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""'


def literal(text: str) -> str:
    """Return `text` as a Python literal in double quotes, as formatters write it."""
    return json.dumps(text, ensure_ascii=False)


def _usual(part: Field[Any]) -> Any:
    """Return the default of a dataclass field, or MISSING."""
    return part.default if part.default_factory is MISSING else part.default_factory()


@dataclass
class Code:
    """Writes values as the Python that makes them, and remembers what must be imported."""

    names: dict[str, str]
    """Text → the constant that holds it."""
    modules: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def imported(self, module: str, *names: str) -> str:
        """Return the first of `names`, which `imports` will import from `module`."""
        self.modules.setdefault(module, set()).update(names)
        return names[0]

    def imports(self) -> list[str]:
        """Return the import lines, in order."""
        return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.modules.items())]

    def of(self, value: Any) -> str:
        """Return code that makes `value`; InputError where there is none."""
        if isinstance(value, str) and value in self.names:
            return self.names[value]
        if isinstance(value, Enum):
            return f"{self._name(type(value))}.{value.name}"
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if isinstance(value, str):
            return literal(value)
        if value is None or isinstance(value, bool | int | float):
            return repr(value)
        if isinstance(value, list | tuple):
            parts = [self.of(part) for part in cast("list[Any]", value)]
            return (
                f"[{', '.join(parts)}]" if isinstance(value, list) else f"({', '.join(parts)}{',' * (len(parts) == 1)})"
            )
        if isinstance(value, dict):
            pairs = cast("dict[Any, Any]", value).items()
            return "{" + ", ".join(f"{self.of(key)}: {self.of(part)}" for key, part in pairs) + "}"
        if is_dataclass(value) and not isinstance(value, type):
            shown = [f for f in fields(value) if f.init and self._is_shown(value, f)]
            given = [f"{f.name}={self.of(getattr(value, f.name))}" for f in shown]
            return f"{self._name(type(value))}({', '.join(given)})"
        if isinstance(value, partial):
            return self._bound(cast("partial[Any]", value))
        if callable(value):
            return self._name(value)
        raise InputError(f"recipe: {value!r} cannot be written as code; make its class a dataclass")

    def _bound(self, function: partial[Any]) -> str:
        """Return code of a function with arguments bound, as `arguments` of a recipe binds them."""
        given = [self.of(part) for part in function.args]
        given += [f"{name}={self.of(part)}" for name, part in function.keywords.items()]
        return f"{self.imported('functools', 'partial')}({', '.join([self.of(function.func), *given])})"

    def _is_shown(self, owner: Any, part: Field[Any]) -> bool:
        """Return whether a field is spelt out: a payoff's all, others where they differ or hold a named text."""
        value = getattr(owner, part.name)
        return hasattr(owner, "break_even") or value != _usual(part) or self._holds_name(value)

    def _holds_name(self, value: Any) -> bool:
        if is_dataclass(value) and not isinstance(value, type):
            return any(self._holds_name(getattr(value, f.name)) for f in fields(value))
        return isinstance(value, str) and value in self.names

    def _name(self, thing: Callable[..., Any]) -> str:
        if path := path_of(thing):
            return f"{self.imported('abstain.rewards.import_path', 'import_object')}({literal(path)})"
        name, module = getattr(thing, "__qualname__", ""), getattr(thing, "__module__", "")
        if getattr(rewards, name, None) is thing:
            return self.imported("abstain.rewards", name)
        if getattr(import_module(module) if module else None, name, None) is not thing:
            raise InputError(f"recipe: {thing!r} cannot be imported by name, so it cannot be written as code")
        return self.imported(module, name)


HINTS = {
    "verl": """\
Point verl at it:

    custom_reward_function.path={file} custom_reward_function.name=compute_score
    algorithm.norm_adv_by_std_in_grpo=False

The second line matters: divided by a group's standard deviation, advantages are the same whatever the target.
`compute_score_async` is the same as a coroutine, for a grader that waits. A row's reward_model.ground_truth holds
the accepted answers, its extra_info the threshold (and choices). verl does not say which completions were cut off.""",
    "openrlhf": """\
Point OpenRLHF at it:

    --reward.remote_url {file} --data.label_key label --algo.advantage.estimator dr_grpo

The estimator matters: group_norm divides by a group's standard deviation, which makes advantages the same whatever
the target. The dataset's column `label` holds abstain.rewards.adapters.encode_label(answers, threshold). OpenRLHF
logs an exception of this function at level INFO, leaves the row without a reward, and stops when it needs one.""",
    "verifiers": """\
verifiers 0.1: an environment with this rubric, on a dataset whose `info` holds answers and threshold (and choices).

    environment = vf.SingleTurnEnv(dataset=dataset, rubric=rubric())

verifiers with tasks (import verifiers.v1 as vf): fields answers and threshold in the task's data, and in its config

    rewards = {{ abstention = {{ fn = "{file}:abstention" }} }}
    metrics = {{ verdicts = {{ fn = "{file}:verdicts" }} }}

Have the trainer not divide advantages by a group's standard deviation: they would be the same whatever the target.""",
    "nemo": """\
Put this file where Python finds it (PYTHONPATH, for the workers too) and register its environment before training:

    from nemo_rl.environments.utils import register_env
    register_env("abstention", "MODULE.AbstentionEnvironment")     # MODULE: this file's name without .py

with `env: {{abstention: {{}}}}`, `data.env_name: abstention` and `grpo.normalize_rewards: false` in the config: divided
by a group's standard deviation, advantages are the same whatever the target. A row's extra_env_info holds answers
and threshold (and choices), or a ground_truth made by abstain.rewards.adapters.encode_label(answers, threshold).
NeMo-RL does not tell the environment which completions were cut off.""",
}
"""How the trainer is pointed at `file`."""

_VERL = """\
ADAPTER = VerlReward(reward=REWARD, on_ungraded={on_ungraded})


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    return ADAPTER(data_source, solution_str, ground_truth, extra_info, **reward_kwargs)


async def compute_score_async(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    return await ADAPTER.compute_score_async(data_source, solution_str, ground_truth, extra_info, **reward_kwargs)
"""

_OPENRLHF = """\
ADAPTER = OpenRLHFReward(reward=REWARD, on_ungraded={on_ungraded}, end_tokens={end_tokens})


def reward_func(queries, prompts, labels, **kwargs):
    return ADAPTER(queries, prompts, labels, **kwargs)
"""

_VERIFIERS = """\
ADAPTER = VerifiersReward(reward=REWARD, on_ungraded={on_ungraded})


def abstention_reward(prompt, completion, answer, state, info, parser=None, task=None, **kwargs):
    return ADAPTER(prompt, completion, answer, state, info, parser, task, **kwargs)


def rubric(parser=None):
    return ADAPTER.rubric(parser)


async def abstention(task, trace):
    return await ADAPTER.abstention(task, trace)


async def verdicts(task, trace):
    return await ADAPTER.verdicts(task, trace)
"""

_NEMO = """\
ADAPTER = NemoReward(reward=REWARD, on_ungraded={on_ungraded})


@nemo_actor
class AbstentionEnvironment(nemo_environment_base()):
    def __init__(self, cfg=None):
        self.cfg = cfg

    def step(self, message_log_batch, metadata):
        return ADAPTER.step(message_log_batch, metadata)

    def global_post_process_and_metrics(self, batch):
        return ADAPTER.metrics(batch)

    def shutdown(self):
        pass
"""

BODIES = {
    "verl": (_VERL, ("VerlReward",)),
    "openrlhf": (_OPENRLHF, ("OpenRLHFReward",)),
    "verifiers": (_VERIFIERS, ("VerifiersReward",)),
    "nemo": (_NEMO, ("NemoReward", "nemo_actor", "nemo_environment_base")),
}
"""Trainer → what the file defines, and what it needs from `abstain.rewards.adapters`."""


TRAINERS = tuple(BODIES)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What the command line asked for."""

    trainer: str
    recipe: str
    """The recipe's name or path, as given."""
    file: str
    on_ungraded: OnUngraded
    end_tokens: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that writes the file again."""
        ends = [part for token in self.end_tokens for part in ("--end-token", token)]
        options = ["--recipe", self.recipe, "--out", self.file, f"--on-ungraded={self.on_ungraded}", *ends]
        return shlex.join(["abstain", "export", self.trainer, *options, *self.overrides])


def read_on_ungraded(text: str | None, trainer: str) -> OnUngraded:
    """Return the choice written in `text`: "raise", or a finite number.

    Raises:
        InputError: nothing was chosen, or something else.
    """
    if text == "raise":
        return "raise"
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        given = "" if text is None else f", got {text!r}"
        raise InputError(
            f"{trainer} has no reward for a row without a verdict: say --on-ungraded raise, or the number that "
            f"such a row is to get (0 pays it like an abstention){given}"
        )
    return number


def check_trainer(trainer: str, end_tokens: Sequence[str]) -> None:
    """Raise InputError for an unknown trainer, or for end tokens that are missing or out of place."""
    if trainer not in TRAINERS:
        raise InputError(f"no trainer {trainer!r}; abstain exports for {', '.join(TRAINERS)}")
    if trainer == "openrlhf" and (not end_tokens or "" in end_tokens):
        raise InputError(
            "openrlhf hands over responses with their special tokens: name the text that ends one, for example "
            "--end-token '<|im_end|>' (more than one may be given)"
        )
    if trainer != "openrlhf" and end_tokens:
        raise InputError(f"{trainer} hands over responses without their special tokens; leave --end-token out")


def exported_file(recipe: Recipe, export: Export) -> str:
    """Return the text of the file: the recipe's payoff, grader and phrase as code, in `export.trainer`'s shape.

    Raises:
        InputError: the recipe has no `rl` section, or its payoff or grader cannot be written as code.
    """
    if recipe.rl is None:
        raise InputError(f"recipe {recipe.name}: no `rl` section, so there is no reward to export")
    phrase = recipe.prompt.phrase
    code = Code(names={phrase: "PHRASE"})
    parts = [f"    {name}={code.of(value)}," for name, value in _parts(recipe_reward(recipe))]
    code.imported("abstain.rewards", "AbstentionReward")
    body, needed = BODIES[export.trainer]
    code.imported("abstain.rewards.adapters", *needed)
    reward = [
        f"PHRASE = {literal(phrase)}",
        '"""The abstention that the prompts agree on."""',
        "",
        "REWARD = AbstentionReward(",
        *parts,
        ")",
        "",
    ]
    body = body.format(on_ungraded=code.of(export.on_ungraded), end_tokens=code.of(export.end_tokens))
    return "\n".join([_docstring(recipe, export), "", *code.imports(), "", *reward, body])


def _parts(reward: AbstentionReward) -> list[tuple[str, Any]]:
    """Return what the reward is made of, by name: the choices always, the rest where it is not the default."""
    usual = AbstentionReward()
    always = ("payoff", "grader", "truncated")
    values = {f.name: getattr(reward, f.name) for f in fields(reward)}
    return [(name, v) for name, v in values.items() if name in always or v != getattr(usual, name)]


def _docstring(recipe: Recipe, export: Export) -> str:
    lines = [
        f"The reward of the abstain recipe {recipe.name}, for {export.trainer}.",
        "",
        f"Written by abstain {version('abstain')}:",
        "",
        f"    {export.command}",
        "",
        *HINTS[export.trainer].format(file=export.file).splitlines(),
        "",
        "A prompt ends with its row's target, in the recipe's words for example at 0.75:",
        "",
        *(f"    {line}".rstrip() for line in recipe.prompt.instruction(0.75).splitlines()),
    ]
    return docstring(lines)
