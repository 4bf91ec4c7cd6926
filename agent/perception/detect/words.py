"""The words of models for things, in the closed list: `a red van` is a vehicle of kind van."""

import re

from agent.perception.reply import clean
from vidette.models import Label

MAX_KIND = 40
_WORDS = {
    Label.PERSON: "person man woman child boy girl kid baby pedestrian human worker guard policeman policewoman officer"
    " cyclist motorcyclist rider driver skier skateboarder player passenger customer guy lady crowd courier firefighter"
    " soldier intruder burglar thief",
    Label.VEHICLE: "vehicle car truck lorry bus van motorcycle motorbike moped scooter train tram taxi suv pickup"
    " minivan jeep ambulance tractor trailer forklift excavator bulldozer boat ship airplane plane aeroplane helicopter"
    " sedan hatchback minibus limousine rickshaw automobile",
    Label.BICYCLE: "bicycle bike",
    Label.ANIMAL: "animal dog cat bird horse sheep cow elephant bear zebra giraffe puppy kitten goat pig deer fox rabbit"
    " duck pigeon goose chicken rat mouse squirrel wolf monkey lion tiger snake",
    Label.BAG: "bag backpack handbag suitcase luggage rucksack purse briefcase duffel satchel baggage knapsack tote",
    Label.PACKAGE: "package parcel box carton crate packet",
    Label.FLAME: "flame fire blaze",
    Label.SMOKE: "smoke",
    Label.OBJECT: "object thing item",
}
DEFAULT = (
    "person", "car", "truck", "bus", "van", "motorcycle", "bicycle", "dog", "cat", "backpack", "handbag", "suitcase",
    "parcel", "fire", "smoke",
)  # fmt: skip
"""What a detector looks for where the settings do not say."""

_LABELS = {word: label for label, words in _WORDS.items() for word in words.split()}
_ODD = {"men": "man", "women": "woman", "children": "child", "people": "person", "mice": "mouse", "wolves": "wolf"}
_ODD |= {"geese": "goose", "policemen": "policeman", "buses": "bus", "boxes": "box"}
_NOT_THESE = {"hot dog", "teddy bear", "computer mouse"}
_WORD = re.compile(r"[^\W_]+")
_AFTER = re.compile(
    r"\b(?:in|on|at|of|with|by|near|behind|under|beside|next|from|to|for|and|who|that|which|is|are|parked|[^\W_]+ing)\b"
)
_LEADING = {"a", "an", "the", "one", "two", "three", "some", "several", "many", "this", "that", "another"}


def named(phrase: object) -> tuple[Label, str]:
    """The label that a phrase means, and the kind of thing it says: its last noun before any `with`, `in`, `walking` ….

    No phrase is an object; what no label is for is `other`, and its kind is the phrase.
    """
    words = _WORD.findall(clean(phrase, 4 * MAX_KIND).lower())
    if not words:
        return Label.OBJECT, ""
    head = _WORD.findall(_AFTER.split(" ".join(words), maxsplit=1)[0])
    for one in (head, words):
        noun = _singular(one[-1]) if one and " ".join(one[-2:]) not in _NOT_THESE else ""
        if noun in _LABELS:
            return _LABELS[noun], noun
    while len(words) > 1 and words[0] in _LEADING:
        del words[0]
    return Label.OTHER, " ".join(words)[:MAX_KIND].strip()


def _singular(word: str) -> str:
    if word in _ODD:
        return _ODD[word]
    return word[:-1] if word not in _LABELS and word.endswith("s") and word[:-1] in _LABELS else word
