"""A web server on this computer that takes its time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Sends `content` in so many `pieces` with a `pause` of seconds between them; `status` other than 200 sends nothing.

    `asked` counts requests, `broken` those whose other end went away.
    """

    content = b""
    pieces = 1
    pause = 0.0
    status = 200
    tells_size = True
    asked = 0
    broken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/archive.tar"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked += 1
        self.send_response(server.status)
        content = server.content if server.status == 200 else b""
        if server.tells_size:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        size = -(-len(content) // server.pieces)
        try:
            for begin in range(0, len(content), max(size, 1)):
                self.wfile.write(content[begin : begin + size])
                time.sleep(server.pause)
        except OSError:
            server.broken += 1

    def log_message(self, *words: Any) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
