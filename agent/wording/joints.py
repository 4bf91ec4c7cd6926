"""Clauses put together: one after the other, both at one time, one or the other, one without the other."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.ask.words import Noun
from agent.wording import amounts
from agent.wording.clause import NOBODY, Condition, clause, doing
from agent.wording.left import Left, tidy
from agent.wording.places import Places
from agent.wording.vocabulary import VOCABULARY, UnknownWordsError, scan

_WINDOW_S = 60.0
_PARTS = 8
_PHRASES = tuple(
    phrase for phrase in VOCABULARY if " " in phrase and {"without", "and", "after", "as"} & set(phrase.split())
)
_THEN = re.compile(
    r",? (?:and )?then |,? (?:and (?:is |are )?)?(?:immediately |directly |quickly )?followed by |,? and (?:after that|afterwards|later|subsequently|shortly after) |,? before "
)
_AFTER = re.compile(r",? (?:just |right |shortly |directly |soon )?after ")
_WITHOUT = re.compile(
    r",? (?:and|but) (?=(?:nobody|no one|nothing|no|none|not|never|it is not|it does not|does not|is not|are not|they do not|\w+ (?:is|are|does|do) not)\b)|,? without (?=(?:any|a |an |somebody|someone|the ))|,? unless "
)
_WHILE = re.compile(r",? (?:while|whilst|at the same time as|as long as|during which|when|as) ")
_OR = re.compile(r",? or (?:if |when )?")
_AND = re.compile(r",? and (?:if |when )?")
_SAME = re.compile(r"\b(?:on |by |of |in |at )?the same (camera|stream|zone|area|[a-z]+)\b")
_PRONOUN = re.compile(r"\b(?:it|he|she|they|them)\b")
_DIRECTION = re.compile(
    r"\b(?:in (?:the )?(?:wrong|opposite|other) direction|the wrong way|backwards?|from right to left)\b|\b(forwards?|in the right direction|from left to right)\b"
)


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads conditions; `notes` and `doubts` gather what is to be said of them."""

    places: Places
    notes: list[str]
    doubts: list[str]

    def condition(self, text: str) -> Condition:
        """What a sentence asks for, by its outermost joint."""
        left = Left(tidy(text), self.notes, self.doubts)
        same = _same(left)
        for joint, put in _JOINTS:
            parts = _split(joint, left.text)
            notes, doubts = list(self.notes), list(self.doubts)
            if parts:
                try:
                    return put(self, parts, same)
                except UnknownWordsError:  # it joins something else: words, not clauses
                    self.notes[:], self.doubts[:] = notes, doubts
        if same:
            self.doubts.append(
                f"the same {same}: that can be said of things one after the other, not of one or of a count"
            )
        return self.alone(left.text)

    def part(self, text: str, before: str = "") -> Condition:
        """One of several clauses; what has no verb of its own has the one of the clause before it."""
        text = _PRONOUN.sub("", text)
        if before and not doing(text):
            text = self._completed(text, before)
        return self.condition(text)

    def _completed(self, text: str, before: str) -> str:
        """A part without a verb with that of the part before it: another thing that does the same, or elsewhere."""
        words = before.split()
        at = next((at for at, word in enumerate(words) if doing(word)), len(words))
        named = self.places.take(Left(text))
        if not any(isinstance(one.word, Noun) for one in scan(named.text)) and named.text == text.strip():
            raise UnknownWordsError(*text.split())  # "does not get up" is more than "not"
        elsewhere = named.zones or named.lines or named.streams
        return f"{' '.join(words[at : at + 1])} {text}" if elsewhere else f"{text} {' '.join(words[at:])}"

    def alone(self, text: str) -> Condition:
        """One clause; where the grammar does not know its words, a question to the vision model."""
        left = Left(text, self.notes, self.doubts)
        way = left.take(_DIRECTION)
        notes, doubts = list(self.notes), list(self.doubts)
        try:
            when = clause(left.text, self.places, self.notes, self.doubts)
        except UnknownWordsError as unknown:
            self.notes[:], self.doubts[:] = notes, doubts
            return self._asked(text, unknown.words)
        if way and _set_direction(when, "forward" if way[1] else "backward"):
            return when
        return self._asked(text, (way[0],)) if way else when

    def _asked(self, text: str, words: tuple[str, ...]) -> Condition:
        left = Left(text, self.notes, self.doubts)
        for_s = amounts.lasting_s(left)
        if len(left.text.split()) < 2:
            raise UnknownWordsError(*words)
        question = question_of(left.text)
        said = ", ".join(repr(word[:40]) for word in words)
        self.doubts.append(
            f"{said}: no word{'s' * (len(words) > 1)} that can be told from events; the vision model is asked {question!r}"
        )
        return {"ask": question, **({"for_s": for_s} if for_s else {})}

    def in_order(self, parts: list[str], same: str) -> Condition:
        """One after the other."""
        read, within_s = self._within(parts)
        whens = [self.part(part, read[at - 1] if at else "") for at, part in enumerate(read)]
        if not same and any(_PRONOUN.search(part) for part in read[1:]):
            same = "thing"
        return {"in_order": whens, "within_s": within_s, **({"same": same} if same else {})}

    def after(self, parts: list[str], same: str) -> Condition:
        """The second, then the first."""
        return self.in_order(parts[::-1], same)

    def without(self, parts: list[str], same: str) -> Condition:
        """The first, and the second not."""
        read, within_s = self._within(parts)
        other = NOBODY.sub(lambda one: "a person" if one[0] in ("nobody", "no one") else "", read[1])
        what = self.part(re.sub(r"\b(?:does|do|is|are)\b(?= *$)", "", tidy(other)), read[0])
        if not same and _PRONOUN.search(read[1]):
            same = "thing"
        whens = [self.part(read[0]), {"not": what}]
        return {"all": whens, "within_s": within_s, **({"same": same} if same else {})}

    def both(self, parts: list[str], same: str) -> Condition:
        """All at one time, or near each other."""
        read, within_s = self._within(parts, default_s=0.0)
        if not all(map(doing, read)):
            raise UnknownWordsError(*parts)
        if not same and any(_PRONOUN.search(part) for part in read[1:]):
            same = "thing"
        whens = [self.part(part) for part in read]
        return {"all": whens, **({"within_s": within_s} if within_s else {}), **({"same": same} if same else {})}

    def near(self, parts: list[str], same: str) -> Condition:
        """Both, no more than a while apart."""
        if not all(map(doing, parts)):
            raise UnknownWordsError(*parts)
        found = self.both(parts, same)
        if "within_s" not in found:
            self.notes.append(f"no time was said: both within {_WINDOW_S:.0f} s")
        return {"within_s": _WINDOW_S, **found}

    def either(self, parts: list[str], same: str) -> Condition:
        """One of them."""
        del same
        if not all(map(doing, parts)):
            raise UnknownWordsError(*parts)
        return {"any": [self.part(part) for part in parts]}

    def _within(self, parts: list[str], default_s: float = _WINDOW_S) -> tuple[list[str], float]:
        """The parts without the time in which they are looked for."""
        found_s, read = 0.0, []
        for at, part in enumerate(parts):
            left = Left(part, self.notes, self.doubts)
            found_s = found_s or amounts.within_s(left) or (amounts.window_s(left) if at else 0.0)
            read.append(left.text)
        if not found_s and default_s:
            self.notes.append(f"no time was said: within {default_s:.0f} s of each other")
        return read, found_s or default_s


