"""Every command on broken inputs: an exit code, one line that says what is wrong, and never a traceback."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_stub import Stub
from simulated import Policy, simulate

import abstain
from abstain.eval.sweep.responses import append_responses
from abstain.recipes.commands import cli

LOGS = Path(__file__).parents[2] / "eval" / "logs"
VALUES: tuple[Any, ...] = (None, True, -1, 0.5, 1e400, "", "x", [], {}, [[]], [None], {"a": []}, [1, "a"], "\ud800")
QUESTIONS = '{"question": "Who?", "answers": ["Ada"]}\n'
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a call of the command line, in this process, as (exit code, what it wrote to standard error)."""

    def called(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["abstain", *map(str, arguments)])
        try:
            cli.main()
            code: Any = 0
        except SystemExit as ended:
            code = ended.code
        return int(code or 0), capsys.readouterr().err

    return called


def check(call: Call, *arguments: object, fails: bool = False) -> None:
    """Raise unless the command ends by itself: done, or with one line and the exit code 1 or 2."""
    shown = " ".join(map(str, arguments))
    try:
        code, err = call(*arguments)
    except Exception as error:  # a traceback, as a user would see it
        raise AssertionError(f"abstain {shown}: {type(error).__name__}: {error}") from error
    assert code in ((1, 2) if fails else (0, 1, 2)), shown
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    assert "Traceback" not in err, shown
    assert len(errors) == (code != 0 and "failed: " not in err and "Usage:" not in err), (shown, err)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one good file of each kind and a scored folder."""
    folder = tmp_path_factory.mktemp("good")
    append_responses(folder / "rows.jsonl", simulate(Policy(), items=4, samples=1))
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "completion", "answers", "confidence"], ["a", "Rome", "['Rome']", "0.5"]])
    for name in ("lm_eval_generated.jsonl", "lm_eval_choice.jsonl", "inspect_scorers.json", "inspect_epochs.eval"):
        (folder / name).write_bytes((LOGS / name).read_bytes())
    (folder / "questions.jsonl").write_text(QUESTIONS)
    abstain.score(folder / "rows.jsonl", out=folder / "scored", resamples=0)
    return folder


def broken(good: bytes, chance: random.Random) -> bytes:
    """Return the bytes cut off, or with a few of them changed, put in or taken out."""
    at = chance.randrange(1, len(good))
    how = chance.choice(("cut", "cut", "change", "drop", "insert"))
    if how == "cut":
        return good[:at]
    end = at + chance.choice((1, 3, 40))
    put = bytes(chance.choice(b'{}[]":,\x00\xff01eN') for _ in range(end - at))
    return good[:at] + (b"" if how == "drop" else put) + good[at if how == "insert" else end :]


def test_files_cut_or_garbled_anywhere(call: Call, good: Path, tmp_path: Path) -> None:
    chance = random.Random(0)
    kinds = [path for path in sorted(good.iterdir()) if path.is_file() and path.name != "questions.jsonl"]
    for number in range(12):
        source = kinds[number % len(kinds)]
        path = tmp_path / f"{number}{source.suffix}"
        path.write_bytes(broken(source.read_bytes(), chance))
        scorer = ("--scorer", "match") if source.name == "inspect_scorers.json" else ()
        check(call, "score", path, "--draws", 0, *scorer)
        check(
            call,
            *(("threshold", path, "--risk", 0.1) if number % 2 else ("compare", path, good / "scored", "--draws", 100)),
        )


def wrong_types(rows: list[Any], chance: random.Random) -> Iterator[list[Any]]:
    """Yield the rows with one value of the first, at any depth, in the place of which another kind stands."""
    places = list(_places(rows[0], ()))
    for path in chance.sample(places, min(6, len(places))):
        copy = json.loads(json.dumps(rows))
        section = copy[0]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = chance.choice(VALUES)
        yield copy


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def test_values_of_the_wrong_kind_in_every_log(call: Call, good: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    for name in ("rows.jsonl", "lm_eval_generated.jsonl", "lm_eval_choice.jsonl"):
        rows = [json.loads(line) for line in (good / name).read_text().splitlines()]
        for number, wrong in enumerate(wrong_types(rows, chance)):
            path = tmp_path / f"{number}-{name}"
            path.write_text("".join(json.dumps(row) + "\n" for row in wrong))
            check(call, "score", path, "--draws", 0)
    log = json.loads((good / "inspect_scorers.json").read_text())
    for number, (sample, *_) in enumerate(wrong_types(log["samples"], chance)):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({**log, "samples": [sample]}))
        check(call, "score", path, "--draws", 0, "--scorer", "match")


def test_a_run_folder_whose_files_are_broken(call: Call, good: Path, tmp_path: Path) -> None:
    chance = random.Random(2)
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in ("responses.jsonl", "metrics.json"):
            contents = (good / "scored" / name).read_bytes()
            garbled = broken(contents, chance) if (name == "metrics.json") == bool(number % 2) else contents
            (folder / name).write_bytes(garbled)
        if number % 3 == 0:
            (folder / "recipe.yaml").write_text(chance.choice(("model: [", "[1]", "name: x", "rl: {grpo: 3}", "\x00")))
        check(call, "assert", folder, "--require", "threshold_slope > 0")
        check(call, "report", folder)
        check(call, "compare", folder, good / "scored", "--draws", 100)


@pytest.mark.parametrize(
    "text", ["", "- 1", "model: [", "name: 3", "{name: x, description: y}", "extends: 7", "\x00", "a: &a [*a]"]
)
def test_a_recipe_that_is_none(call: Call, text: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text)
    check(call, "check", tmp_path / "r.yaml", fails=True)
    check(call, "run", tmp_path / "r.yaml", "--out", tmp_path / "run", fails=True)


def test_places_that_nothing_can_be_written_in(call: Call, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    rows, scored, quiz = good / "rows.jsonl", good / "scored", good / "questions.jsonl"
    for out in (file / "below", file):
        check(call, "score", rows, "--draws", 0, "--out", out, fails=True)
        check(call, "score", rows, "--draws", 0, "--csv", out, fails=True)
        check(call, "report", scored, "--csv", out, fails=True)
        check(call, "report", scored, "--out", f"{out}.d/x.html", fails=True)
        check(call, "compare", rows, scored, "--out", out, "--draws", 100, fails=True)
        check(call, "run", "tiny", "--out", out, fails=True)
        check(
            call, "export", "verl", "--recipe", "tiny", "--on-ungraded", "raise", "--out", out / "reward.py", fails=True
        )
        check(call, "export", "inspect", "--questions", quiz, "--out", out / "sweep", fails=True)
        check(call, "recipes", "copy", "tiny", out / "my.yaml", fails=True)


@pytest.mark.parametrize(
    "reply",
    [
        "<html>a page</html>",
        "{",
        '{"choices": [null]}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": [{"message": {"content": "a"}, "logprobs": {"content": [3]}}]}',
    ],
)
def test_a_server_that_answers_nonsense(call: Call, reply: str, good: Path, tmp_path: Path) -> None:
    with Stub(page=reply) as stub:
        asked = ("--model", "m", "--base-url", stub.url, "--questions", good / "questions.jsonl", "--targets", 0.5)
        check(call, "eval", *asked, "--out", tmp_path / "run", fails=True)
