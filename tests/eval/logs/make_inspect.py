"""Make the Inspect logs of this folder again: `cd tests/eval/logs && python make_inspect.py`.

Runs toy tasks through Inspect with a model that says fixed things.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, get_model, modelapi
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, PARTIAL, Score, accuracy, choice, match, scorer
from inspect_ai.solver import generate, multiple_choice

HERE = Path(__file__).parent
SAID = {
    "France": "Paris",
    "Italy": "Roma",
    "Japan": "I don't know",
    "Australia": "Sydney",
    "Canada": "I'm not sure, but Ottawa",
    "Brazil": "I don't know",
}
QUESTIONS = [
    ("q-fr", "Capital of France?", ["Paris"]),
    ("q-it", "Capital of Italy?", ["Rome", "Roma"]),
    ("q-jp", "Capital of Japan?", ["Tokyo"]),
    ("q-au", "Capital of Australia?", ["Canberra"]),
    ("q-ca", "Capital of Canada?", ["Ottawa"]),
    ("q-br", "Capital of Brazil?", ["Brasília", "Brasilia"]),
]


@modelapi(name="scripted")
class Scripted(ModelAPI):
    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: GenerateConfig) -> ModelOutput:
        text = input[-1].text
        if "Brazil" in text and config.seed == 7:
            raise RuntimeError("the endpoint broke")
        said = next((said for name, said in SAID.items() if name in text), "Answer: B")
        return ModelOutput.from_content("scripted/model", said)

    async def count_tokens(self, input: Any, config: Any = None) -> int:
        return 5


@scorer(metrics=[accuracy()])
def four_way() -> Any:
    async def score(state: Any, target: Any) -> Score:
        said = state.output.completion
        if "Sydney" in said:
            return Score.unscored(answer=said, explanation="the judge gave no verdict")
        if said == "I don't know":
            return Score(value=NOANSWER, answer=said)
        if said.startswith("I'm not sure"):
            return Score(value=PARTIAL, answer=said)
        return Score(value=CORRECT if said in target else INCORRECT, answer=said, metadata={"confidence": 0.75})

    return score


def capitals_data() -> MemoryDataset:
    return MemoryDataset(
        [Sample(id=i, input=q, target=a if len(a) > 1 else a[0], metadata={"threshold": 0.5}) for i, q, a in QUESTIONS]
    )


@task
def scorers() -> Task:
    return Task(dataset=capitals_data(), solver=generate(), scorer=[match(), four_way()], config=GenerateConfig(seed=7))


@task
def epochs() -> Task:
    return Task(dataset=capitals_data(), solver=generate(), scorer=match(), epochs=2)


@task
def choices() -> Task:
    asked = [
        Sample(id="c-1", input="Largest of these cities?", choices=["Nice", "Paris", "Lyon"], target="B"),
        Sample(id="c-2", input="Oldest of these cities?", choices=["Osaka", "Kyoto", "Nara"], target="C"),
    ]
    return Task(dataset=MemoryDataset(asked), solver=multiple_choice(), scorer=choice())


def main() -> None:
    for name, made, kind in (("scorers", scorers, "json"), ("epochs", epochs, "eval"), ("choice", choices, "json")):
        with tempfile.TemporaryDirectory() as folder:
            evaluate(
                made(),
                model=get_model("scripted/model"),
                log_format=kind,  # type: ignore[arg-type]
                log_dir=folder,
                display="none",
                fail_on_error=False,
            )
            (path,) = Path(folder).glob(f"*.{kind}")
            contents = path.read_bytes()
        if kind == "json":
            contents = shortened(json.loads(contents)).encode()
        (HERE / f"inspect_{name}.{kind}").write_bytes(contents)


def shortened(log: dict[str, Any]) -> str:
    """Return the log without events and tracebacks, which are most of it and nothing that is scored."""
    for sample in log["samples"]:
        sample["events"] = []
        for key in ("traceback", "traceback_ansi"):
            sample.get("error", {}).pop(key, None)
    return json.dumps(log, indent=1)


if __name__ == "__main__":
    main()
