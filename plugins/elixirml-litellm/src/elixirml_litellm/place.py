"""Where a model is, and how it is asked."""

import os
import re
from contextlib import suppress
from typing import Final

from attrs import frozen

from elixirml.config import Secret
from elixirml.errors import ConfigError, ModelAccessDenied

__all__ = ["Place", "speaks_of_a_secret"]

_SECRET: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
_PASSWORD: Final = re.compile(r"//[^/@]*@")
_SHORTEST: Final = 8
"""Signs of a value that is taken for a secret; shorter ones turn up in ordinary words."""


@frozen
class Place:
    """Where a model is.

    Attributes:
        wire_name: The model as litellm calls it, `provider/model`.
        key: The provider's key; litellm's own variable when None.
        url: The provider's base URL; litellm's own when None.
        timeout: Seconds to wait.
        concurrency: Calls under way at once.
    """

    wire_name: str
    key: Secret | None
    url: str | None
    timeout: float
    concurrency: int

    @property
    def model(self) -> str:
        """The full name, `litellm/provider/model`."""
        return f"litellm/{self.wire_name}"

    @property
    def provider(self) -> str:
        """The provider, as litellm calls it."""
        return self.wire_name.partition("/")[0]

    @property
    def address(self) -> str:
        """The base URL as journals may keep it; `default` when it is litellm's own."""
        return "default" if self.url is None else _PASSWORD.sub("//***@", self.url)

    def revealed(self) -> str | None:
        """Return the key, read now; None when none is configured.

        Raises:
            ModelAccessDenied: It is not there, or no header can carry it.
        """
        if self.key is None:
            return None
        try:
            key = self.key.reveal()
        except ConfigError as error:
            raise ModelAccessDenied(f"{self.model}: {error.message}", hint=error.hint) from error
        if not (key.isascii() and key.isprintable()):
            raise ModelAccessDenied(
                f"{self.model}: the key of {self.key.reference} holds a line break, or a sign beyond ASCII.",
                hint="Set it again, without quotation marks and white space around it.",
            )
        return key

    def hidden(self, words: str) -> str:
        """Return words without keys, those of litellm's own variables among them: some servers repeat them."""
        found = [value for name, value in os.environ.items() if speaks_of_a_secret(name) and len(value) >= _SHORTEST]
        if self.key is not None:
            with suppress(ConfigError):
                found.append(self.key.reveal())
        for secret in sorted(found, key=len, reverse=True):
            words = words.replace(secret, "***")
        return words


def speaks_of_a_secret(name: str, *, owners: tuple[str, ...] = ("",)) -> bool:
    """Whether a variable is named as those are that hold a key.

    Args:
        name: Of the variable.
        owners: What it begins with; anything when not given.
    """
    return name.startswith(owners) and _SECRET.search(name) is not None
