"""A client of the engine's own HTTP server, on one connection that stays open; that server alone can tokenize."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import urlsplit

from elixirml_local.faults import EngineError

__all__ = ["Loopback"]

_PATIENCE_S: Final = 30.0


class Loopback:
    """Asks the server with this process's own key, so that nobody else on the machine can.

    Args:
        address: As the server states it, `http://127.0.0.1:port`.
        key: Its key.
    """

    def __init__(self, address: str, *, key: str) -> None:
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=_PATIENCE_S)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}

    def post(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one question.

        Raises:
            EngineError: The server refused it, in its own words, or cannot be reached.
        """
        body = json.dumps(data).encode()
        try:
            status, read = self._exchanged(path, body)
        except (HTTPException, OSError):
            # The server hangs up after some questions, or some seconds; on a fresh connection it answers.
            self._connection.close()
            try:
                status, read = self._exchanged(path, body)
            except (HTTPException, OSError) as error:
                self._connection.close()
                raise EngineError(f"the engine's server does not answer: {type(error).__name__}: {error}") from error
        answer: dict[str, Any] = json.loads(read)
        if status >= 400:
            raise EngineError(str(answer.get("error", {}).get("message", answer)))
        return answer

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _exchanged(self, path: str, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", path, body, self._headers)
        answer: HTTPResponse = self._connection.getresponse()
        return answer.status, answer.read()
