"""What settings are made of: tables that know their keys, texts and numbers with bounds."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Positive = Annotated[float, Field(gt=0, le=86_400 * 366)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
KEY = r"^[a-z0-9][a-z0-9_-]{0,39}$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
DEVICE = r"^$|^(cpu|cuda|mps|xpu)(:\d{1,2})?$"
TOPIC = r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,7}$"
WORD = r"^[a-z0-9]+( [a-z0-9]+)*$"
PATTERNS = {
    KEY: "should be small letters, digits, - and _, at most 40, the first a letter or digit",
    CLOCK: "should be HH:MM, from 00:00 to 24:00",
    TOPIC: "should be words of letters, digits, _, . and - with / between them",
    f"{TOPIC}|^$": "should be words of letters, digits, _, . and - with / between them, or nothing",
    WORD: "should be words of small letters and digits, with one space between them",
    DEVICE: "should be cpu, cuda, cuda:1, mps or xpu, or nothing",
}
"""What a pattern asks for, in words."""
Key = Annotated[str, Field(pattern=KEY)]
Clock = Annotated[str, Field(pattern=CLOCK)]
Secret = Annotated[str, "secret"]
"""Text that is never shown, wherever it came from."""
T = TypeVar("T")
OneOrMore = Annotated[tuple[T, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class Model(BaseModel):
    """A settings table: unknown keys are errors, values are not changed after loading."""

    # Built when first used: most are only ever parts of Settings, which is built with them in it. Defaults are validated,
    # so that 60 is 60.0 before and after settings went to another process: ids are made of them.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, validate_default=True)
