"""An OpenAI-compatible endpoint: how it is reached, and what its failures are called. A judge and a backend use it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

NO_KEY = "none"
"""What a server that needs no key is sent."""


class EndpointError(RuntimeError):
    """A request got no reply, after all retries: the endpoint was not reached, refused it, or replied with nothing."""

    def __init__(self, address: str, reason: str, *, kind: str, status: int | None = None) -> None:
        """Take the address, the `reason` in one line, the `kind` of exception, and the HTTP status where there is one.

        The message is the address and the reason.
        """
        super().__init__(f"{address} {reason}")
        self.reason, self.kind, self.status = reason, kind, status

    @property
    def refused(self) -> bool:
        """Whether the endpoint refuses this request as it stands, while another may be answered (400, 422)."""
        return self.status in (400, 422)

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered later: the endpoint was not reached, is busy, or failed."""
        return self.status is None or self.status == 429 or self.status >= 500


@dataclass(frozen=True, kw_only=True)
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
            ImportError: the package is not installed.
            ValueError: there is no key.
        """
        try:
            import openai
        except ImportError as error:
            raise ImportError(
                "an endpoint is asked through the openai client: pip install 'abstain[openai]'"
            ) from error
        return openai.AsyncOpenAI(
            api_key=self.key(), base_url=self.base_url, timeout=self.time_limit, max_retries=self.retries
        )
