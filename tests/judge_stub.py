"""A judge model for tests, behind a real OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """An OpenAI-compatible server whose replies a test sets."""

    def __init__(self) -> None:
        self.replies: list[str | int] = []
        """What it answers, in turn; an integer is an HTTP status; the last is repeated."""
        self.cut_off: list[bool] = [False]
        """Whether the token limit ended the reply, in turn; the last is repeated."""
        self.asked: list[dict[str, Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(body)
                reply = endpoint.replies.pop(0) if len(endpoint.replies) > 1 else endpoint.replies[0]
                status = reply if isinstance(reply, int) else 200
                message = {"role": "assistant", "content": reply}
                cut = endpoint.cut_off.pop(0) if len(endpoint.cut_off) > 1 else endpoint.cut_off[0]
                choice = {"index": 0, "finish_reason": "length" if cut else "stop", "message": message}
                made = {"id": "1", "object": "chat.completion", "created": 0, "model": "judge", "choices": [choice]}
                payload = json.dumps(made if status == 200 else {"error": {"message": "no"}}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def __enter__(self) -> Endpoint:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
