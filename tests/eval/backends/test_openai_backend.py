from __future__ import annotations

import json
import logging
import math
import pickle
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_stub import Stub

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import BackendError, Prompt
from abstain.eval.backends.draws import draw_seed
from abstain.eval.backends.models import load_tokenizer
from abstain.eval.backends.opening import open_backend
from abstain.eval.sweep.sweep import Sweep, run_sweep
from abstain.rewards import Verdict, alias_match

STYLE = PromptStyle()
QUESTIONS = [Question(f"q{i}", f"Question {i}?", (f"said question {i}?",)) for i in range(6)]
CHATS = [STYLE.messages(question, 0.0) for question in QUESTIONS]


def opened(stub: Stub, **options: Any) -> Any:
    return open_backend("m", base_url=stub.url, max_new_tokens=7, options={"retries": 2, **options})


@pytest.mark.parametrize("lacks", ["nothing", "n", "logprobs", "both"])
@pytest.mark.parametrize("how", ["ignores", "refuses"])
def test_what_a_server_lacks_is_made_up_by_repeating_requests(lacks: str, how: str) -> None:
    missing = {"nothing": (), "n": ("n",), "logprobs": ("logprobs",), "both": ("n", "logprobs")}[lacks]
    with Stub(**{how: missing}) as stub:
        backend = opened(stub)
        assert ("sequence_probability" in backend.confidence_sources) is ("logprobs" not in missing)
        stub.seen.clear()
        found = dict(backend.generate([Prompt(chat, (0, 1, 2, 3)) for chat in CHATS], seed=5))
        for index, (greedy, *samples) in found.items():
            assert greedy.text == f"said Question {index}?"
            first = draw_seed(5, backend.render(CHATS[index]), 1, bits=31)
            assert [s.text for s in samples] == [f"said Question {index}? {first + k}" for k in range(3)]
            assert greedy.probability == (None if "logprobs" in missing else pytest.approx(math.exp(-0.75)))
            assert greedy.token_texts == (() if "logprobs" in missing else ("a", "b"))
        assert len(stub.seen) == 6 * (4 if "n" in missing else 2)
        for _, _, body in stub.seen:
            assert body["max_tokens"] == 7
            assert ("n" in body) <= ("n" not in missing)
            if how == "refuses":
                assert not set(body) & set(missing)


def test_log_probabilities_in_the_shape_of_a_chat_are_read_on_the_route_of_prompts(tiny_model: str) -> None:
    tokenizer = load_tokenizer(tiny_model)
    with Stub(chat_steps=True, tokens=lambda prompt: len(tokenizer(prompt)["input_ids"])) as stub:
        backend = opened(stub, tokenizer=tiny_model)
        assert "sequence_probability" in backend.confidence_sources
        ((_, (greedy,)),) = backend.generate([Prompt(CHATS[0])])
    assert greedy.logprobs == (-0.5, -0.25)
    assert greedy.token_texts == ("a", "b")


def test_samples_are_of_the_whole_distribution_where_the_kind_of_the_server_is_known() -> None:
    def sampled(stub: Stub, **options: Any) -> dict[str, Any]:
        dict(opened(stub, **options).generate([Prompt(CHATS[0], (1,))]))
        return stub.seen[-1][2]

    with Stub(owner="llamacpp") as stub:
        whole = {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}
        assert sampled(stub).items() >= whole.items()
        assert sampled(stub, extra_body={"top_k": 5}).items() >= {**whole, "top_k": 5}.items()  # the user's own counts
    with Stub(owner="somebody") as stub:
        assert not {"top_k", "min_p"} & sampled(stub).keys()  # a field that it may refuse


def test_one_draw_asked_alone_is_the_one_asked_among_others() -> None:
    with Stub() as stub:
        backend = opened(stub)
        together = next(backend.generate([Prompt(CHATS[0], (1, 2, 3))]))[1]
        assert next(backend.generate([Prompt(CHATS[0], (3,))]))[1] == [together[2]]


def test_a_server_that_names_its_own_limit_gets_it() -> None:
    with Stub(refuses=("max_tokens",)) as stub:
        backend = opened(stub)
        next(backend.generate([Prompt(CHATS[0])]))
        assert stub.seen[-1][2]["max_completion_tokens"] == 7


def test_requests_at_once_are_bounded_and_a_minute_holds_so_many() -> None:
    with Stub(delay=0.05) as stub:
        backend = opened(stub, concurrency=3)
        read: list[int] = []

        def prompts() -> Iterator[Prompt]:
            for i in range(12):
                read.append(i)
                yield Prompt(CHATS[0])

        found = backend.generate(prompts())
        next(found)
        assert len(read) <= 3
        assert len(list(found)) == 11
        assert 1 < stub.most_at_once <= 3
    with Stub() as stub:
        backend = opened(stub, requests_per_minute=600)
        start = time.monotonic()
        assert len(list(backend.generate([Prompt(CHATS[0])] * 5))) == 5
        assert time.monotonic() - start >= 0.4  # 600 a minute are one in a tenth of a second


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says() -> None:
    with Stub() as stub:
        backend = opened(stub)
        stub.failures += [(429, {"Retry-After": "0.3"}), (503, {"Retry-After": "0.2"})]
        start = time.monotonic()
        assert len(list(backend.generate([Prompt(CHATS[0])]))) == 1
        assert time.monotonic() - start >= 0.5


