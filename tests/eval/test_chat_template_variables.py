"""Variables of the chat template: set in the template, so that all who render it agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from standins import FAMILIES, stand_in
from transformers import AutoTokenizer

from abstain.data import InputError
from abstain.eval.backends import open_backend
from abstain.eval.model import load_tokenizer, with_variables

CHAT = [{"role": "user", "content": "Where?"}]
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> str:
    return stand_in(FAMILIES["qwen3"], tmp_path_factory.mktemp("thinker"))


def rendered(tokenizer: Any) -> str:
    return tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, tokenize=False)


def test_a_model_that_thinks_unless_told_not_to_is_told_so_by_tokenizer_and_backend(thinker: str) -> None:
    variables = {"enable_thinking": False}
    assert not rendered(load_tokenizer(thinker)).endswith(EMPTY_THOUGHT)
    assert rendered(load_tokenizer(thinker, variables)).endswith(EMPTY_THOUGHT)
    backend: Any = open_backend(thinker, template=variables)
    assert backend.render(CHAT).endswith(EMPTY_THOUGHT)


def test_the_variables_are_in_the_tokenizer_that_is_saved(thinker: str, tmp_path: Path) -> None:
    load_tokenizer(thinker, {"enable_thinking": False}).save_pretrained(str(tmp_path))
    assert rendered(AutoTokenizer.from_pretrained(tmp_path)).endswith(EMPTY_THOUGHT)


@pytest.mark.parametrize(
    ("value", "shown"), [("a \"b\" é", 'a "b" é'), (3, "3"), (0.5, "0.5"), (True, "True"), (None, "None")]
)  # fmt: skip
def test_texts_numbers_truth_values_and_null_arrive_as_they_are(value: Any, shown: str, thinker: str) -> None:
    tokenizer: Any = load_tokenizer(thinker)
    tokenizer.chat_template = with_variables("{{ x }}", {"x": value})
    assert rendered(tokenizer) == shown


@pytest.mark.parametrize("variables", [{"a b": 1}, {"x": [1]}, {"x": {"y": 1}}])
def test_what_is_no_variable_is_refused(variables: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"chat_template_kwargs: .*expected the name of a variable"):
        with_variables("", variables)


def test_a_backend_that_renders_elsewhere_refuses_them() -> None:
    with pytest.raises(InputError, match="backend openai takes no variables"):
        open_backend("m", base_url="http://127.0.0.1:1/v1", template={"enable_thinking": False})
