"""Generation by any OpenAI-compatible server: chats that it renders, or prompts that are rendered here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, cast

from ...data import InputError, Message
from ...rewards.endpoint import Endpoint, EndpointError, EventLoop, Route, Session
from ...rewards.messages import content_text
from .backend import BackendError, Completion, Prompt, sources
from .chats import render_chats
from .draws import draw_seed, runs
from .identity import Identity, model_hash, settings_text
from .server_sampling import unfiltered

SEED_BITS = 31
"""Servers keep seeds in 32 bits, some of them with a sign."""


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """Which optional fields of a request a server takes notice of."""

    n: bool
    """Several completions of one request; else requests are repeated."""
    logprobs: bool
    """Else confidence comes from agreement among samples."""
    seed: bool
    """It accepts a seed; whether it honours it cannot be seen."""


class OpenAIBackend:
    """A server as a `Backend`. Route "completions" sends the prompt as rendered here; "chat" leaves that to the server.

    The i-th of n samples has the seed of the first plus i, as vLLM counts; a server that counts otherwise gives other
    samples when some of them are asked for again.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        features: ServerFeatures,
        *,
        route: Route,
        tokenizer: Any = None,
        max_new_tokens: int = 32,
    ) -> None:
        """Take where the server is and what it offers; the route "completions" needs the model's tokenizer."""
        self.endpoint, self.features, self.tokenizer = endpoint, features, tokenizer
        self.route: Route = route
        self.max_new_tokens = max_new_tokens
        self.name = f"{endpoint.model} at {endpoint.address}"
        self.identity = Identity(
            model_hash=model_hash(endpoint.model, base_url=endpoint.address),
            settings=settings_text(backend="openai", route=route, max_new_tokens=max_new_tokens),
        )
        self.confidence_sources = sources("openai", logprobs=features.logprobs)

    def render(self, messages: Sequence[Message]) -> str:
        """Return the rendered prompt; on the route "chat" the chat as JSON, since the server renders it."""
        if self.route == "chat":
            return json.dumps(list(messages), ensure_ascii=False)
        return render_chats(self.tokenizer, [messages])[0]

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (number of the prompt, completions) as answers come, a few prompts at once.

        Raises:
            BackendError: after all retries, and after what else was under way has been yielded.
        """
        numbered = enumerate(prompts)
        waiting: dict[Future[list[Completion]], int] = {}
        failure: BackendError | EndpointError | None = None
        with EventLoop() as loop:
            session = loop.submit(self._session()).result()
            try:
                while True:
                    free = 0 if failure else self.endpoint.concurrency - len(waiting)
                    for number, prompt in islice(numbered, free):
                        waiting[loop.submit(self._complete(session, prompt, temperature, seed))] = number
                    if not waiting:
                        break
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        number = waiting.pop(future)
                        try:
                            completions = future.result()
                        except (BackendError, EndpointError) as error:
                            failure = failure or error
                            continue
                        yield number, completions
            finally:
                for future in waiting:
                    future.cancel()
                loop.submit(session.close()).result()
        if isinstance(failure, EndpointError):
            raise BackendError(str(failure), failure.status) from failure
        if failure is not None:
            raise failure

    async def _session(self) -> Session:
        return Session(self.endpoint, self.route)

    async def _complete(self, session: Session, prompt: Prompt, temperature: float, seed: int) -> list[Completion]:
        rendered = self.render(prompt.messages)
        content = list(prompt.messages) if self.route == "chat" else server_text(self.tokenizer, rendered)
        limit: dict[str, Any] = {"max_tokens": self.max_new_tokens}
        if self.features.logprobs:
            limit |= logprobs_field(self.route)

        async def greedy(_: range) -> list[Any]:
            return (await session.ask(content, temperature=0.0, **limit)).choices

        async def sampled(run: range) -> list[Any]:
            found: list[Any] = []
            while len(found) < len(run):  # a server may give fewer than it is asked for
                fields = self._sampling(
                    len(run) - len(found), draw_seed(seed, rendered, run[len(found)], bits=SEED_BITS)
                )
                found += (await session.ask(content, temperature=temperature, **fields, **limit)).choices
            return found[: len(run)]

        parts = [part for run in runs(prompt.draws) for part in self._parts(run)]
        answers = await asyncio.gather(*[(sampled if part[0] else greedy)(part) for part in parts])
        made = {
            draw: completion_of(choice, self.route)
            for part, choices in zip(parts, answers, strict=True)
            for draw, choice in zip(part, choices, strict=False)
        }
        return [made[draw] for draw in prompt.draws]

    def _parts(self, run: range) -> list[range]:
        """Return the draws of a run as they are asked for: together where the server can, else one by one."""
        return [run] if self.features.n else [range(draw, draw + 1) for draw in run]

    def _sampling(self, count: int, seed: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"top_p": 1.0}
        if count > 1:
            fields["n"] = count
        return {**fields, "seed": seed} if self.features.seed else fields


def completion_of(choice: Any, route: Route) -> Completion:
    """Return a choice of a reply as a `Completion`; no token ids are told, the end token's probability by some.

    Raises:
        BackendError: the choice is no such thing.
    """
    try:
        text = content_text(choice.message.content if route == "chat" else choice.text).strip()
        refusal = getattr(choice.message, "refusal", None) if route == "chat" and not text else None
        scores, texts = scored_tokens(choice) or (None, ())
    except (AttributeError, TypeError, ValueError):  # a server may send anything under the status 200
        raise BackendError(f"a reply has no readable completion: {choice!r:.200}") from None
    reason = "refusal" if refusal else choice.finish_reason
    known = reason if reason in ("length", "refusal", "content_filter") else "stop"
    return Completion(str(refusal) if refusal else text, (), None if scores is None else tuple(scores), known, texts)


def logprobs_field(route: Route) -> dict[str, Any]:
    """Return the field that asks for the log-probability of every token."""
    return {"logprobs": True} if route == "chat" else {"logprobs": 1}


def scored_tokens(choice: Any) -> tuple[list[float], tuple[str, ...]] | None:
    """Return the log-probabilities that a choice tells and the texts of their tokens, where told; None without any.

    They are read by their shape, not by the route: llama.cpp answers `/v1/completions` with the steps of a chat.

    Raises:
        BackendError: what it tells is none.
    """
    told = getattr(choice, "logprobs", None)
    if told is None:
        return None
    try:
        steps = getattr(told, "content", None)
        if steps is not None:
            scores, texts = [_field(step, "logprob") for step in steps], [_field(step, "token") for step in steps]
        else:
            scores, texts = getattr(told, "token_logprobs", None), getattr(told, "tokens", None)
        return ([float(score) for score in scores], tuple(map(str, texts or ()))) if scores else None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BackendError(f"a reply has no readable log-probabilities: {told!r:.200}") from None


def _field(step: Any, name: str) -> Any:
    """Return a field of a token's step, which the client leaves a mapping where it does not expect one."""
    return cast("Mapping[str, Any]", step)[name] if isinstance(step, Mapping) else getattr(step, name)


