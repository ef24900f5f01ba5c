"""A sweep as a folder for Inspect or lm-evaluation-harness: the rows, and the files that ask and judge them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from ...data import InputError
from ...eval.logs.harness import HarnessGrader, harness_rows
from ..runs.harness import HarnessSweep
from .harness_files import (
    INSPECT,
    INSPECT_SAMPLES,
    LM_EVAL,
    LM_EVAL_COMMON,
    LM_EVAL_GROUP,
    LM_EVAL_SAMPLES,
    LM_EVAL_TARGETS,
    LM_EVAL_TASK,
)
from .python_code import Code, docstring, literal

ROWS = "rows.jsonl"


def folder_files(harness: str, asked: HarnessSweep, out: Path, command: str) -> dict[str, str]:
    """Return the files of the folder `out`, name to text; `command` is what writes them again.

    Raises:
        InputError: the grader cannot be written as code, or the harness cannot put the prompts.
    """
    rows = harness_rows(asked.questions, asked.sweep)
    if harness == "lm-eval" and (
        row := next((r for r in rows if [m["role"] for m in r["messages"]] != ["user"]), None)
    ):
        roles = ", ".join(message["role"] for message in row["messages"])
        raise InputError(f"lm-eval asks one message of the user; the prompt of question {row['id']!r} is {roles}")
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return {**WRITERS[harness](asked, out, command), ROWS: lines}


def slug(name: str) -> str:
    """Return `name` as a name of a task: a Python identifier that begins with abstain_.

    >>> slug("popqa-2")
    'abstain_popqa_2'
    """
    return f"abstain_{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}"


def _inspect(asked: HarnessSweep, out: Path, command: str) -> dict[str, str]:
    name = slug(asked.name)
    needed = ("HarnessGrader", "by_target", "read_harness_rows")
    parts = INSPECT + (INSPECT_SAMPLES if asked.sweep.samples else "")
    made = {"slug": name, "samples": asked.sweep.samples, "max_new_tokens": asked.max_new_tokens}
    text = parts.format(**_code(asked, needed, verdict=True), **made)
    hint = [
        "Run it with Inspect; here with a model in a folder, --max-connections being the batch:",
        "",
        f"    inspect eval {out}/task.py@{name} --max-connections 64 --model hf/local \\",
        "        -M model_path=MODEL -M do_sample=false -M tokenizer_call_args='{\"add_special_tokens\": false}'",
    ]
    return {"task.py": _opening(asked, command, "Inspect", hint) + "\n\n" + text}


def _lm_eval(asked: HarnessSweep, out: Path, command: str) -> dict[str, str]:
    name = slug(asked.name)
    hint = [
        "Run it with lm-evaluation-harness; without --apply_chat_template the model gets another prompt:",
        "",
        f"    lm_eval --model hf --model_args pretrained=MODEL,add_bos_token=False --tasks {name} \\",
        f"        --include_path {out} --apply_chat_template --log_samples --output_path OUT",
    ]
    needed = ("HarnessGrader", "defined_mean", "read_harness_rows", "verdict_numbers")
    utils = _opening(asked, command, "lm-evaluation-harness", hint) + "\n\n" + LM_EVAL.format(**_code(asked, needed))
    forced = {f"{name}_forced": LM_EVAL_TASK, **({f"{name}_samples": LM_EVAL_SAMPLES} if asked.sweep.samples else {})}
    targets = {f"{name}_t{t:g}": t for t in asked.sweep.targets}
    made = {"samples": asked.sweep.samples, "max_new_tokens": asked.max_new_tokens}
    files = {f"{task}.yaml": text.format(name=task, threshold=0.0, **made) for task, text in forced.items()}
    files |= {f"{task}.yaml": LM_EVAL_TASK.format(name=task, threshold=t, **made) for task, t in targets.items()}
    groups = {
        f"_{name}.yaml": LM_EVAL_GROUP.format(name=name, tasks="\n".join(f"  - {task}" for task in forced)),
        f"_{name}_targets.yaml": LM_EVAL_TARGETS.format(name=name, targets="\n".join(f"  - {t}" for t in targets)),
    }
    return {"utils.py": utils, "_sweep.yaml": LM_EVAL_COMMON, **files, **groups}


WRITERS: Mapping[str, Callable[[HarnessSweep, Path, str], dict[str, str]]] = {"inspect": _inspect, "lm-eval": _lm_eval}
"""Harness → what writes its folder."""


def _code(asked: HarnessSweep, needed: tuple[str, ...], *, verdict: bool = False) -> dict[str, str]:
    """Return the imports and the grader as code."""
    sweep = asked.sweep
    code = Code(names={sweep.style.phrase: "PHRASE"})
    strip = sweep.parser if sweep.strip_confidence else None
    made = code.of(HarnessGrader(grader=sweep.grader, truncated=sweep.truncated, confidence=strip))
    code.imported("abstain.eval.logs.harness", *needed)
    if verdict:
        code.imported("abstain.rewards", "Verdict")
    phrase = [f"PHRASE = {literal(sweep.style.phrase)}", '"""The abstention that the prompts agree on."""', ""]
    return {"imports": "\n".join(code.imports()), "grader": "\n".join([*phrase, f"GRADER = {made}"])}


def _opening(asked: HarnessSweep, command: str, harness: str, hint: list[str]) -> str:
    lines = [
        f"The sweep {asked.name} for {harness}: {len(asked.questions)} questions, forced and at each target.",
        "",
        f"Written by abstain {version('abstain')}:",
        "",
        f"    {command}",
        "",
        *hint,
        "",
        "It needs abstain to be installed. Verdicts are those of `abstain eval` on the same completions.",
    ]
    return docstring(lines)
