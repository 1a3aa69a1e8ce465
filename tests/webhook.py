"""A webhook on loopback, and how a server of a test is started and stopped."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import BaseServer
from typing import Any


@contextmanager
def serving(server: BaseServer) -> Iterator[Any]:
    """The server at work, closed with the block."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook(*statuses: int, headers: Iterable[tuple[str, str]] = ()) -> Iterator[Any]:
    """Answers with the statuses in turn, then with 200; `seen` holds path and body of every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.seen.append((self.path, json.loads(body)))
            place = len(self.server.seen) - 1
            self.send_response(statuses[place] if place < len(statuses) else 200)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    with serving(server):
        yield server
