"""A run's folder, read: what was asked, which systems have rows, their metrics, what it ran on.

`abstain run`, `eval` and `score` all leave such folders. A path becomes a `Run` once, by `load_run`, and no other
module asks what kind of folder it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import yaml
from pydantic import TypeAdapter

from ...data import InputError, PromptStyle, Question, World, make_world
from ...data.nearest import nearest
from ...eval.metrics.requirement import Finding, check_requirements, parse_requirement
from ...eval.open_rubric.protocol import NAME as OPEN_RUBRIC
from ...eval.report.summary import ordered
from ...eval.sweep.responses import Response, read_responses, responses_frame
from ...rewards import DEFAULT_PHRASE, ConfidenceParser, Grader
from ..config.evaluation import recipe_of_old_evaluation
from ..config.graders import AnyGrader, GraderSection, with_memory
from ..config.layers import RecipeLoader
from ..config.load import load_recipe
from ..config.schema import Recipe
from .files import (
    ENVIRONMENT,
    METRICS,
    OLD_EVALUATION,
    RECIPE,
    REPORT,
    RESPONSES,
    SYSTEMS,
    beside,
    recorded,
    responses_path,
    run_of_system,
    system_paths,
)
from .metrics_file import chosen_split, read_metrics, splits_of
from .sweeps import stated_confidence

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run left: the folder of `abstain run`, `eval` or `score`, one system's folder in it, or a file of rows."""

    path: Path
    """The folder or file that was loaded."""
    recipe: Recipe | None = None
    """What was asked; None for rows that no recipe is known of."""
    folder: Path | None = None
    """The folder that holds the recipe: `path`, or the run's folder that `path` lies in."""
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """System → file of its rows, in the order in which reports show them."""

    @property
    def kind(self) -> Literal["training", "evaluation", "scored"]:
        """What made the rows: training stages and their sweeps, an evaluation alone, or `abstain score`."""
        swept = self.folder is not None and (
            self.path == self.folder or all(self.folder in list(file.parents)[2:3] for file in self._resolved)
        )
        if self.recipe is None or not swept:
            return "scored"
        return "training" if self.recipe.stages else "evaluation"

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: {', '.join(self.systems) or 'no system yet'}"

    @property
    def systems(self) -> list[str]:
        """The systems that have rows; the last is the one that the run is about."""
        return list(self.files)

    def responses(self, system: str) -> list[Response]:
        """Return every row of a system.

        Raises:
            InputError: the run has no such system, or the file is malformed.
        """
        return read_responses(self.file(system))

    def metrics(self, system: str) -> dict[str, dict[str, Any]]:
        """Return split → metrics of a system, the headline's split first; docs/architecture.md lists the keys.

        Raises:
            InputError: the run has no such system, or its metrics are missing or malformed.
        """
        path = self.metrics_file(system)
        if not path.is_file():
            raise InputError(f"{path}: missing; `abstain report {self.home}` computes it")
        try:
            return splits_of(read_metrics(path))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not a metrics file ({type(error).__name__}: {error})") from None

    def check(self, *requirements: str, system: str | None = None, split: str | None = None) -> list[Finding]:
        """Return each requirement, as `abstain assert` takes them, held against the metrics of one system and split.

        Args:
            requirements: Such as "threshold_slope in [0.9, 1.1]" (docs/evaluation.md).
            system: By default the last.
            split: By default the headline's.

        Raises:
            InputError: a requirement cannot be read, there is no such metric, system or split, or the run is of the
                open-rubric experiment.
        """
        if self.protocol == OPEN_RUBRIC:
            raise InputError(f"{self.path}: has the metrics of the protocol {OPEN_RUBRIC}, which no requirement names")
        read = [parse_requirement(text) for text in requirements]
        system = self.require_responses().systems[-1] if system is None else system
        splits = self.metrics(system)
        return check_requirements(read, splits[chosen_split(splits, split, self.path)])

    def frame(self, system: str) -> DataFrame:
        """Return the rows of a system as a pandas data frame, one column a field of `Response`.

        Raises:
            InputError: pandas is not installed, or as `responses`.
        """
        return responses_frame(self.responses(system))

    def file(self, system: str) -> Path:
        """Return the file of a system's rows.

        Raises:
            InputError: the run has no such system.
        """
        if system not in self.files:
            names = ", ".join(self.files) or "none"
            raise InputError(f"{self.path}: has no system {system!r}; it has {names}{nearest(system, self.files)}")
        return self.files[system]

    def metrics_file(self, system: str) -> Path:
        """Return where the metrics of a system lie, or will."""
        return beside(self.file(system), METRICS)

    def require_responses(self) -> Run:
        """Return the run itself.

        Raises:
            InputError: it has no rows yet.
        """
        if not self.files:
            raise InputError(f"{self.path}: holds no responses to report on; go on with `abstain run ... --resume`")
        return self

    def reference_system(self, system: str) -> str:
        """Return the system whose confidence is the reference of `system` (`Recipe.reference_system`)."""
        return "base" if self.recipe is None else self.recipe.reference_system(system)

    @property
    def base(self) -> Path | None:
        """The rows of the model before it was taught to abstain, whose confidence is the reference; None without."""
        reference = self.reference_system(self.systems[-1])
        if len(self.files) > 1 or not self._resolved:
            return self.files.get(reference)
        folder = self._resolved[-1].parents[1]
        path = responses_path(folder.parent, reference)
        return path if folder.name == SYSTEMS and path.is_file() else None

    @property
    def home(self) -> Path:
        """The folder that `abstain report` is given for these rows."""
        return self.path if self.kind == "scored" or self.folder is None else self.folder

    @property
    def report(self) -> Path:
        """Where the report lies by default."""
        return (self.path if self.path.is_dir() else self.path.parent) / REPORT

    @property
    def questions(self) -> list[Question]:
        """The questions that were asked, as the rows of the last system hold them: without turns before them.

        Raises:
            InputError: there are no rows, or they do not hold their questions.
        """
        system = self.require_responses().systems[-1]
        rows = {row.id: row for row in self.responses(system)}
        try:
            return [_question(row) for row in rows.values()]
        except ValueError as error:
            raise InputError(f"{self.file(system)}: the rows do not hold their questions ({error})") from None

    @property
    def prompt(self) -> PromptStyle | None:
        """How the questions were asked; None where no recipe is known."""
        return None if self.recipe is None else self.recipe.eval_prompt

    @property
    def phrase(self) -> str:
        """The abstention that the prompts agreed on."""
        return DEFAULT_PHRASE if self.prompt is None else self.prompt.phrase

    @property
    def grader_section(self) -> GraderSection | None:
        """How the rows were graded, as a recipe says it; None where nothing says so."""
        if self.systems and (source := self._source(self.systems[-1])) is not None:
            return _grader(source["grader"]) if source["graded"] else None
        return None if self.recipe is None else self.recipe.grader

    @property
    def grader(self) -> Grader | None:
        """The grader of the rows: (completion, answers, choices) → judgement; None where nothing says which."""
        section = self.grader_section
        return None if section is None else with_memory(section, self.home).build(self.phrase)

    @property
    def stated_confidence(self) -> ConfidenceParser | None:
        """What reads the confidences that completions state; None where they were asked for none."""
        return None if self.recipe is None else stated_confidence(self.recipe)

    @property
    def protocol(self) -> str | None:
        """How the questions were asked, as `Recipe.protocol` or the metrics of scored rows say; None: neither does."""
        if self.recipe is not None and self.kind != "scored":
            return self.recipe.protocol
        path = self.metrics_file(self.systems[-1]) if self.systems else None
        return read_metrics(path).get("protocol") if path and path.is_file() else None

    @property
    def targets(self) -> list[float]:
        """The targets of the evaluation, ascending."""
        if self.recipe is not None:
            return list(self.recipe.targets.eval)
        return list(next(iter(self.metrics(self.require_responses().systems[-1]).values()))["targets"])

    @property
    def seed(self) -> int:
        """The seed of the run; 0 where no recipe is known."""
        return 0 if self.recipe is None else self.recipe.seed

    @property
    def model(self) -> str | None:
        """The model below the adapters: the recipe's, the one made from scratch, or what post-training made of either.

        None without a recipe.
        """
        if self.recipe is None or self.folder is None:
            return None
        if "post_training" in self.recipe.stages[:-1]:
            return str(self.folder / "post_training")
        return self.recipe.model or str(self.folder / "base")

    @property
    def adapter(self) -> Path | None:
        """The adapter after the last finished training stage, or the one that an evaluation asked; None without."""
        if self.recipe is None or self.folder is None:
            return None
        for name in ("adapter", *reversed(self.recipe.stages[:-1])):
            if (self.folder / name / "adapter_config.json").is_file():
                return self.folder / name
        return Path(self.recipe.adapter) if self.recipe.adapter is not None and not self.recipe.stages else None

    @cached_property
    def environment(self) -> dict[str, Any] | None:
        """What the run ran on; None where that is not recorded."""
        path = None if self.folder is None or self.kind == "scored" else self.folder / ENVIRONMENT
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else None
        except ValueError as error:
            raise InputError(f"{path}: not JSON ({error})") from None

    @cached_property
    def world(self) -> World | None:
        """The synthetic world of the recipe, made again from its seed; None for other questions."""
        if self.recipe is None or self.recipe.world is None:
            return None
        return make_world(self.recipe.world, self.recipe.seed)

    def _source(self, system: str) -> dict[str, Any] | None:
        """Return how `abstain score` read the rows; None for the rows of a sweep."""
        path = self.metrics_file(system)
        return read_metrics(path).get("source") if path.is_file() else None

    @property
    def _resolved(self) -> list[Path]:
        return [file.absolute() for file in self.files.values()]


