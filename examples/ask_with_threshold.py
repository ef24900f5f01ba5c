"""Ask a served model, and take its answer only where its confidence is above a threshold that you state in the prompt.

    transformers serve MERGED --port 8000                               # after `abstain merge runs/my --out MERGED`
    vllm serve BASE --enable-lora --lora-modules my=runs/my/adapter     # or the adapter as it is
    python examples/ask_with_threshold.py --url http://localhost:8000/v1 --model my --threshold 0.8 "Capital of Bhutan?"

The prompt must be worded as in training: `--run runs/my` takes the wording of the target from there,
otherwise the default is used; `--instruction` is the line that training put below every question, if any.
Abstentions are recognised as the reward recognises them, natural refusals included.
Needs `pip install 'abstain[openai]'`.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from typing import Any

import openai

import abstain
from abstain.data import PromptStyle, Question
from abstain.rewards import AbstentionReward, Verdict


@dataclass(frozen=True)
class Reply:
    """What came back."""

    text: str
    answer: str | None
    """The final answer; None where the model abstained, or was cut off before it answered."""


def ask(
    client: Any, model: str, question: str, threshold: float, style: PromptStyle | None = None, instruction: str = ""
) -> Reply:
    """Return the reply of a served model to a question at a threshold.

    Args:
        client: An `openai.OpenAI`.
        model: What the server calls the model.
        question: The question, without any word on confidence.
        threshold: Confidence above which an answer is wanted, a fraction in [0, 1); 0 forces an answer.
        style: The wording that the model was trained with; None: the default one.
        instruction: The line below every question in training (`data.instruction`).
    """
    unknown = Question(
        "1", question, (), answerable=False, instruction=instruction
    )  # no accepted answer is known: nothing is compared with one
    messages = (style or PromptStyle()).messages(unknown, threshold)
    made = client.chat.completions.create(model=model, messages=messages, temperature=0.0, max_tokens=256)
    choice = made.choices[0]
    text = choice.message.content or ""
    if choice.finish_reason == "length":
        return Reply(text, None)
    judgement = AbstentionReward().grade(text, [], answerable=False)
    return Reply(text, None if judgement.verdict is Verdict.ABSTAINED else judgement.answer)


def main() -> int:
    """Ask as the command line says; the exit code is 1 where the model abstained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question")
    parser.add_argument("--url", default="http://localhost:8000/v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threshold", type=float, default=0.75)
    parser.add_argument("--run", help="folder of the run that trained the model, for its wording")
    parser.add_argument(
        "--instruction", default="", help='the line below every question, "Answer in one to five words."'
    )
    asked = parser.parse_args()
    style = None if asked.run is None else abstain.load_run(asked.run).prompt
    client = openai.OpenAI(base_url=asked.url, api_key=os.environ.get("OPENAI_API_KEY", "none"))
    reply = ask(client, asked.model, asked.question, asked.threshold, style, asked.instruction)
    print(reply.answer if reply.answer is not None else f"no answer above {asked.threshold:g}: {reply.text}")
    return int(reply.answer is None)


if __name__ == "__main__":
    sys.exit(main())
