"""Make the lm-evaluation-harness logs of this folder again: `python tests/eval/logs/make_lm_eval.py`.

Runs three toy tasks through the harness with a model that says fixed things.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

HERE = Path(__file__).parent
SAID = {
    "France": ["Paris", "Paris", "Lyon"],
    "Italy": ["Rome", "Roma", "Rome"],
    "Japan": ["I don't know", "Tokyo", "I don't know"],
    "Australia": ["Sydney", "Canberra", "Sydney"],
    "Canada": ["I'm not sure, but Ottawa", "Toronto", "Ottawa"],
    "Brazil": ["I don't know", "I don't know", "Rio"],
}
LIKELIHOOD = {
    "Paris": -0.2,
    "Lyon": -2.5,
    "Nice": -4.0,
    "Milan": -2.0,
    "Rome": -0.3,
    "Turin": -3.0,
    "Sydney": -0.9,
    "Perth": -3.0,
    "Canberra": -1.1,
    "Toronto": -1.4,
    "Ottawa": -1.0,
    "Montreal": -2.0,
}
QUESTIONS = [
    {"id": "q-fr", "question": "Capital of France?", "answers": ["Paris"]},
    {"id": "q-it", "question": "Capital of Italy?", "answers": ["Rome", "Roma"]},
    {"id": "q-jp", "question": "Capital of Japan?", "answers": ["Tokyo"]},
    {"id": "q-au", "question": "Capital of Australia?", "answers": ["Canberra"]},
    {"id": "q-ca", "question": "Capital of Canada?", "answers": ["Ottawa"]},
    {"id": "q-br", "question": "Capital of Brazil?", "answers": ["Brasília", "Brasilia"]},
]
CHOICES = [
    {"question": "Capital of France?", "choices": ["Paris", "Lyon", "Nice"], "gold": 0},
    {"question": "Capital of Italy?", "choices": ["Milan", "Rome", "Turin"], "gold": 1},
    {"question": "Capital of Australia?", "choices": ["Sydney", "Perth", "Canberra"], "gold": 2},
    {"question": "Capital of Canada?", "choices": ["Toronto", "Ottawa", "Montreal"], "gold": 1},
]


class Scripted(LM):
    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, int] = {}

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        said: list[str] = []
        for request in requests:
            name = next(name for name in SAID if name in request.args[0])
            said.append(SAID[name][self.asked.get(name, 0) % 3])
            self.asked[name] = self.asked.get(name, 0) + 1
        return said

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(LIKELIHOOD[request.args[1].strip()], False) for request in requests]

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError


def task(name: str, data: Path, **settings: Any) -> dict[str, Any]:
    return {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "metadata": {"version": 1},
        **settings,
    }


def metric(name: str, **settings: Any) -> list[dict[str, Any]]:
    return [{"metric": name, "aggregation": "mean", "higher_is_better": True, **settings}]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        questions, choices = Path(folder) / "questions.jsonl", Path(folder) / "choices.jsonl"
        for path, rows in ((questions, QUESTIONS), (choices, CHOICES)):
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        first = {"name": "first", "filter": [{"function": "take_first"}]}
        vote = {"name": "majority", "filter": [{"function": "majority_vote"}, {"function": "take_first"}]}
        generate = {"output_type": "generate_until", "generation_kwargs": {"until": ["\n"]}}
        tasks = {
            "generated": task(
                "generated",
                questions,
                **generate,
                doc_to_target="{{answers[0]}}",
                metric_list=metric("exact_match", ignore_case=True),
            ),
            "repeats": task(
                "repeats",
                questions,
                **generate,
                doc_to_target="answers",
                repeats=3,
                filter_list=[first, vote],
                metric_list=metric("exact_match"),
            ),
            "choice": task(
                "choice",
                choices,
                output_type="multiple_choice",
                doc_to_choice="choices",
                doc_to_target="gold",
                metric_list=metric("acc"),
            ),
        }
        for name, config in tasks.items():
            out = Path(folder) / name
            tracker = EvaluationTracker(output_path=str(out))
            found = simple_evaluate(
                Scripted(), tasks=[config], log_samples=True, evaluation_tracker=tracker, task_manager=TaskManager()
            )
            samples = found.pop("samples")
            tracker.save_results_aggregated(results=found, samples=samples)
            tracker.save_results_samples(task_name=name, samples=samples[name])
            (log,) = out.rglob("samples_*.jsonl")
            (HERE / f"lm_eval_{name}.jsonl").write_bytes(log.read_bytes())


if __name__ == "__main__":
    main()
