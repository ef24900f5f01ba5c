"""A sweep as a folder for Inspect or lm-evaluation-harness: the rows, and the files that ask and judge them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from ...data import InputError
from ...eval.logs.harness import HarnessGrader, harness_rows
from ..runs.sweeps import HarnessSweep
from .export import Code, docstring, literal

INSPECT = '''\
from pathlib import Path

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, SampleScore, Score, metric, scorer
from inspect_ai.solver import generate

{imports}

{grader}

ROWS = Path(__file__).with_name("rows.jsonl")
ROLES = {{"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}}
VALUES = {{Verdict.CORRECT: CORRECT, Verdict.WRONG: INCORRECT, Verdict.ABSTAINED: NOANSWER}}
VERDICTS = {{value: verdict for verdict, value in VALUES.items()}}


@metric(scores="unreduced")
def targets():
    """Coverage, accuracy of the answers and mean payoff at every target; Inspect leaves unscored samples out."""

    def compute(scores: list[SampleScore]):
        return by_target((s.sample_metadata["threshold"], VERDICTS[s.score.value]) for s in scores)

    return compute


@scorer(metrics=[targets()])
def abstention():
    """C, I, or N for an abstention, which is no error; a sample without a verdict is unscored, and not a 0."""

    async def score(state, target):
        cut = state.output.stop_reason in ("max_tokens", "model_length")
        judged = GRADER(state.output.completion, state.metadata, cut=cut)
        said = {{"answer": judged.answer, "explanation": judged.reason}}
        if judged.verdict is Verdict.UNGRADED:
            return Score.unscored(reason="scoring_failed", **said)
        return Score(value=VALUES[judged.verdict], **said)

    return score


def dataset(threshold=None, **more):
    rows = [{{**row, **more}} for row in read_harness_rows(ROWS, threshold)]
    return MemoryDataset(
        [
            Sample(
                id=f"{{row['id']}} t={{row['threshold']:g}}",
                input=[ROLES[message["role"]](content=message["content"]) for message in row["messages"]],
                target=row["answers"],
                metadata={{key: value for key, value in row.items() if key != "messages"}},
            )
            for row in rows
        ]
    )


@task
def {slug}():
    """Every question once as a forced answer and once at every target, greedily."""
    return Task(
        dataset=dataset(),
        solver=generate(),
        scorer=abstention(),
        config=GenerateConfig(temperature=0.0, max_tokens={max_new_tokens}),
    )
'''

INSPECT_SAMPLES = '''\


@task
def {slug}_samples():
    """Every question {samples} times as a forced answer, sampled at temperature 1."""
    return Task(
        dataset=dataset(threshold=0.0, first_sample=1),
        solver=generate(),
        scorer=abstention(),
        epochs=Epochs({samples}, "mode"),
        config=GenerateConfig(temperature=1.0, top_p=1.0, max_tokens={max_new_tokens}),
    )
'''

LM_EVAL = '''\
from pathlib import Path

from datasets import Dataset

{imports}

{grader}

ROWS = Path(__file__).with_name("rows.jsonl")


def rows(threshold, first_sample=0, **_):
    """Return the rows of one target as the harness's data set."""
    found = [{{**row, "first_sample": first_sample}} for row in read_harness_rows(ROWS, threshold)]
    return {{"test": Dataset.from_list(found)}}


def doc_to_text(doc):
    """Return the user's message; --apply_chat_template makes the prompt of it."""
    (message,) = doc["messages"]
    return message["content"]


def doc_to_target(doc):
    return doc["answers"]


def process_results(doc, results):
    """Return the completion's part in each metric; of several samples, the mean."""
    texts = results[0] if isinstance(results[0], list) else results
    parts = [verdict_numbers(GRADER(text, doc).verdict, doc["threshold"]) for text in texts]
    return {{name: defined_mean(part[name] for part in parts) for name in parts[0]}}


def mean(values):
    """Return the mean of the values that are defined; NaN where none is."""
    return defined_mean(values)
'''

LM_EVAL_COMMON = """\
# What every task of the sweep shares.
custom_dataset: !function utils.rows
test_split: test
output_type: generate_until
doc_to_text: !function utils.doc_to_text
doc_to_target: !function utils.doc_to_target
process_results: !function utils.process_results
num_fewshot: 0
metric_list:
  - metric: correct
    aggregation: mean
    higher_is_better: true
  - metric: wrong
    aggregation: mean
    higher_is_better: false
  - metric: abstained
    aggregation: mean
    higher_is_better: null
  - metric: ungraded
    aggregation: mean
    higher_is_better: null
  - metric: accuracy_answered
    aggregation: !function utils.mean
    higher_is_better: true
  - metric: payoff
    aggregation: !function utils.mean
    higher_is_better: true
metadata:
  version: 1
"""

LM_EVAL_TASK = """\
include: _sweep.yaml
task: {name}
dataset_kwargs:
  threshold: {threshold}
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: {max_new_tokens}
"""

LM_EVAL_SAMPLES = """\
include: _sweep.yaml
task: {name}
dataset_kwargs:
  threshold: 0.0
  first_sample: 1
repeats: {samples}
filter_list:
  - name: none
    filter:
      - function: take_first_k
        k: {samples}
generation_kwargs:
  until: []
  do_sample: true
  temperature: 1.0
  top_p: 1.0
  top_k: 0
  max_gen_toks: {max_new_tokens}
"""

LM_EVAL_GROUP = """\
group: {name}
task:
{tasks}
  - {name}_targets
metadata:
  version: 1
"""

LM_EVAL_TARGETS = """\
group: {name}_targets
task:
{targets}
aggregate_metric_list:
  - metric: correct
  - metric: wrong
  - metric: abstained
  - metric: ungraded
  - metric: payoff
metadata:
  version: 1
"""


ROWS = "rows.jsonl"


def folder_files(harness: str, asked: HarnessSweep, out: Path, command: str) -> dict[str, str]:
    """Return the files of the folder `out`, name to text; `command` is what writes them again.

    Args:
        harness: A key of `WRITERS`.
        asked: The sweep that the harness is to run, with its questions.
        out: The folder, by which the files name each other.
        command: Stands in the header of the files.

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
