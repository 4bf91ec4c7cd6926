"""What can go wrong.

VidetteError                exit  message = what, which (repr), what to do
├── ConfigError             2     the user's settings, options or rules
├── SourceError             1     a file or camera that cannot be opened or read
├── ModelError              1     a vision or language model
│   └── NotAsked            1     a model that was not asked, to spend no more than is allowed
├── StoreError              1     the graph or media store
└── DeliveryError           1     a sink
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidette.models import Usage


class VidetteError(Exception):
    """Root of every error that Vidette raises on purpose; its text is one line for a person."""

    exit_code = 1

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class ConfigError(VidetteError):
    """The user's settings, options, rules or question cannot be used as they are."""

    exit_code = 2


class SourceError(VidetteError):
    """A file or camera could not be opened, or stopped being readable."""


class ModelError(VidetteError):
    """A vision or language model failed or answered outside its schema; `usage` is what that cost, where it is known."""

    def __init__(self, message: str, *, retryable: bool = False, usage: "Usage | None" = None) -> None:
        super().__init__(message, retryable=retryable)
        self.usage = usage


class NotAsked(ModelError):
    """A model was not asked, because more would be spent than the settings allow."""


class TooMuch(ModelError):
    """More was asked in one question than a model can answer; less may do."""


class StoreError(VidetteError):
    """The graph or media store could not be read or written."""


class DeliveryError(VidetteError):
    """A message did not reach its sink."""
