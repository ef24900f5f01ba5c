"""The folder of a run: who may work in it, which of its stages are done, and how its files are written.

One process works in a folder, or the processes of one launch.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ...data import InputError, RunError, write_atomic
from ...data.files import check_folder, make_folder
from ...eval.sweep.lock import holder, in_use, is_free, locked
from ...eval.sweep.shard import Shard, current_shard
from ..config.load import dump_recipe
from ..config.schema import Recipe
from .environment import resumed
from .files import ENVIRONMENT, RECIPE, STATE, recorded
from .load import recorded_recipe

LOCK = ".lock"
"""The lock file in a run's folder; it is no part of the run."""
PATIENCE = 600.0
"""Seconds that the other processes of a launch wait for the main one to claim the folder."""


@contextmanager
def held(out: Path) -> Generator[Shard]:
    """Hold the folder `out` while the block runs, and give the share of this process.

    Where a launcher started several processes, the main one holds the folder for all of them, and
    the others wait until it does.

    Raises:
        InputError: another process works in the folder.
        RunError: the main process of this launch did not claim the folder.
    """
    shard = current_shard()
    if shard.main:
        with locked(out / LOCK, out, launch=shard.launch, keep=shard.world > 1):
            yield shard
        return
    deadline = time.monotonic() + PATIENCE
    while not _claimed(out / LOCK, shard.launch):
        if time.monotonic() > deadline:
            raise RunError(f"{out}: process 0 of this launch did not begin within {PATIENCE:g} s")
        time.sleep(0.2)
    yield shard


def _claimed(lock: Path, launch: str) -> bool:
    """Return whether the main process of `launch` holds `lock`; an empty id is every unnamed launch's."""
    return holder(lock).get("launch") == launch and (bool(launch.strip(":")) or not is_free(lock))


def refuse_if_held(out: Path) -> None:
    """Raise early, before models are loaded, where another process works in `out`.

    Raises:
        InputError: naming the process.
    """
    if current_shard().main and not is_free(out / LOCK):
        raise in_use(out / LOCK, out)


class RunFolder:
    """The files of a run, and which of its stages are done."""

    def __init__(self, path: Path) -> None:
        """Take the folder `path`; nothing is written yet."""
        self.path = path
        file = path / STATE
        state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.seconds: dict[str, float] = state.get("seconds", {})
        self.peak: float = state.get("peak_memory_gib", 0.0)

    def open(self, recipe: Recipe, *, resume: bool) -> None:
        """Claim the folder for `recipe`; of several processes, the main one does.

        Raises:
            InputError: it holds another run, or files that are no run; nothing is overwritten.
        """
        if current_shard().main:
            claim(self.path, recipe, resume=resume)
            for stage in self.seconds:  # a kill came between marking it done and this
                shutil.rmtree(self.path / "checkpoints" / stage, ignore_errors=True)

    def note(self, environment: dict[str, Any]) -> None:
        """Write what the run runs on; a resumed one keeps what it began on and adds what differs now."""
        path = self.path / ENVIRONMENT
        if not current_shard().main:
            return
        if path.is_file():
            environment = resumed(json.loads(path.read_text(encoding="utf-8")), environment)
        write_atomic(path, json.dumps(environment, indent=1))

    @contextmanager
    def timed(self, stage: str) -> Generator[None]:
        """Mark `stage` done when the block ends, with the seconds it took in this process; the main one writes it."""
        import resource  # not on Windows, where no folder can be locked for a run either

        start = time.monotonic()
        yield
        self.seconds[stage] = round(time.monotonic() - start, 2)
        # Linux counts kibibytes, macOS bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
        self.peak = max(self.peak, round(peak, 3))  # of all processes that worked on the run
        state = {"seconds": self.seconds, "peak_memory_gib": self.peak}
        if current_shard().main:
            write_atomic(self.path / STATE, json.dumps(state, indent=1))
            # Not before: until the stage is marked done, a kill needs its checkpoints.
            shutil.rmtree(self.path / "checkpoints" / stage, ignore_errors=True)

    def done(self, stage: str) -> bool:
        """Return whether `stage` was finished before."""
        return stage in self.seconds


def _differing(before: Recipe, now: Recipe) -> dict[str, str]:
    """Return key → "KEY: was A, is B" of what two recipes run otherwise.

    The name and the description, which say nothing of what is run, do not count.
    """
    old, new = (dict(_flat(recipe.model_dump(mode="json"))) for recipe in (before, now))
    keys = [key for key in {**old, **new} if key not in ("name", "description") and old.get(key) != new.get(key)]
    return {key: f"{key}: was {old.get(key)!r:.60}, is {new.get(key)!r:.60}" for key in keys}


def _kept(differing: Mapping[str, str], before: Recipe, path: Path) -> list[str]:
    """Return those of `differing` that a run which has begun cannot change.

    It can change the settings of a stage that has not begun, but for what other stages and evaluations read too.

    Args:
        differing: Key → what differs.
        before: The recipe of the run so far.
        path: The run's folder.
    """
    seconds = RunFolder(path).seconds
    kept: list[str] = []
    for key, text in differing.items():
        stage, _, rest = key.partition(".")
        begun = stage in seconds or any((path / "checkpoints" / stage).glob("checkpoint-*"))
        if stage not in before.stages or not rest or rest.partition(".")[0] in READ_ELSEWHERE or begun:
            kept.append(text)
    return kept


READ_ELSEWHERE = ("payoff", "confidence", "teach", "prompts")
"""Settings of a stage that decide more than the stage: what a warm-up pays by, what an evaluation asks for, which
questions other stages have."""


def _flat(section: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict) and value:
            yield from _flat(cast("dict[str, Any]", value), f"{place}{key}.")
        else:
            yield f"{place}{key}", value


def claim(path: Path, recipe: Recipe, *, resume: bool, dry: bool = False) -> None:
    """Claim the folder `path` for `recipe`; `dry` only looks.

    Args:
        path: The folder, made where it is missing.
        recipe: What the folder is claimed for.
        resume: Allow a folder that holds the same run, or one whose recipe differs in stages that have not begun.
        dry: Check alone, and write nothing.

    Raises:
        InputError: it holds another run, or files that are no run; nothing is overwritten.
    """
    written = recorded(path)
    if written is not None:
        if not resume:
            raise InputError(
                f"{path}: already holds a run; continue it (resume=True, --resume), or choose another "
                "folder (out, --out)"
            )
        before = recorded_recipe(path)
        differing = [] if before is None else _kept(_differing(before, recipe), before, path)
        if before is None or differing:
            shown = f" ({'; '.join(differing[:3])}{'; ...' if len(differing) > 3 else ''})" if differing else ""
            raise InputError(f"{written}: holds a run of another recipe or seed{shown}; choose another --out")
    check_folder(path)
    if written is None and path.exists() and (not path.is_dir() or any(p.name != LOCK for p in path.iterdir())):
        raise InputError(f"{path}: exists and is not a run's folder; choose another --out")
    if not dry:
        make_folder(path)
        write_atomic(path / RECIPE, dump_recipe(recipe))
