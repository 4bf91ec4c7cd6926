"""A sentence while it is read: what is understood is taken out of it, and how it was read is noted."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST = 500


def normal(text: str) -> str:
    """Lower case, plain quotes and dashes, one space between words, no full stop."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("‘", "'").replace("–", "-")
    text = re.sub(r"\b(is|are|was|were|does|do|did|has|have|ca)n't\b", r"\1 not", text)
    text = re.sub(r"\b(there|here|it|he|she|somebody|someone|nobody|nothing|something|that)'s\b", r"\1 is", text)
    text = re.sub(r"\b([ap])\.m\b\.?", r"\1m", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = re.sub(r"[\"“”«»!?()\[\]{}<>]", " ", text)
    text = re.sub(r"\.(?=\s|$)", " ", text)
    return " ".join(re.sub(r"\s*([,;])\s*", r"\1 ", text).split())


@dataclass(slots=True)
class Left:
    """What of a sentence is not read yet; `notes` say how words were read, `doubts` what a person should look at."""

    text: str
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def take(
        self, pattern: "re.Pattern[str]", when: Callable[["re.Match[str]"], bool] | None = None
    ) -> "re.Match[str] | None":
        """The first match for which `when` holds, which is taken out."""
        for found in pattern.finditer(self.text):
            if when is None or when(found):
                self.text = tidy(f"{self.text[: found.start()]} {self.text[found.end() :]}")
                return found
        return None


def tidy(text: str) -> str:
    """Without double spaces, and without commas and joints that nothing follows."""
    text = " ".join(text.replace(" ,", ",").split())
    text = re.sub(r"(?:,\s*)+,", ",", text)
    return re.sub(r"^(?:[,;:]\s*|(?:and|but) )+|(?:[,;:]|\s(?:and|but|with))+$", "", text).strip()
