"""An OpenAI-compatible endpoint, for a judge and for a backend: retries, bounded concurrency and a rate.

Its failures have names, and no error message holds the key.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast

from .extras import require
from .negotiation import OTHER_NAME, Field, accepted, named_fields, negotiated

NO_KEY = "none"
"""What a server that needs no key is sent."""

_CONNECTING = 5.0
"""Seconds that the first connection may take before it is left to the requests and their retries."""
_NOBODY = "accepts no connection: is the server running there, and is the address right?"
_FINAL_STATUS = (401, 402, 403, 404, 405)
_FINAL_CODES = frozenset(("insufficient_quota", "billing_hard_limit_reached", "invalid_api_key", "model_not_found"))
"""Codes that OpenAI's errors have under any status: like the statuses above, no later request escapes them."""


class EndpointError(RuntimeError):
    """A request got no reply, after all retries: the endpoint was not reached, refused it, or replied with nothing."""

    def __init__(
        self,
        address: str,
        reason: str,
        *,
        kind: str,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        """Make the error; its message is the address and the reason.

        Args:
            address: The endpoint's.
            reason: What happened, in one line.
            kind: The exception's name, or another word for the kind of failure.
            status: The HTTP status, where there is one.
            code: The server's own code of the error, such as "insufficient_quota".
            param: The field of the request that the server points to.
        """
        super().__init__(f"{address} {reason}")
        self.reason, self.kind, self.status, self.code, self.param = reason, kind, status, code, param

    @property
    def refused(self) -> bool:
        """Whether the endpoint refuses this request as it stands, while another may be answered (400, 422)."""
        return self.status in (400, 422)

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered later: the endpoint was not reached, is busy, or failed."""
        return not self.final and (self.status is None or self.status == 429 or self.status >= 500)

    @property
    def final(self) -> bool:
        """Whether every request will fail like this one: key, model or address are wrong, or the quota is used up."""
        return self.code in _FINAL_CODES or self.status in _FINAL_STATUS


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How a server is reached. The key is read from the environment when it is needed, and never kept here."""

    model: str
    base_url: str | None = None
    """Address, such as "http://localhost:8000/v1"; None: OpenAI's."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the key; a self-hosted server may need none."""
    concurrency: int = 16
    """Requests under way at once."""
    retries: int = 6
    """After a failed connection to a server that was there before, a time-out, 408, 409, 429 and 5xx: the wait is what
    the server asks for in `Retry-After` (up to two minutes), else it doubles from half a second to eight."""
    time_limit: float = 120.0
    """Seconds for one request."""
    requests_per_minute: float | None = None
    """Requests are spread so that no more are begun; None: as fast as answers come."""
    extra_body: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Fields of the server's own, added to every request."""

    def __post_init__(self) -> None:
        """Raise ValueError for numbers out of range."""
        if self.concurrency < 1 or self.retries < 0 or self.time_limit <= 0:
            raise ValueError(
                "concurrency must be at least 1, retries at least 0 and time_limit positive, "
                f"got {self.concurrency}, {self.retries} and {self.time_limit}"
            )
        if self.requests_per_minute is not None and self.requests_per_minute <= 0:
            raise ValueError(f"requests_per_minute must be positive, got {self.requests_per_minute}")

    @property
    def address(self) -> str:
        """The address in words."""
        return self.base_url or "https://api.openai.com/v1"

    def key(self) -> str:
        """Return the key; raise ValueError where OpenAI's own address has none."""
        key = os.environ.get(self.api_key_env)
        if not key and self.base_url is None:
            raise ValueError(f"no API key: set the environment variable {self.api_key_env}, or give the base_url")
        return key or NO_KEY

    def client(self) -> Any:
        """Return the asynchronous client of the openai package, with this key, address, time limit and retries.

        Raises:
            MissingExtraError: the package is not installed.
            ValueError: there is no key.
        """
        require("an OpenAI-compatible endpoint", "openai")
        import openai

        return openai.AsyncOpenAI(
            api_key=self.key(), base_url=self.base_url, timeout=self.time_limit, max_retries=self.retries
        )


Route = Literal["chat", "completions"]
T = TypeVar("T")


class Session:
    """A client inside an event loop, with its limits: at most so many requests at once and a minute."""

    def __init__(self, endpoint: Endpoint, route: Route) -> None:
        """Open the client; raise MissingExtraError without the openai package, ValueError without a key."""
        self.endpoint = endpoint
        self.route: Route = route
        self.negotiated = negotiated(endpoint.address, endpoint.model, route)
        self._client = endpoint.client()
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._connecting = asyncio.Lock()
        self._next_start = 0.0

    async def ask(self, prompt: Any, **fields: Any) -> Any:
        """Return the reply, with at least one choice, to a chat or to a rendered prompt.

        Raises:
            EndpointError: the server could not be reached, or refused, after all retries.
        """
        async with self._slots:
            await self._pace()
            reply = await self._negotiate(prompt, fields)
        choices = getattr(reply, "choices", None)
        if not isinstance(choices, list) or not choices:  # a text, where a proxy answers with a page of its own
            raise EndpointError(self.endpoint.address, "gave a reply without choices", kind="NoChoices")
        return reply

    async def _negotiate(self, prompt: Any, fields: dict[str, Any]) -> Any:
        """Return the reply to a request with those of the fields that the server takes.

        What a refusal names is left out, or renamed, until there is a reply; then that is remembered.
        """
        refused: dict[Field, str] = {}
        failures: dict[str, EndpointError] = {}
        while True:
            sent = accepted(fields, self.negotiated.refused | refused.keys())
            try:
                reply = await self._send(prompt, sent)
            except EndpointError as error:
                named = named_fields(sent, error.reason, error.param) if error.refused else {}
                limit = next((OTHER_NAME[name] for name in named.values() if name in OTHER_NAME), None)
                if limit in failures:  # refused under either name, for its value then, or the prompt's length
                    raise failures[limit] from None
                if not named:
                    raise
                refused |= named
                failures |= dict.fromkeys(named.values(), error)
                continue
            if refused:
                self.negotiated.remember(refused, next(iter(failures.values())).reason)
            return reply

    async def _connect(self) -> None:
        """Raise EndpointError where nothing listens at an address that was not there before: such a one is not retried.

        The list of models is asked for, once, so that it is the client's way there that is tried, proxies and all.
        """
        import openai

        async with self._connecting:
            if self.negotiated.answered:
                return
            try:
                await self._client.with_options(max_retries=0, timeout=_CONNECTING).models.list()
            except openai.APIConnectionError as error:
                # httpx's class, by its name: the client uses httpx or httpx2. A time-out is another class.
                if type(error.__cause__).__name__ == "ConnectError":
                    raise EndpointError(self.endpoint.address, _NOBODY, kind=type(error).__name__) from None
            except (openai.OpenAIError, AttributeError, TypeError, ValueError):
                pass  # it is there, and has no such list
            self.negotiated.answered = True

    async def _send(self, prompt: Any, fields: dict[str, Any]) -> Any:
        import openai

        await self._connect()
        try:
            if self.route == "chat":
                return await self._client.chat.completions.create(**self._body(fields), messages=prompt)
            return await self._client.completions.create(**self._body(fields), prompt=prompt)
        except (openai.APIConnectionError, openai.APIStatusError, openai.APIResponseValidationError) as error:
            raise self._failure(error) from None
        except ValueError as error:  # JSON that cannot be read, under the status 200
            reason = f"gave a reply that is not JSON ({error})"
            raise EndpointError(self.endpoint.address, reason, kind="NoJSON") from None

    async def owner(self) -> str | None:
        """Return who owns the model by the endpoint's list of models, "vllm" say; None where it has no such list."""
        import openai

        try:
            listed = await self._client.with_options(max_retries=0).models.list()
            named = [model for model in listed.data if model.id == self.endpoint.model]
            return str((named or listed.data)[0].owned_by)
        except (openai.OpenAIError, AttributeError, IndexError, TypeError, ValueError):
            return None  # the list is a courtesy: servers without it generate all the same

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _body(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a request as they are sent: those of every judge and every backend pass here."""
        return {"model": self.endpoint.model, "extra_body": self.endpoint.extra_body, **fields}

    async def _pace(self) -> None:
        if self.endpoint.requests_per_minute is not None:
            start = max(self._next_start, time.monotonic())
            self._next_start = start + 60 / self.endpoint.requests_per_minute
            await asyncio.sleep(start - time.monotonic())

    def _failure(self, error: Exception) -> EndpointError:
        """Return what went wrong in one line, without the key."""
        status: int | None = getattr(error, "status_code", None)
        kind, address = type(error).__name__, self.endpoint.address
        if status is None:
            tries = self.endpoint.retries + 1
            return EndpointError(address, f"could not be reached in {tries} tries ({kind})", kind=kind)
        text = " ".join(_message(getattr(error, "body", None) or str(error)).split())
        secret = [re.escape(self.endpoint.key()), r"sk-[\w*.-]+"]  # OpenAI repeats the ends of a wrong key
        text = re.sub("|".join(secret), "***", text) if self.endpoint.key() != NO_KEY else text
        code, param = getattr(error, "code", None), getattr(error, "param", None)
        return EndpointError(
            address, f"answered {status}: {text:.300}", kind=kind, status=status, code=code, param=param
        )


def _message(body: Any) -> str:
    """Return the message that an error's body holds under one name or another, or the whole body."""
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return str(fields.get("message") or fields.get("detail") or cast("object", body))


class EventLoop:
    """An event loop in a thread of its own, so that a caller inside another loop, a notebook say, can use it."""

    def __enter__(self) -> EventLoop:
        """Start it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin `work` and return its future."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


def ask(endpoint: Endpoint, messages: list[dict[str, str]], **fields: Any) -> Any:
    """Return the reply to a chat, having waited for it; a process has one session with an endpoint, for all threads.

    Args:
        endpoint: Where it is; its `concurrency` bounds the requests of all threads together.
        messages: The chat.
        fields: Further fields of the request, as the openai client takes them.

    Raises:
        EndpointError: as `Session.ask`.
        MissingExtraError: the openai package is not installed.
        ValueError: there is no key.
    """
    with _OPENING:
        loop, session = _shared(os.getpid(), endpoint)
    return loop.submit(session.ask(messages, **fields)).result()


_OPENING = threading.Lock()
"""Held while a session is opened, so that threads that come at the same time share one."""


@lru_cache(maxsize=16)
def _shared(_pid: int, endpoint: Endpoint) -> tuple[EventLoop, Session]:
    """Return the session of a process, which stays open: neither threads nor connections survive a fork."""
    loop = EventLoop().__enter__()

    async def opened() -> Session:
        return Session(endpoint, "chat")

    try:
        return loop, loop.submit(opened()).result()
    except BaseException:  # no key, say: the next call begins anew
        loop.__exit__()
        raise