def server_text(tokenizer: Any, rendered: str) -> str:
    """Return the text that a server, which adds special tokens, turns into the tokens of `rendered`.

    Raises:
        BackendError: there is none.
    """
    wanted = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    bare = rendered.removeprefix(tokenizer.bos_token) if tokenizer.bos_token else rendered
    for text in (rendered, bare):
        if tokenizer(text)["input_ids"] == wanted:
            return text
    raise BackendError("the tokenizer adds special tokens to the rendered prompt, so no text gives a server its tokens")


async def explore(session: Session, content: Any, max_new_tokens: int) -> tuple[ServerFeatures, int | None]:
    """Return what the server offers, and how many tokens `content` is to it, by asking for a token or two.

    Args:
        session: With the server. It finds out which fields are refused by name, and leaves them out.
        content: A short chat, or a rendered prompt.
        max_new_tokens: The run's own limit, for a server that refuses to stop after one token.

    Raises:
        EndpointError: it cannot be reached, or refuses the plainest request.
    """
    optional: dict[str, dict[str, Any]] = {
        "n": {"n": 2},
        "logprobs": logprobs_field(session.route),
        "seed": {"seed": 1},
    }
    limit, reply = await _plainest(session, content, max_new_tokens)
    basic: dict[str, Any] = {"max_tokens": limit, "temperature": 1.0}
    try:
        full = await session.ask(content, **basic, **{k: v for fields in optional.values() for k, v in fields.items()})
        replies = dict.fromkeys(optional, full)
    except EndpointError as error:
        if not error.refused:
            raise
        replies = {name: await _unless_refused(session, content, basic | field) for name, field in optional.items()}
    features = ServerFeatures(
        n=replies["n"] is not None and len(replies["n"].choices) == 2,
        logprobs=replies["logprobs"] is not None and scored_tokens(replies["logprobs"].choices[0]) is not None,
        seed=replies["seed"] is not None and session.negotiated.takes("seed", 1),
    )
    usage = getattr(reply, "usage", None)
    return features, getattr(usage, "prompt_tokens", None)


