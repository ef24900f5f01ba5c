"""Asking an OpenAI-compatible endpoint: retries, bounded concurrency, a rate, and errors that do not tell the key."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast

from .endpoint import NO_KEY, Endpoint, EndpointError

Route = Literal["chat", "completions"]
T = TypeVar("T")


class Session:
    """A client inside an event loop, with its limits: at most so many requests at once and a minute."""

    def __init__(self, endpoint: Endpoint, route: Route) -> None:
        """Open the client; raise ImportError without the openai package, ValueError without a key."""
        self.endpoint = endpoint
        self.route: Route = route
        self._client = endpoint.client()
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._next_start = 0.0

    async def ask(self, prompt: Any, **fields: Any) -> Any:
        """Return the reply, with at least one choice, to a chat or to a rendered prompt.

        Raises:
            EndpointError: the server could not be reached, or refused, after all retries.
        """
        import openai

        chat, text = self._client.chat.completions, self._client.completions
        async with self._slots:
            await self._pace()
            try:
                if self.route == "chat":
                    reply: Any = await chat.create(**self._body(fields), messages=prompt)
                else:
                    reply = await text.create(**self._body(fields), prompt=prompt)
            except (openai.APIConnectionError, openai.APIStatusError) as error:
                raise self._failure(error) from None
        if not reply.choices:
            raise EndpointError(self.endpoint.address, "gave a reply without choices", kind="NoChoices")
        return reply

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
        return EndpointError(address, f"answered {status}: {text:.300}", kind=kind, status=status)


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
        ImportError: the openai package is not installed.
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

    return loop, loop.submit(opened()).result()
