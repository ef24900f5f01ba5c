"""The one client of OpenAI-compatible endpoints, behind a judge and behind a backend."""

from __future__ import annotations

import re
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from openai_stub import Stub

from abstain.rewards import Verdict, judge_match
from abstain.rewards.endpoint import Endpoint, EndpointError, ask
from abstain.rewards.judge.health import JudgeError
from abstain.rewards.negotiation import EndpointWarning

pytest.importorskip("openai")
ROOT = Path(__file__).parents[2]
HELLO = [{"role": "user", "content": "Hello."}]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"concurrency": 0}, "concurrency must be at least 1, .* got 0, 6 and 120.0"),
        ({"retries": -1}, "retries at least 0 .* got 16, -1 and 120.0"),
        ({"time_limit": 0.0}, "time_limit positive, got 16, 6 and 0.0"),
        ({"requests_per_minute": 0.0}, "requests_per_minute must be positive, got 0.0"),
    ],
)
def test_numbers_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Endpoint(model="m", **settings)  # pyright: ignore[reportArgumentType]


def test_without_a_key_openais_own_address_is_refused_and_another_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(ValueError, match="no API key: set the environment variable MY_KEY, or give the base_url"):
        Endpoint(model="m", api_key_env="MY_KEY").key()
    assert Endpoint(model="m", base_url="http://127.0.0.1:1/v1", api_key_env="MY_KEY").key() == "none"


def test_a_call_without_a_key_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    grade, before = judge_match(model="m", api_key_env="MY_KEY"), threading.active_count()
    for _ in range(3):
        with pytest.raises(ValueError, match="no API key"):
            grade("Rome", ["Paris"])
    assert threading.active_count() == before


def test_without_the_openai_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ImportError, match=r"pip install 'abstain\[openai\]'"):
        Endpoint(model="m", base_url="http://127.0.0.1:1/v1").client()


@pytest.mark.parametrize(
    ("status", "refused", "passing"),
    [(400, True, False), (422, True, False), (401, False, False), (404, False, False), (429, False, True),
     (503, False, True)],
)  # fmt: skip
def test_a_failure_says_what_kind_it_is(status: int, refused: bool, passing: bool) -> None:
    with Stub(failures=[(status, {})]) as stub:
        with pytest.raises(EndpointError, match=rf"^{stub.url} answered {status}: not now$") as raised:
            ask(Endpoint(model="m", base_url=stub.url, retries=0), HELLO, temperature=0.0)
        error = raised.value
    assert (error.status, error.refused, error.passing) == (status, refused, passing)


def test_an_endpoint_that_was_never_there_is_not_tried_again() -> None:
    """Six retries would take half a minute."""
    started = time.monotonic()
    with pytest.raises(EndpointError, match=r"^http://127.0.0.1:1/v1 accepts no connection: is the server running"):
        ask(Endpoint(model="m", base_url="http://127.0.0.1:1/v1", retries=6), HELLO)
    assert time.monotonic() - started < 5


def test_an_endpoint_that_is_gone_may_be_back_later() -> None:
    with Stub() as stub:
        ask(Endpoint(model="m", base_url=stub.url), HELLO)
    with pytest.raises(EndpointError, match=r"could not be reached in 1 tries \(APIConnectionError\)$") as raised:
        ask(Endpoint(model="m", base_url=stub.url, retries=0), HELLO)
    assert (raised.value.status, raised.value.passing) == (None, True)


def test_a_judges_key_is_not_told_when_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-live-77aXq")
    with Stub(key="another") as stub:
        grade = judge_match(model="j", base_url=stub.url, api_key_env="JUDGE_KEY", retries=0)
        with pytest.raises(JudgeError, match=r"refuses every request: answered 401: .*\*\*\*") as raised:
            grade("the city of light", ["Paris"])
    assert "77aXq" not in str(raised.value)


def test_a_request_that_the_judge_refuses_leaves_its_row_ungraded() -> None:
    with Stub(refuses=("messages",)) as stub:
        judged = judge_match(model="j", base_url=stub.url, retries=0)("the city of light", ["Paris"])
    reason = "judge refused the request: answered 400: unsupported parameter: messages"
    assert (judged.verdict, judged.reason, judged.judge) == (Verdict.UNGRADED, reason, "j")