_Put = Callable[[Reader, list[str], str], Condition]
_JOINTS: tuple[tuple["re.Pattern[str]", _Put], ...] = (
    (_THEN, Reader.in_order),
    (_WITHOUT, Reader.without),
    (_AFTER, Reader.after),
    (_WHILE, Reader.both),
    (_OR, Reader.either),
    (_AND, Reader.near),
)


def question_of(text: str) -> str:
    """A closed question: `someone is smoking` -> `Is someone smoking?`."""
    text = tidy(re.sub(r"^(?:if|that) ", "", text))[:280]
    there = re.match(r"there (is|are) (.+)", text)
    if there:
        return f"{there[1].capitalize()} there {there[2]}?"
    found = re.match(r"(.+?) (is|are|was|were|has|have|can) (.+)", text)
    if found:
        return f"{found[2].capitalize()} {found[1]} {found[3]}?"
    return f"Is it true that {text}?"


def _split(joint: "re.Pattern[str]", text: str) -> list[str]:
    """The parts between joints; none where a joint stands at an edge or is part of a longer word of the grammar."""
    parts, at = list[str](), 0
    for found in joint.finditer(text):
        if not _in_phrase(text, found):
            parts.append(text[at : found.start()].strip())
            at = found.end()
    parts.append(text[at:].strip())
    return parts if 1 < len(parts) <= _PARTS and all(parts) else []


def _in_phrase(text: str, found: "re.Match[str]") -> bool:
    """Whether the joint is part of a phrase of the grammar: `without a helmet` is one thing to be seen."""
    word = found[0].strip(" ,").split()[-1]
    near = text[max(0, found.start() - 30) : found.end() + 30]
    return any(word in phrase.split() and f" {phrase} " in f" {near} " for phrase in _PHRASES)


def _same(left: Left) -> str:
    found = left.take(_SAME, lambda one: True)
    if not found:
        return ""
    sort = {"camera": "stream", "stream": "stream", "zone": "zone", "area": "zone"}.get(found[1], "thing")
    if sort == "thing" and isinstance(VOCABULARY.get(found[1]), Noun):
        at = found.start()
        left.text = tidy(f"{left.text[:at]} a {found[1]} {left.text[at:]}")
    return sort


def _set_direction(when: Condition, way: str) -> bool:
    """Whether the condition is about a line, whose direction it then says."""
    inner = next((when[key] for key in ("count", "rate", "absence") if key in when), when)
    if inner.get("event") != "line_crossed":
        return False
    inner["direction"] = way
    return True
