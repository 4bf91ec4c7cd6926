"""The words of a rule in plain English: things, what they do, what they look like. What is not here is not guessed at."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from agent.ask.words import SOMEONE, WORDS, Mark, Noun, Verb
from vidette.models import Label


class UnknownWordsError(Exception):
    """A clause holds what the grammar does not know: `words`, as they were written."""

    def __init__(self, *words: str) -> None:
        super().__init__(", ".join(words))
        self.words = words


@dataclass(frozen=True, slots=True)
class Colour:
    """What a thing looks like."""

    name: str


class Said(NamedTuple):
    """A known word and how it was written."""

    word: Noun | Verb | Mark | Colour
    text: str


STAY = Verb("stays", lasting=True)
"""Standing, waiting, lying about: which event that is depends on the thing."""
_PEOPLE = "intruder stranger trespasser burglar customer client worker employee guard driver guest courier player"
_VEHICLES = "taxi ambulance tractor forklift trailer pickup suv minibus scooter tram train"
_ANIMALS = {"horse": "horses", "cow": "cows", "fox": "foxes", "wolf": "wolves", "bear": "bears", "deer": "deer"}
_COLOURS = "white black grey silver red blue green yellow orange brown pink purple"
_FILL_WORDS = (
    "a an the any some there here in on at of to from by near inside into within onto over across past through around"
    " for with its it he she they them him her their his ones itself is are be been being was were has have had does"
    " do did get gets got also please just ever this that these those which who up down out off again starts start"
    " begins begin comes goes going same another away other also then yet already still"
)
FILL = frozenset(_FILL_WORDS.split())
_LIKE = {
    "stays": "stand stands standing stay stays staying remain remains remaining lie lies lying wait waits waiting sit"
    " sits sitting idle idles idling spends dwells hovers",
    "passes": "moves_around moving_around moves_about in_motion moves move moving rides runs_past",
    "enters": "turns_up shows_up approaches approach approaching gets_in gets_into climbs_in breaks_in arrives comes_in"
    " comes_into comes_inside walks_into walks_in drives_into drives_in steps_into goes_into goes_in runs_into runs_in"
    " comes_to comes_along comes_near pulls_up trespasses trespass is_back enter_the_area",
    "exits": "goes_out_of goes_out walks_out walks_out_of runs_away drives_away walks_off walks_away gets_out goes_away",
    "moves off": "pulls_away drives_off sets_off starts_moving",
    "stops": "stops_moving comes_to_a_stop comes_to_a_halt stands_still is_parked are_parked double-parks",
    "loiters": "lingers hangs_around hangs_about loafs prowls lurks loiter",
    "left behind": "leaves_behind puts_down sets_down is_left are_left was_left left_behind dumps dumped dump",
    "abandoned": "is_abandoned leaves_unattended",
    "removed": "takes_away is_taken are_taken carries_away carries_off is_removed is_stolen goes_missing picks_up grabs",
    "falls": "falls_over falls_down collapses trips",
    "crowd": "crowds_form crowd_forms a_crowd_forms gathers gather crowd_gathers crowd_of",
    "weapon": "shows_a_gun shows_a_knife shows_a_weapon pulls_a_gun pulls_a_knife draws_a_gun draws_a_weapon has_a_gun has_a_knife"
    " carries_a_gun carries_a_knife carries_a_weapon holds_a_gun holds_a_knife with_a_gun with_a_knife with_a_weapon",
    "queue": "queue_forms a_queue_forms queue_up queues_up",
    "dark": "goes_dark turns_dark",
    "offline": "goes_offline loses_signal loses_its_signal is_lost goes_down drops_out signal_is_lost loses_connection",
    "covered": "gets_covered is_covered is_blocked blinded_by_hand",
    "on fire": "catches_fire burns bursts_into_flames",
    "runs": "sprints sprint jogs",
    "fight": "starts_a_fight fights_break_out fight_breaks_out brawls",
    "crash": "crashes_into",
    "spill": "spills_out",
    "no helmet": "without_helmet without_a_helmet wears_no_helmet without_a_hard_hat without_ppe",
    "broken down": "breaks_down",
}
_NOT_HERE = frozenset({"all", "first", "last", "watched", "now"})  # marks of questions that say nothing in a rule


def _nouns() -> dict[str, Noun]:
    found: dict[str, Noun] = {}
    for one in _PEOPLE.split():
        found |= dict.fromkeys((one, f"{one}s"), SOMEONE)
    kinds = [(one, f"{one}s", Label.VEHICLE) for one in _VEHICLES.split()]
    kinds += [(one, many, Label.ANIMAL) for one, many in _ANIMALS.items()]
    for one, many, label in kinds:
        found |= dict.fromkeys((one, many), Noun(one, many, (label,), (one,)))
    return found | dict.fromkeys(("staff", "postman", "crowd of people"), SOMEONE)


def _verbs() -> dict[str, Verb]:
    known = {name: word for name, word in WORDS.items() if isinstance(word, Verb)} | {"stays": STAY}
    return {phrase.replace("_", " "): known[like] for like, phrases in _LIKE.items() for phrase in phrases.split()}


def _taken() -> dict[str, Noun | Verb | Mark | Colour]:
    """Things, happenings and marks that questions know too."""
    return {
        phrase: word
        for phrase, word in WORDS.items()
        if isinstance(word, Noun | Verb | Mark) and not (isinstance(word, Mark) and word.name in _NOT_HERE)
    }


VOCABULARY: dict[str, Noun | Verb | Mark | Colour] = {
    **_taken(),
    **_nouns(),
    **_verbs(),
    **{one: Colour(one) for one in _COLOURS.split()},
    "gray": Colour("grey"),
}
LONGEST = max(phrase.count(" ") for phrase in VOCABULARY) + 1


def scan(text: str) -> list[Said]:
    """The known words of a clause, longest phrases first. Raises UnknownWordsError with all that are not."""
    tokens, found, unknown, at = re.sub(r"[,;:]", " ", text).split(), list[Said](), list[str](), 0
    while at < len(tokens):
        for size in range(min(LONGEST, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + size])
            if phrase in VOCABULARY:
                found.append(Said(VOCABULARY[phrase], phrase))
                break
        else:
            size = 1
            if tokens[at] not in FILL:
                unknown.append(tokens[at])
        at += size
    if unknown:
        raise UnknownWordsError(*unknown)
    return found