@pytest.mark.parametrize(
    ("refuses", "sent"),
    [
        (("max_tokens",), {"max_completion_tokens": 5, "temperature": 0.0, "seed": 3, "stop": ["."]}),
        (("temperature", "seed"), {"max_tokens": 5, "stop": ["."]}),
        (("stop", "max_tokens", "temperature"), {"max_completion_tokens": 5, "seed": 3}),
    ],
)
def test_a_field_that_is_refused_by_name_is_left_out_or_renamed_from_then_on_and_said_once(
    refuses: tuple[str, ...], sent: dict[str, Any]
) -> None:
    fields: dict[str, Any] = {"max_tokens": 5, "temperature": 0.0, "seed": 3, "stop": ["."]}
    with Stub(refuses=refuses) as stub:
        endpoint = Endpoint(model="m", base_url=stub.url, retries=0)
        with pytest.warns(EndpointWarning) as said:
            ask(endpoint, HELLO, **fields)
        assert len(stub.seen) == len(refuses) + 1
        assert sorted(re.search(r"refuses (\w+)", str(w.message))[1] for w in said) == sorted(refuses)  # pyright: ignore
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ask(endpoint, HELLO, **fields)
        assert len(stub.seen) == len(refuses) + 2
        body = stub.seen[-1][2]
        assert {name: value for name, value in body.items() if name not in ("model", "messages")} == sent


def test_one_refused_temperature_is_not_every_temperature() -> None:
    with Stub(refuses_values={"temperature": 0.0}) as stub:
        endpoint = Endpoint(model="m", base_url=stub.url, retries=0)
        with pytest.warns(EndpointWarning, match=r"m at .* refuses temperature=0; it is left out"):
            ask(endpoint, HELLO, temperature=0.0)
        ask(endpoint, HELLO, temperature=0.7)
        assert ["temperature" in body for _, _, body in stub.seen] == [True, False, True]


def test_a_field_of_the_users_own_and_one_that_does_not_help_are_not_given_up() -> None:
    with Stub(refuses=("top_k",)) as stub:
        endpoint = Endpoint(model="m", base_url=stub.url, retries=0, extra_body={"top_k": 1})
        with pytest.raises(EndpointError, match="unsupported parameter: top_k"):
            ask(endpoint, HELLO, temperature=0.0)
        assert len(stub.seen) == 1
    with Stub(refuses=("max_tokens", "max_completion_tokens")) as stub:
        endpoint = Endpoint(model="m", base_url=stub.url, retries=0)
        with pytest.raises(EndpointError, match="unsupported parameter: max_tokens; use max_completion_tokens"):
            ask(endpoint, HELLO, max_tokens=5)
        stub.refuses = ()
        ask(endpoint, HELLO, max_tokens=5)
        assert stub.seen[-1][2]["max_tokens"] == 5  # what did not help is not remembered


def test_an_endpoint_that_answers_with_a_page_is_named() -> None:
    with (
        Stub(page="<html>Welcome</html>") as stub,
        pytest.raises(EndpointError, match="reply without choices") as raised,
    ):
        ask(Endpoint(model="m", base_url=stub.url, retries=0), HELLO)
    assert str(raised.value).startswith(stub.url)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (
            429,
            {"message": "You exceeded your current quota.", "code": "insufficient_quota"},
            "exceeded your current quota",
        ),
        (404, {"message": "The model `j` does not exist", "code": "model_not_found"}, "model `j` does not exist"),
        (402, {"message": "Insufficient balance"}, "Insufficient balance"),
    ],
)
def test_what_fails_for_every_row_raises_with_the_servers_words(
    status: int, error: dict[str, str], message: str
) -> None:
    with Stub(errors=[(status, error)]) as stub:
        grade = judge_match(model="j", base_url=stub.url, retries=0)
        with pytest.raises(JudgeError, match=rf"refuses every request: answered {status}: .*{message}"):
            grade("the city of light", ["Paris"])


def test_threads_that_come_at_once_share_one_session_and_its_bound() -> None:
    with Stub(delay=0.05) as stub:
        endpoint = Endpoint(model="m", base_url=stub.url, concurrency=3)
        threads = [threading.Thread(target=ask, args=(endpoint, HELLO), kwargs={"temperature": 0.0}) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(stub.seen) == 12
        assert 1 < stub.most_at_once <= 3


def test_the_openai_package_is_imported_by_the_client_alone() -> None:
    folders = ("rewards", "data", "eval", "training", "recipes")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    imports = re.compile(r"^\s*(import openai|from openai )", re.MULTILINE)
    found = {path.name for path in paths if imports.search(path.read_text(encoding="utf-8"))}
    assert found == {"endpoint.py"}
