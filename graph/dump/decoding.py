"""A record from a line of a dump."""

from functools import lru_cache
from typing import Annotated

from pydantic import Discriminator, TypeAdapter, ValidationError

from graph.dump.records import AnyRecord
from vidette.codec import problem
from vidette.errors import StoreError


def decode(line: bytes) -> AnyRecord:
    """A record from its line. Raises StoreError, which says where in it the fault is."""
    try:
        return _adapter().validate_json(line)
    except ValidationError as error:
        raise StoreError(f"no record of memory ({problem(error)})") from error


@lru_cache(maxsize=1)
def _adapter() -> "TypeAdapter[AnyRecord]":
    return TypeAdapter(Annotated[AnyRecord, Discriminator("kind")])
