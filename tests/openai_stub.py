"""A small OpenAI-compatible server for tests: it says what it is asked, and can lack, refuse or fail at things."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Stub:
    """What the server does; `seen` holds (path, headers, body) of every request."""

    ignores: tuple[str, ...] = ()
    """Fields that it takes no notice of: "n", "logprobs"."""
    refuses: tuple[str, ...] = ()
    """Fields that it answers with 400."""
    refuses_values: dict[str, Any] = field(default_factory=dict[str, Any])
    """Values of fields that it answers with 400."""
    page: str | None = None
    """What it answers to everything, with the status 200."""
    errors: list[tuple[int, dict[str, str]]] = field(default_factory=list[tuple[int, dict[str, str]]])
    """(status, body of the error) of the next answers."""
    owner: str | None = None
    """Who owns its model by its list of models; None: it has no such list."""
    chat_steps: bool = False
    """Log-probabilities have the shape of a chat on the route of prompts too, as llama.cpp's have."""
    key: str | None = None
    """The one key that it accepts."""
    tokens: Callable[[Any], int] = lambda prompt: len(str(prompt))
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """(status, headers) of the next answers, before it answers at all."""
    fails_on: str | None = None
    """A prompt that holds this text is answered with 500, always."""
    delay: float = 0.0
    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Stub:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with stub.lock:
                    stub.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                    stub.at_once += 1
                    stub.most_at_once = max(stub.most_at_once, stub.at_once)
                    failure = stub.failures.pop(0) if stub.failures else None
                time.sleep(stub.delay)
                with stub.lock:
                    stub.at_once -= 1
                status, headers, answer = stub.answer(self.path, stub.seen[-1][1], body, failure)
                content = (stub.page or json.dumps(answer)).encode()
                kind = "text/html" if stub.page else "application/json"
                self.send_response(status)
                for name, value in {**headers, "Content-Type": kind}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                content = json.dumps({"object": "list", "data": [{"id": "m", "owned_by": stub.owner}]}).encode()
                self.send_response(404 if stub.owner is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def answer(
        self, path: str, headers: dict[str, str], body: dict[str, Any], failure: tuple[int, dict[str, str]] | None
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        if failure is not None:
            return failure[0], failure[1], {"error": {"message": "not now"}}
        if self.errors:
            status, error = self.errors.pop(0)
            return status, {}, {"error": error}
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self.key is not None and given != self.key:
            return 401, {}, {"error": {"message": f"Incorrect API key provided: {given}. You can find yours at home."}}
        for name, value in self.refuses_values.items():
            if body.get(name) == value:
                return 400, {}, {"error": {"message": f"{name} does not support {value}", "param": name}}
        for name in self.refuses:
            if name in body:
                instead = "; use max_completion_tokens" if name == "max_tokens" else ""
                return 400, {}, {"error": {"message": f"unsupported parameter: {name}{instead}"}}
        chat = path.endswith("/chat/completions")
        prompt = body["messages"][-1]["content"] if chat else body["prompt"]
        if self.fails_on is not None and self.fails_on in prompt:
            return 500, {}, {"error": {"message": "out of order"}}
        n = 1 if "n" in self.ignores else body.get("n", 1)
        drawn = body.get("temperature", 1.0) > 0
        choices = [self.choice(i, prompt, f" {body.get('seed', 0) + i}" if drawn else "", chat, body) for i in range(n)]
        usage = {"prompt_tokens": self.tokens(prompt), "completion_tokens": 2, "total_tokens": 2}
        return 200, {}, {"id": "1", "object": "x", "created": 0, "model": "m", "choices": choices, "usage": usage}

    def choice(self, index: int, prompt: str, drawn: str, chat: bool, body: dict[str, Any]) -> dict[str, Any]:
        text = f" said {prompt.strip().splitlines()[0]}{drawn} "
        told = body.get("logprobs") and "logprobs" not in self.ignores
        choice: dict[str, Any] = {"index": index, "finish_reason": "stop", "logprobs": None}
        steps = [
            {"token": "a", "logprob": -0.5, "top_logprobs": []},
            {"token": "b", "logprob": -0.25, "top_logprobs": []},
        ]
        if chat:
            choice["message"] = {"role": "assistant", "content": text}
            choice["logprobs"] = {"content": steps} if told else None
        else:
            choice["text"] = text
            plain = {"tokens": ["a", "b"], "token_logprobs": [-0.5, -0.25]}
            choice["logprobs"] = ({"content": steps} if self.chat_steps else plain) if told else None
        return choice
