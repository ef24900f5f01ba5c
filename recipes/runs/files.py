"""The names of the files in a run's folder; no other module spells them.

What was asked, what it ran on and which stages are done lie in the folder itself. The rows of a system and its metrics
lie together, under `eval/SYSTEM`, or of scored logs of one system in the folder itself.
"""

from __future__ import annotations

from pathlib import Path

RECIPE = "recipe.yaml"
OLD_EVALUATION = "eval.yaml"
"""What an evaluation of version 0.1.0 has in the place of a recipe."""
ENVIRONMENT = "environment.json"
STATE = "state.json"
RESPONSES = "responses.jsonl"
METRICS = "metrics.json"
REPORT = "report.html"
SYSTEMS = "eval"
"""The folder of the systems' folders."""


def recorded(folder: Path) -> Path | None:
    """Return the file that says what was asked in `folder`; None where there is none, so that it is no run's."""
    files = (folder / RECIPE, folder / OLD_EVALUATION)
    return next((file for file in files if file.is_file()), None)


def run_of_system(path: Path) -> Path | None:
    """Return the folder of the run whose system's folder, `RUN/eval/SYSTEM`, `path` is or lies in; None without one.

    A recipe alone does not make a folder a run's: people keep recipes beside their logs.
    """
    for system in (path, path.parent):
        run = system.parent.parent
        started = any((run / name).is_file() for name in (STATE, ENVIRONMENT))
        if system.parent.name == SYSTEMS and started and recorded(run) is not None:
            return run
    return None


def responses_path(folder: Path, system: str) -> Path:
    """Return where the rows of a system of the run in `folder` lie."""
    return folder / SYSTEMS / system / RESPONSES


def system_paths(folder: Path) -> dict[str, Path]:
    """Return system → file of its rows, of those that the run in `folder` has rows of."""
    return {path.parent.name: path for path in folder.glob(f"{SYSTEMS}/*/{RESPONSES}")}


def beside(responses: Path, name: str) -> Path:
    """Return the file called `name` in the folder of the rows `responses`."""
    return responses.parent / name
