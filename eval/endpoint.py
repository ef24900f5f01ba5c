"""An OpenAI-compatible server: what it offers, and asking it with retries, bounded concurrency and no leaked key."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from ..data import InputError
from .backend import BackendError

Route = Literal["chat", "completions"]
NO_KEY = "none"
"""What a server that needs no key is sent."""
T = TypeVar("T")


@dataclass(kw_only=True)
class Endpoint:
    """How a server is reached. The key is read from the environment when it is needed, and never kept here."""

    model: str
    base_url: str | None = None
    """Address, such as "http://localhost:8000/v1"; None: OpenAI's."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the key; a server of one's own may need none."""
    concurrency: int = 16
    """Requests under way at once."""
    retries: int = 6
    """After a failed connection, a time-out, 408, 409, 429 and 5xx: the wait is what the server asks for in
    `Retry-After` (up to two minutes), else it doubles from half a second to eight."""
    time_limit: float = 120.0
    """Seconds for one request."""
    requests_per_minute: float | None = None
    """Requests are spread so that no more are begun; None: as fast as answers come."""
    extra_body: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields of the server's own, added to every request."""

    def __post_init__(self) -> None:
        """Raise InputError for numbers out of range."""
        if self.concurrency < 1 or self.retries < 0 or self.time_limit <= 0:
            raise InputError(
                "concurrency must be at least 1, retries at least 0 and time_limit positive, "
                f"got {self.concurrency}, {self.retries} and {self.time_limit}"
            )
        if self.requests_per_minute is not None and self.requests_per_minute <= 0:
            raise InputError(f"requests_per_minute must be positive, got {self.requests_per_minute}")

    def key(self) -> str:
        """Return the key; raise InputError where OpenAI's own address has none."""
        key = os.environ.get(self.api_key_env)
        if not key and self.base_url is None:
            raise InputError(f"no API key: set the environment variable {self.api_key_env}, or give the base_url")
        return key or NO_KEY

    @property
    def address(self) -> str:
        """The address in words."""
        return self.base_url or "https://api.openai.com/v1"


class Session:
    """A client inside an event loop, with its limits: at most so many requests at once and a minute."""

    def __init__(self, endpoint: Endpoint, route: Route) -> None:
        """Open the client; raise InputError without the openai package or a key."""
        try:
            import openai
        except ImportError as error:
            raise InputError("a server is asked through the openai client: pip install 'abstain[openai]'") from error
        self.endpoint, self._openai = endpoint, openai
        self.route: Route = route
        self._client: Any = openai.AsyncOpenAI(
            api_key=endpoint.key(),
            base_url=endpoint.base_url,
            timeout=endpoint.time_limit,
            max_retries=endpoint.retries,
        )
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._next_start = 0.0

    async def ask(self, prompt: Any, **fields: Any) -> Any:
        """Return the reply, with at least one choice, to a chat or to a rendered prompt.

        Raises:
            BackendError: the server could not be reached, or refused, after all retries.
        """
        chat, text = self._client.chat.completions, self._client.completions
        async with self._slots:
            await self._pace()
            try:
                if self.route == "chat":
                    reply: Any = await chat.create(**self._body(fields), messages=prompt)
                else:
                    reply = await text.create(**self._body(fields), prompt=prompt)
            except (self._openai.APIConnectionError, self._openai.APIStatusError) as error:
                raise self._failure(error) from None
        if not reply.choices:
            raise BackendError(f"{self.endpoint.address} gave a reply without choices")
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _body(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"model": self.endpoint.model, "extra_body": self.endpoint.extra_body, **fields}

    async def _pace(self) -> None:
        if self.endpoint.requests_per_minute is not None:
            start = max(self._next_start, time.monotonic())
            self._next_start = start + 60 / self.endpoint.requests_per_minute
            await asyncio.sleep(start - time.monotonic())

    def _failure(self, error: Exception) -> BackendError:
        """Return what went wrong in one line, without the key."""
        status: int | None = getattr(error, "status_code", None)
        if status is None:
            tries = self.endpoint.retries + 1
            reason = f"could not be reached in {tries} tries ({type(error).__name__})"
            return BackendError(f"{self.endpoint.address} {reason}")
        said = " ".join(_said(getattr(error, "body", None) or str(error)).split())
        secret = [re.escape(self.endpoint.key()), r"sk-[\w*.-]+"]  # OpenAI tells the ends of a wrong key
        said = re.sub("|".join(secret), "***", said) if self.endpoint.key() != NO_KEY else said
        return BackendError(f"{self.endpoint.address} answered {status}: {said:.300}", status)


def _said(body: Any) -> str:
    """Return what an error's body says: the message that it holds under one name or another, or all of it."""
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