async def _plainest(session: Session, content: Any, max_new_tokens: int) -> tuple[int, Any]:
    """Return a number of tokens that suffices the server, and the reply to a greedy request for so many.

    A model that reasons may be refused a reply of one token: it would end inside the thought.
    """
    try:
        return 1, await session.ask(content, temperature=0.0, max_tokens=1)
    except EndpointError as error:
        if not error.refused or max_new_tokens == 1:
            raise
        try:
            return max_new_tokens, await session.ask(content, temperature=0.0, max_tokens=max_new_tokens)
        except EndpointError:
            raise error from None


async def _unless_refused(session: Session, content: Any, fields: dict[str, Any]) -> Any:
    try:
        return await session.ask(content, **fields)
    except EndpointError as error:
        if not error.refused:
            raise
        return None


def open_openai(
    endpoint: Endpoint,
    *,
    route: Route | None = None,
    tokenizer: str | None = None,
    template: Mapping[str, Any] | None = None,
    max_new_tokens: int = 32,
) -> OpenAIBackend:
    """Return a backend on a server, having asked it a little to learn what it offers.

    Args:
        endpoint: Where it is.
        route: "chat", or "completions", which needs a tokenizer; None: the latter where there is one.
        tokenizer: Folder or Hub id of the tokenizer whose chat template renders the prompts.
        template: Variables of that chat template; for the route "completions" only.
        max_new_tokens: Longest completion.

    Raises:
        InputError: the server cannot be reached or refuses; it reads other tokens than the tokenizer gives; it renders
            chats itself and there are variables.
    """
    if route == "completions" and tokenizer is None:
        raise InputError("route completions needs the model's tokenizer, whose chat template renders the prompts")
    chosen: Route = route or ("completions" if tokenizer is not None else "chat")
    if template and chosen == "chat":
        raise InputError(
            "chat_template_kwargs: the server renders chats itself and takes no variables from here; give a tokenizer "
            "and prompts are rendered here, or send them as a field that the server knows: "
            "extra_body={chat_template_kwargs: {...}}"
        )
    try:
        endpoint.client()  # refuses without a key
    except ValueError as error:
        raise InputError(str(error)) from error
    loaded: Any = None
    if tokenizer is not None:
        from .models import load_tokenizer

        loaded = load_tokenizer(tokenizer, template)
    backend = OpenAIBackend(
        endpoint, ServerFeatures(n=False, logprobs=False, seed=False), route=chosen, tokenizer=loaded, max_new_tokens=1
    )
    messages = [{"role": "user", "content": "Say yes."}]
    rendered = backend.render(messages)

    async def asked() -> tuple[ServerFeatures, int | None, str | None]:
        session = Session(endpoint, chosen)
        try:
            content = messages if chosen == "chat" else server_text(loaded, rendered)
            return *await explore(session, content, max_new_tokens), await session.owner()
        finally:
            await session.close()

    with EventLoop() as loop:
        try:
            features, tokens, owner = loop.submit(asked()).result()
        except (BackendError, EndpointError) as failure:
            raise InputError(f"model {endpoint.model}: {failure}") from None
    if chosen == "completions" and tokens is not None:
        known = len(loaded(rendered, add_special_tokens=False)["input_ids"])
        if tokens != known:
            raise InputError(
                f"model {endpoint.model}: {endpoint.address} reads {tokens} tokens where the tokenizer {tokenizer} "
                f"gives {known}; give the tokenizer of the model that is served, or route=chat"
            )
    endpoint = replace(endpoint, extra_body=unfiltered(owner, endpoint.extra_body))
    return OpenAIBackend(endpoint, features, route=chosen, tokenizer=loaded, max_new_tokens=max_new_tokens)