def test_a_failure_for_good_comes_after_what_was_under_way_and_names_the_server() -> None:
    with Stub(fails_on="Question 3", delay=0.02) as stub:
        backend = opened(stub, concurrency=2, retries=0)
        done: list[int] = []
        with pytest.raises(BackendError, match=rf"^{stub.url} answered 500: out of order$"):
            done.extend(index for index, _ in backend.generate([Prompt(chat) for chat in CHATS]))
        assert {0, 1, 2} <= set(done) <= {0, 1, 2, 4}


def test_a_server_that_goes_away_leaves_the_rows_and_the_sweep_goes_on_later(tmp_path: Path) -> None:
    sweep = Sweep(truncated=Verdict.WRONG, targets=(0.5,), style=STYLE, grader=alias_match(), samples=2)
    with Stub(fails_on="Question 3") as stub:
        backend = opened(stub, concurrency=1, retries=0)
        with pytest.raises(BackendError, match="answered 500"):
            run_sweep(backend, QUESTIONS, sweep, tmp_path / "r.jsonl")
        kept = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
        assert {row["id"] for row in kept} == {"q0", "q1", "q2"}
        stub.fails_on, asked = None, len(stub.seen)
        run_sweep(backend, QUESTIONS, sweep, tmp_path / "r.jsonl")
        assert not any("Question 1" in str(body) for _, _, body in stub.seen[asked:])
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert len(rows) == len({(r["id"], r["threshold"], r["sample"]) for r in rows}) == 6 * 4


@pytest.mark.parametrize(
    ("choice", "verdict", "reason"),
    [
        ({"message": {"content": [{"type": "text", "text": "said "}, {"text": "yes"}]}}, "correct", "accepted answer"),
        ({"message": {"content": None, "refusal": "I can't help with that."}}, "abstained", "refused by the server"),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "ungraded", "content filter"),
        (
            {"message": {"content": "said", "refusal": None}, "finish_reason": "content_filter"},
            "ungraded",
            "content filter",
        ),
        ({"message": {"content": None, "reasoning_content": "Hm, said yes?"}}, "wrong", "empty"),
        ({"message": {"content": "said"}, "finish_reason": "length"}, "ungraded", "truncated"),
    ],
)
def test_refusals_filters_parts_and_empty_replies_are_told_apart(
    choice: dict[str, Any], verdict: str, reason: str, tmp_path: Path
) -> None:
    sweep = Sweep(truncated=Verdict.UNGRADED, targets=(), style=STYLE, grader=alias_match(), samples=0)
    question = Question("q", "Say it.", ("said yes",))
    with Stub() as stub:
        backend = opened(stub)
        stub.choice = lambda index, *_: {"index": index, "finish_reason": "stop", **choice}  # type: ignore[method-assign]
        run_sweep(backend, [question], sweep, tmp_path / "r.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert (row["verdict"], row["reason"]) == (verdict, reason)


@pytest.mark.parametrize(
    "choice", [None, {}, {"message": 3}, {"message": {"content": 5}}, {"message": {"content": {"a": 1}}}]
)
def test_a_reply_without_a_readable_completion_ends_in_one_line(choice: Any) -> None:
    with Stub() as stub:
        backend = opened(stub)
        stub.choice = lambda *_: choice  # type: ignore[method-assign]
        with pytest.raises(BackendError, match="has no readable completion"):
            list(backend.generate([Prompt(CHATS[0])]))


def test_an_unreachable_server_a_wrong_key_and_a_wrong_name_are_one_line_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(InputError, match=rf"^model m: {url} accepts no connection: is the server running"):
        open_backend("m", base_url=url, options={"retries": 0})
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(
        InputError, match="no API key: set the environment variable OPENAI_API_KEY, or give the base_url"
    ):
        open_backend("m", kind="openai")
    with (
        Stub(refuses=("model",)) as stub,
        pytest.raises(InputError, match=r"answered 400: .*unsupported parameter: model"),
    ):
        opened(stub)
    for options, message in {
        "concurrency": ({"concurrency": 0}, "concurrency must be at least 1"),
        "rate": ({"requests_per_minute": 0}, "requests_per_minute must be positive, got 0"),
        "route": ({"route": "completions"}, "route completions needs the model's tokenizer"),
        "unknown": ({"speed": 1}, "backend openai: got an unexpected keyword argument 'speed'"),
    }.values():
        with pytest.raises(InputError, match=message):
            open_backend("m", base_url="http://127.0.0.1:1/v1", options=options)


def test_the_key_comes_from_the_environment_and_is_never_told(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    key = "sk-live-4f9aX7"
    monkeypatch.setenv("MY_KEY", key)
    caplog.set_level(logging.DEBUG)
    with Stub(key=key) as stub:
        backend = opened(stub, api_key_env="MY_KEY")
        run_sweep(
            backend,
            QUESTIONS,
            Sweep(truncated=Verdict.WRONG, targets=(0.5,), style=STYLE, grader=alias_match(), samples=4),
            tmp_path / "r.jsonl",
        )
        assert stub.seen[-1][1]["authorization"] == f"Bearer {key}"
        stub.key = "another"
        with pytest.raises(InputError, match=r"answered 401: .*\*\*\*") as refused:
            opened(stub, api_key_env="MY_KEY")
    told = [caplog.text, *capsys.readouterr(), str(refused.value), repr(backend.endpoint), backend.name]
    told += [str(pickle.dumps(backend.endpoint)), (tmp_path / "r.jsonl").read_text()]
    assert all(key not in text and "4f9aX7" not in text for text in told)
