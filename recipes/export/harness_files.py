"""What the folders for other evaluation harnesses hold, by harness."""

from __future__ import annotations

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
