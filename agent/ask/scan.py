"""The words of a question, as the grammar knows them."""

from typing import NamedTuple

from agent.ask.words import LONGEST, WORDS, Word


class NotUnderstood(Exception):
    """A question outside the grammar; the text says which word or combination.

    `name` is set where the unknown word stands where a name would, `word` is that word.
    """

    def __init__(self, text: str, *, name: bool = False, word: str = "") -> None:
        super().__init__(text)
        self.name = name
        self.word = word


class Said(NamedTuple):
    """A known word of the question and how it was written."""

    word: Word
    text: str


def scan(text: str) -> tuple[Said, ...]:
    """The words of a question, longest phrases first. Raises NotUnderstood at the first unknown one."""
    tokens, out, at = text.replace(",", " ").split(), [], 0
    while at < len(tokens):
        for size in range(min(LONGEST, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + size])
            if phrase in WORDS:
                out.append(Said(WORDS[phrase], phrase))
                at += size
                break
        else:
            after = at > 0 and tokens[at - 1] in ("on", "in", "at", "near", "from", "the")
            raise NotUnderstood(f"the word {tokens[at][:40]!r} is not one I know here", name=after, word=tokens[at])
    return tuple(out)
