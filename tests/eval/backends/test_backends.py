from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import vllm_stub
from openai_stub import Stub
from tokenizers import processors
from transformers import AutoTokenizer

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import SUPPORT, ConfidenceSource, Prompt, sources
from abstain.eval.backends.decoding.prefix_decoder import PrefixDecoder
from abstain.eval.backends.opening import Kind, open_backend

ROOT = Path(__file__).parents[3]
STYLE = PromptStyle()
CHATS = [STYLE.messages(Question("q", "Where was Ann born?", ("x",)), t) for t in (0.0, 0.3, 0.7)]
PROMPTS = [Prompt(chat, (0, 1)) for chat in CHATS]


@pytest.fixture(params=["as it is", "that adds a first token"])
def served(request: pytest.FixtureRequest, tiny_model: str, tmp_path: Path) -> str:
    """Return a model folder, once with a tokenizer that puts a token before every text, as its template does."""
    if request.param == "as it is":
        return tiny_model
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    first = tokenizer.convert_ids_to_tokens(0)
    tokenizer.add_special_tokens({"bos_token": first})
    single = processors.TemplateProcessing(single=f"{first} $A", special_tokens=[(first, 0)])
    tokenizer.backend_tokenizer.post_processor = single
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_the_same_rendered_prompt_reaches_the_model_on_every_backend(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(served)
    texts = [tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False) for chat in CHATS]
    wanted = sorted(tokenizer(texts, add_special_tokens=False)["input_ids"])
    reached: dict[str, list[list[int]]] = {}

    def prefill(self: Any, prompts: list[list[int]], *rest: Any, **options: Any) -> Any:
        reached["transformers"] = [list(prompt) for prompt in prompts]
        return original(self, prompts, *rest, **options)

    original = PrefixDecoder.prefill
    monkeypatch.setattr(PrefixDecoder, "prefill", prefill)
    backend: Any = open_backend(served)
    dict(backend.generate(PROMPTS))

    generate = backend.model.generate
    backend.plain_because = "asked for"

    def plainly(**inputs: Any) -> Any:
        rows = zip(inputs["input_ids"].tolist(), inputs["attention_mask"].sum(1).tolist(), strict=True)
        reached["transformers, plainly"] = [row[-count:] for row, count in rows][::2]  # two draws of each
        return generate(**inputs)

    monkeypatch.setattr(backend.model, "generate", plainly)
    dict(backend.generate(PROMPTS))

    vllm_stub.install(monkeypatch)
    engine: Any = open_backend(served, kind="vllm")
    dict(engine.generate(PROMPTS))
    reached["vllm"] = [prompt["prompt_token_ids"] for prompt in engine.engine.calls[0][0]][::2]

    def counted(prompt: str) -> int:
        return len(tokenizer(prompt)["input_ids"])  # a server adds its special tokens

    with Stub(tokens=counted) as stub:
        server = open_backend("m", base_url=stub.url, options={"tokenizer": served})
        stub.seen.clear()
        dict(server.generate(PROMPTS))
        asked = [body["prompt"] for path, _, body in stub.seen if path == "/v1/completions" and body["temperature"]]
        reached["openai, completions"] = tokenizer(asked)["input_ids"]
        chat = open_backend("m", base_url=stub.url)
        stub.seen.clear()
        dict(chat.generate(PROMPTS))
        said = [b["messages"] for path, _, b in stub.seen if path == "/v1/chat/completions" and b["temperature"]]
        rendered = [tokenizer.apply_chat_template(m, add_generation_prompt=True, tokenize=False) for m in said]
        reached["openai, chat"] = tokenizer(rendered, add_special_tokens=False)["input_ids"]

    assert {backend.render(c) for c in CHATS} == {engine.render(c) for c in CHATS} == {server.render(c) for c in CHATS}
    assert {name: sorted(rows) for name, rows in reached.items()} == dict.fromkeys(reached, wanted)
    assert len(reached) == 5


def test_a_tokenizer_of_another_model_is_found_out(tiny_model: str) -> None:
    with (
        Stub(tokens=lambda prompt: 3) as stub,
        pytest.raises(InputError, match=r"reads 3 tokens where the tokenizer .* gives \d+; give the tokenizer of"),
    ):
        open_backend("m", base_url=stub.url, options={"tokenizer": tiny_model})


def test_the_docs_show_which_backend_can_tell_which_confidence() -> None:
    assert set(SUPPORT) == set(get_args(Kind))
    assert all(set(support) == set(get_args(ConfidenceSource)) for support in SUPPORT.values())
    page = (ROOT / "docs" / "backends.md").read_text(encoding="utf-8")
    rows = [re.split(r" *\| *", line.strip("| ")) for line in page.splitlines() if line.startswith("| `")]
    shown = {row[0].strip("`"): row[1:] for row in rows if row[0].strip("`") in SUPPORT}
    assert shown == {name: list(support.values()) for name, support in SUPPORT.items()}
    assert sources("openai", logprobs=False) == {"agreement", "stated"}


def test_what_does_not_go_together_is_one_line(tiny_model: str) -> None:
    for options, message in {
        "kind": ({"kind": "tgi"}, "backend: 'tgi' is none of transformers, vllm, openai"),
        "url": ({"kind": "vllm", "base_url": "http://127.0.0.1:1"}, "base_url: backend vllm runs in this process"),
        "adapter": (
            {"base_url": "http://127.0.0.1:1", "adapter": Path("a")},
            "adapter: a server loads its own adapters",
        ),
        "option": ({"options": {"route": "chat"}}, "backend transformers has no option 'route'"),
    }.values():
        with pytest.raises(InputError, match=message):
            open_backend(tiny_model, **options)
