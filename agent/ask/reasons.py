"""Why a question that was not understood cannot be answered here: what nothing that was watched could tell."""

import re

from agent.ask.words import SINGLE

_KNOWN = "people, vehicles (cars, trucks, vans, buses), bicycles, animals, bags and packages"
_CLOTHES = (
    r"wear|wears|wearing|wore|jacket|coat|shirt|hat|hats|hood|hoodie|dress|helmet|glasses|beard|hair|uniform|vest"
)
_RELATIVES = r"wife|husband|son|daughter|mum|mom|dad|kid|kids|friend|neighbou?r|boss|employee|employees|staff|colleague"
_TRADES = r"postman|mailman|plumber|cleaner|driver|manager|thief|burglar|owner|intruders?|strangers?|courier"
_WHY: tuple[tuple[str, str], ...] = (
    (r"\b(?:tomorrow|next (?:week|month|hour|time)|will|going to)\b", "I tell what was seen, nothing that is to come"),
    (
        r"\b(?:how fast|speed|speeding|speeds|velocity|km/h|mph|too fast|how slow)\b",
        "nothing here measures speed; ask who ran, or how long something was in view",
    ),
    (
        r"\b(?:loud|noise|noises|sound|sounds|hear|heard|bark|barked|barking|shout|shouted|scream|talk|talked|talking|said)\b",
        "pictures are watched here, sound is not listened to",
    ),
    (
        r"\b(?:rain|raining|rained|weather|snow|snowing|sunny|cloudy|windy|foggy|fog|temperature|hot|cold)\b",
        "nothing here tells the weather",
    ),
    (r"\b(?:light|lights|lamp)\b.*\b(?:on|off)\b", "nothing here tells whether a light is on"),
    (r"\b(?:open|opened|opens|close|closed|shut|locked|unlocked)\b", "nothing here tells whether something is open or closed"),
    (
        r"\b(?:suspicious|suspiciously|unusual|strange|weird|odd|dangerous|abnormal|normal|wrong|anomal\w+)\b",
        "what is unusual is not judged in answers; 'vidette report' says what stood out, and you may ask what happened, or who loitered or ran",
    ),
    (rf"\b(?:{_CLOTHES})\b", "nothing here tells what people wear or carry"),
    (
        r"\bcolou?rs?\b",
        "a colour is asked for by its name, as in 'how many red cars were there'; the captions of what is listed tell the others",
    ),
    (r"\bempty\b", "nothing here tells whether what stands still is gone from a place; ask whether anything was seen there, or taken"),
    (
        rf"\b(?:my|our|his|her) (?:\w+ )?(?:{_RELATIVES})\b|\b(?:{_RELATIVES}|{_TRADES})\b|\bwho (?:is|was|are) (?:that|this|he|she|it)\b",
        "nothing here knows who somebody is",
    ),
    (
        r"\b(?:same|this very|again|twice|come back|came back|return|returned|another|each other)\b",
        "whether two sightings are the same one is not told in answers; ask how often, or which",
    ),
    (
        r"\b(?:direction|directions|which way|towards|left to right|right to left|to the (?:left|right|top|bottom)|upwards?|downwards?|forwards?|backwards?|"
        r"(?:go|goes|went|going|drove|drive|moved) (?:up|down))\b",
        "which way things went is told with each event, but not counted by; ask who crossed a line, or list what went out",
    ),
    (
        r"\b(?:clip|clips|video|videos|photo|photos|picture|pictures|footage) of\b|\b(?:download|export|play|replay)\b",
        "an answer cites events; cut one out with: vidette clip EVENT --out FILE",
    ),
    (r"\b(?:number ?plates?|licen[cs]e ?plates?|registration)\b", "nothing here reads text; set ocr.backend to rapidocr, or name a model in vlm"),
    (r"^why\b", "I tell what was seen, not why it was done; of an alert, ask why it was raised"),
    (r"^(?:hello|hi|hey|help|thanks|thank you|what can (?:i|you) (?:ask|do|tell)\b.*|\W*)$", "there is no question in it"),
)  # fmt: skip
_REASONS = tuple((re.compile(pattern), why) for pattern, why in _WHY)
_SLOT = re.compile(
    r"^(?:how many|how often (?:did|was|were) (?:a|an|the)|(?:was|were|is|are|did|has|have) (?:there )?(?:a|an|any|the)|any) (?P<noun>[^\W\d_]{3,40})\b"
)


def reason(text: str, word: str) -> str:
    """Why nothing here can tell what a normalised question asks that has this unknown word; empty where none is known."""
    for pattern, why in _REASONS:
        if pattern.search(text):
            return why
    words = re.findall(r"[^\W\d_]+", text)
    if (len(words) > 3 or not text.isascii()) and sum(one in SINGLE for one in words) * 5 < len(words):
        return "I understand questions in plain English about what was watched"
    noun = _SLOT.match(text)
    if noun and noun["noun"] == word:
        return f"{noun['noun']!r} is nothing that is told apart here; I know {_KNOWN}, or 'things' for whatever moved or was left or taken"
    return ""
