"""One clause: who does what where, how long, how many, or that nobody does."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from agent.ask.words import LEFT_BEHIND, PASSED, REMOVED, SEEN, Mark, Noun, Verb
from agent.wording import amounts
from agent.wording.amounts import Amount
from agent.wording.left import Left
from agent.wording.places import Named, Places
from agent.wording.vocabulary import STAY, VOCABULARY, Colour, Said, UnknownWordsError, scan
from vidette.models import EventType, Label

Condition = dict[str, Any]
"""A `when` as settings have it."""
NOBODY = re.compile(
    r"\b(?:nobody|no one|no-one|nothing|none|never|no longer|not|no|without(?: any(?:one|body|thing)?)?|missing|absent)\b"
    r"|\b(?:is|are|was) expected(?: to)?\b|\bshould(?: have)?\b|\bfails? to\b|\bexpect(?:ed)?\b"
)
_WHO = {"nobody": "person", "no one": "person", "no-one": "person"}
_WINDOW_S = 60.0
_NATURAL = {  # what such an event is about anyway
    Label.PERSON: {
        EventType.PERSON_FELL,
        EventType.FIGHT,
        EventType.THEFT,
        EventType.WEAPON_SHOWN,
        EventType.VANDALISM,
        EventType.PPE_MISSING,
        EventType.QUEUE_FORMED,
        EventType.CROWD_FORMED,
    },
    Label.VEHICLE: {EventType.TRAFFIC_ACCIDENT, EventType.VEHICLE_STOPPED_ON_ROAD},
    Label.PACKAGE: {EventType.PARCEL_DELIVERED},
    Label.FLAME: {EventType.FIRE},
}
_OF_MANY = frozenset({EventType.QUEUE_FORMED, EventType.CROWD_FORMED})
_OF_A_THING = frozenset({*LEFT_BEHIND.types, *REMOVED.types})


def clause(text: str, places: Places, notes: list[str], doubts: list[str]) -> Condition:
    """The condition that a clause says. Raises UnknownWordsError for what the grammar does not know."""
    left = Left(text, notes, doubts)
    for_s = amounts.lasting_s(left)
    nobody = _nobody(left)
    if nobody and (other := re.search(r"\b(?:and|but)\b", left.text)):
        raise UnknownWordsError(other[0], "not")  # which of two things does not happen
    often = amounts.times(left)
    window_s = amounts.window_s(left)
    named = places.take(left)
    left.text = named.text
    many = None if often else amounts.count(left)
    per_s = amounts.per_s(left) if (many or often) and not window_s else 0.0
    said = scan(left.text)
    if many and not window_s and not per_s and _of_a_scene(said):
        notes.append("the number is left out: such an event is one, however many take part")
        many = None
    amount = often or many
    if nobody:
        absent_s = for_s or window_s
        inner = _things(said, named, notes) if _there(said, named) else _event(said, named, 0.0, notes)
        when = {"absence": inner, **({"for_s": absent_s} if absent_s else {})}
    elif amount and (often or window_s or per_s or not _present(said)):
        when = _counted(_event(said, named, 0.0, notes), amount, window_s, per_s, notes)
    elif amount:  # how many are there
        when = {"count": _things(said, named, notes), **amount.settings(), **({"for_s": for_s} if for_s else {})}
    else:
        when = _event(said, named, for_s or window_s, notes)
        when |= {"for_s": for_s or window_s} if for_s or window_s else {}
    return when


def doing(text: str) -> bool:
    """Whether a text says that something happens, and is no mere name."""
    words = text.split()
    grams = (" ".join(words[at : at + size]) for at in range(len(words)) for size in (1, 2, 3))
    known = (VOCABULARY.get(gram) for gram in grams)
    verbs = any(
        isinstance(word, Verb)
        or (isinstance(word, Mark) and word.name in ("leave", "left", "move", "moved", "gone", "happen"))
        for word in known
    )
    return verbs or bool(re.search(r"\b(?:is|are|was|were)\b", text))


def _nobody(left: Left) -> bool:
    """Whether the clause says that something does not happen; then without the words that say so."""
    found = NOBODY.search(left.text)
    if not found or any(found[0] in phrase.split() and phrase in left.text for phrase in VOCABULARY if " " in phrase):
        return False  # "without a helmet" is a thing to be seen
    left.text = " ".join(NOBODY.sub(lambda one: _WHO.get(one[0], ""), left.text).split())
    left.text = re.sub(r"\b(?:has|have|had|been)\b", "", left.text)
    return True


def _counted(inner: Condition, amount: Amount, window_s: float, per_s: float, notes: list[str]) -> Condition:
    if per_s:
        return {"rate": inner, **amount.settings(), "per_s": per_s, "within_s": window_s or per_s}
    if not window_s:
        notes.append(f"no time was said: counted within {_WINDOW_S / 60:.0f} minute")
    return {"count": inner, **amount.settings(), "within_s": window_s or _WINDOW_S}


def _present(said: Sequence[Said]) -> bool:
    """Whether being there is all that is said."""
    verbs = [one.word for one in said if isinstance(one.word, Verb)]
    return all(verb in (SEEN, STAY) or set(verb.types) & _OF_MANY for verb in verbs) and not any(
        isinstance(one.word, Mark) and one.word.name in ("leave", "left", "move", "moved") for one in said
    )


def _of_a_scene(said: Sequence[Said]) -> bool:
    """Whether it is about people or things only as all that takes part in it: two men fight."""
    verbs = [one.word for one in said if isinstance(one.word, Verb)]
    nouns = [one.word for one in said if isinstance(one.word, Noun) and one.word.labels]
    scenes = [verb for verb in verbs if verb.about == "scene" and verb.types and not set(verb.types) & _OF_MANY]
    return bool(scenes) and bool(nouns) and all(_natural(noun, verb.types) for noun in nouns for verb in scenes)


def _there(said: Sequence[Said], named: Named) -> bool:
    """Whether being at a place is what is said: who stays there is there, though nobody comes."""
    return bool(named.zones) and _present(said) and any(isinstance(one.word, Noun) for one in said)


def _things(said: Sequence[Said], named: Named, notes: list[str]) -> Condition:
    """The things of a count: those that are there, whatever they do."""
    nouns = [one.word for one in said if isinstance(one.word, Noun)]
    return {**_who(nouns, said, notes), **_where(named)}


def _event(said: Sequence[Said], named: Named, for_s: float, notes: list[str]) -> Condition:
    nouns = [one.word for one in said if isinstance(one.word, Noun)]
    verb = _verb(said, nouns, named)
    types = _types(verb, nouns, named, for_s)
    nouns = _subjects(nouns, types, verb, notes)
    event: Condition = {"event": types[0] if len(types) == 1 else list(types)} if types else {}
    return {**event, **_who(nouns, said, notes), **_where(named)}


def _verb(said: Sequence[Said], nouns: Sequence[Noun], named: Named) -> Verb:
    """What happens, one thing of all that is said. Raises UnknownWordsError where it is two things, or none."""
    verbs = list(dict.fromkeys(one.word for one in said if isinstance(one.word, Verb)))
    marks = {one.word.name for one in said if isinstance(one.word, Mark)}
    marked = _of_marks(said, marks)
    scenes = [verb for verb in verbs if verb.about == "scene"]
    if scenes and (marked or STAY in verbs) and any(noun.labels for noun in nouns):
        raise UnknownWordsError(*(one.text for one in said if isinstance(one.word, Verb)))  # a delivery truck waits
    verbs = _joined(verbs) or [verb for verb in (marked,) if verb]
    if len(verbs) > 1:
        raise UnknownWordsError(*(one.text for one in said if isinstance(one.word, Verb)))
    if verbs:
        return verbs[0]
    if not nouns and not named.streams and not named.zones and "happen" not in marks:
        raise UnknownWordsError(*(one.text for one in said)) if said else UnknownWordsError("")
    return Verb("happened", (), "scene") if "happen" in marks and not any(noun.labels for noun in nouns) else SEEN


def _joined(verbs: list[Verb]) -> list[Verb]:
    """Verbs that say more than that something is there; what it stays doing goes with where it is."""
    telling = [verb for verb in verbs if verb is not SEEN]
    telling = [verb for verb in telling if verb.types or verb is STAY] or telling
    telling = [verb for verb in telling if verb.about != "thing"] or telling  # a delivery that comes
    if len(telling) > 1:
        telling = [verb for verb in telling if verb not in (STAY, PASSED)] or telling[:1]
    return telling or verbs


def _of_marks(said: Sequence[Said], marks: Collection[str]) -> Verb | None:
    """What words that are read with others mean here: `leaves a bag` is no leaving."""
    if "gone" in marks:
        return STAY
    camera = "camera" in marks or "footage" in marks
    if "move" in marks or "moved" in marks:
        return _known("camera moved") if camera else PASSED
    if "leave" not in marks and "left" not in marks:
        return None
    at = next(i for i, one in enumerate(said) if isinstance(one.word, Mark) and one.word.name in ("leave", "left"))
    after = [one.word for one in said[at:] if isinstance(one.word, Noun)]
    before = [one.word for one in said[:at] if isinstance(one.word, Noun)]
    dropped = after or any(set(noun.labels) & {Label.BAG, Label.PACKAGE} for noun in before)
    return LEFT_BEHIND if dropped else _known("exits")


def _types(verb: Verb, nouns: Sequence[Noun], named: Named, for_s: float) -> tuple[EventType, ...]:
    """The events that a verb means of such things at such a place."""
    if verb.about == "scene" and not verb.types:
        return ()
    labels = {label for noun in nouns for label in noun.labels}
    if verb is STAY or (verb is SEEN and for_s):
        moving = (EventType.LOITERING,) if labels == {Label.PERSON} else (EventType.OBJECT_STOPPED,)
        return moving if labels else (EventType.LOITERING, EventType.OBJECT_STOPPED)
    if verb in (SEEN, PASSED) or (named.lines and not set(verb.types) & _OF_A_THING):
        if named.lines:
            return (EventType.LINE_CROSSED,)
        return (EventType.ZONE_ENTERED,) if named.zones else (EventType.OBJECT_ENTERED,)
    return verb.zone if verb.zone and named.zones else verb.types


def _subjects(nouns: list[Noun], types: tuple[EventType, ...], verb: Verb, notes: list[str]) -> list[Noun]:
    """The things that the event is about: of what is left or taken not who does it."""
    if set(types) & _OF_A_THING and len(nouns) > 1 and nouns[0].agent:
        return nouns[1:]
    if set(types) & _OF_A_THING and nouns and nouns[0].agent:
        return []  # "someone leaves": who it is, is not what is left
    if verb.about == "thing":
        return nouns
    other = (noun for noun in nouns if noun.labels and not _natural(noun, types))
    notes += [f"{noun.singular!r} is left out: such an event is about no thing" for noun in other]
    return []


def _natural(noun: Noun, types: tuple[EventType, ...]) -> bool:
    return any(set(types) <= _NATURAL.get(label, set()) for label in noun.labels)


def _who(nouns: Iterable[Noun], said: Sequence[Said], notes: list[str]) -> Condition:
    nouns = [noun for noun in nouns if noun.labels]
    labels = list(dict.fromkeys(label for noun in nouns for label in noun.labels))
    if len(nouns) > 1 and any(isinstance(one.word, Mark) and one.word.name == "and" for one in said):
        notes.append("things joined by 'and' are read as any of them")
    kinds = [kind for noun in nouns for kind in noun.kinds]
    if kinds and not all(noun.kinds for noun in nouns):
        notes.append(f"{' and '.join(kinds)}: read as {' or '.join(labels)}")
        kinds = []
    colours = list(dict.fromkeys(one.word.name for one in said if isinstance(one.word, Colour)))
    attributes = {"kind": list(dict.fromkeys(kinds)), "colour": colours}
    found = {key: values[0] if len(values) == 1 else values for key, values in attributes.items() if values}
    who: Condition = {"label": labels[0] if len(labels) == 1 else labels} if labels else {}
    return who | ({"attributes": found} if found else {})


def _where(named: Named) -> Condition:
    pairs = {"zone": named.zones, "line": named.lines, "stream": named.streams}
    return {key: names[0] if len(names) == 1 else list(names) for key, names in pairs.items() if names}


def _known(phrase: str) -> Verb:
    verb = VOCABULARY[phrase]
    assert isinstance(verb, Verb)
    return verb