def load_run(path: str | Path) -> Run:
    """Return the run that lies at `path`.

    >>> import json, pathlib, tempfile
    >>> row = {"id": "1", "verdict": "correct"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "answers.jsonl")
    ...     _ = path.write_text(json.dumps(row))
    ...     run = load_run(path)
    >>> run.kind, run.systems, run.seed
    ('scored', ['answers.jsonl'], 0)

    Args:
        path: The folder of `abstain run`, `eval` or `score`, also one that version 0.1.0 made; the folder of one
            system in it (`RUN/eval/SYSTEM`); or a file of rows.

    Raises:
        InputError: there is no such folder or file, or it holds neither a recipe nor rows.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    files = {path.name: path} if path.is_file() else _files(path)
    folder = path if recorded(path) is not None else run_of_system(path.absolute())
    if not files and folder != path:
        raise InputError(
            f"{path}: not a run's folder: it has no {RECIPE}, and holds no responses (neither {RESPONSES} nor "
            f"{SYSTEMS}/*/{RESPONSES})"
        )
    return Run(path=path, files=files, folder=folder, recipe=None if folder is None else recorded_recipe(folder))


def recorded_recipe(folder: Path) -> Recipe | None:
    """Return the recipe of the run in `folder`; None where the folder is no run's.

    Raises:
        InputError: the file that holds it is malformed.
    """
    file = recorded(folder)
    if file is None or file.name == RECIPE:
        return None if file is None else load_recipe(str(file))
    loaded: Any = yaml.load(file.read_text(encoding="utf-8"), RecipeLoader)
    if not isinstance(loaded, dict):
        raise InputError(f"{file}: expected the mapping that version 0.1.0 wrote as {OLD_EVALUATION}")
    return recipe_of_old_evaluation(cast("dict[str, Any]", loaded), str(file))


def _files(folder: Path) -> dict[str, Path]:
    if (folder / RESPONSES).is_file():
        return {folder.resolve().name: folder / RESPONSES}
    files = system_paths(folder)
    return {name: files[name] for name in ordered(list(files))}


def _grader(values: Mapping[str, Any]) -> GraderSection:
    return TypeAdapter[GraderSection](AnyGrader).validate_python(dict(values))


def _question(row: Response) -> Question:
    return Question(
        id=row.id,
        text=row.question,
        answers=row.answers,
        choices=row.choices or None,
        exact_confidence=row.exact_confidence,
        metadata={"split": row.split},
        answerable=row.answerable,
    )
