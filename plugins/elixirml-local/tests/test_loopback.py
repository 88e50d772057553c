"""Tests of the connection to the engine's server, with a server that hangs up."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from elixirml_local.faults import EngineError
from elixirml_local.loopback import Loopback


class Handler(BaseHTTPRequestHandler):
    """Echoes questions; hangs up without a word after every second answer of a connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.answers = 0
        self.server.connections += 1  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.path == "/refuse"
        answer: dict[str, Any] = (
            {"error": {"message": "no such thing"}}
            if refused
            else {"path": self.path, "asked": json.loads(asked), "key": self.headers["Authorization"]}
        )
        body = json.dumps(answer).encode()
        self.send_response(400 if refused else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.answers += 1
        self.close_connection = self.answers == 2

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        made.connections = 0  # type: ignore[attr-defined]
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def asker(server: HTTPServer) -> Loopback:
    return Loopback(f"http://127.0.0.1:{server.server_address[1]}", key="secret")


def test_questions_share_a_connection_that_may_end(server: HTTPServer) -> None:
    """Every question is answered, also after the server has hung up, on as few connections as it allows."""
    loopback = asker(server)
    for number in range(5):
        assert loopback.post("/echo", {"n": number}) == {
            "path": "/echo",
            "asked": {"n": number},
            "key": "Bearer secret",
        }
    loopback.close()
    assert server.connections == 3  # type: ignore[attr-defined]


def test_a_refusal_is_quoted(server: HTTPServer) -> None:
    """The server's own words are kept, and the connection goes on."""
    loopback = asker(server)
    with pytest.raises(EngineError, match="no such thing"):
        loopback.post("/refuse", {})
    assert loopback.post("/echo", {})["asked"] == {}
    loopback.close()


def test_a_server_that_is_gone_is_an_error() -> None:
    """Nobody listens: said as such, not as a traceback."""
    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        loopback = asker(made)
    with pytest.raises(EngineError, match="does not answer"):
        loopback.post("/echo", {})
