"""Other ways to say what the grammar says: spoken English put as the grammar has it, before anything is read."""

import re
from collections.abc import Iterable

_NOBODY = r"(?:nobody|no one|no-one|nothing)"
_BE = r"(?:was|were|is|are)"
_ONE = r"(?:any|some)(?:one|body)"
_WATCHED = r"(?:watch|watched|see|seen|record|recorded|film|filmed|cover|covered|monitor|monitored)"
_WATCHING = r"(?:watching|recording|filming|monitoring|looking at)"
_CAMERA = r"(?:the |my |a )?(?P<which>(?:[\w -]+ )?)(?:camera|cam)\b"
_WHEN = r"(?: (?P<rest>(?:on|in|at|during|between|from|before|after|since|until|today|yesterday|this|last|when)\b.*))?"
_SAYINGS: tuple[tuple[str, str], ...] = (
    (r" (?:right|correct|isn't it|wasn't it|didn't they|or not)$", ""),
    (r"^(?P<end>(?:the )?(?:first|last) .+) and when$", "<end>"),
    (r"\bthru\b", "through"),
    (r"\bovernight\b", "last night"),
    (r"\b(?:of|for) the day$", "today"),
    (r"\b(?P<some>how many|any|which|some) of (?:the|my|our|these|those) (?=\w)", "<some> "),
    (r"^is it (?:true|right|correct) that ", ""),
    (r"^how many (?:hours|minutes|seconds) of (?:video|footage|film|recordings?)\b.*", "how much was watched"),
    (r"^(?P<be>did|was|were|is|are|has|have)n't ", "<be> "),
    (r"^(?P<be>did|was|were|has|have) (?:everyone|everybody) ", "<be> every person "),
    (r"^no (?P<what>\w+) (?=(?:in|on|at|today|yesterday|after|before|between)\b)", "were there no <what> "),
    (
        r"\b(?:left|leave|leaves) (?P<what>something|anything|(?:a|an|the|any|some) \w+) behind\b",
        "<what> left behind",
    ),
    (rf"^(?P<be>{_BE}) (?P<where>.+?) empty of (?P<what>\w+)(?P<rest> .*)?$", "<be> no <what> seen at <where> <rest>"),
    (rf"^(?P<no>{_NOBODY}) (?P<be>was|were|has|have|had) ", "<be> <no> "),
    (rf"^(?P<no>{_NOBODY}) ", "did <no> "),
    (rf"^what {_BE} (?=(?:in|at|on)\b)", "what was seen "),
    (
        r"^(?P<ask>(?:show |list |show me |list me )?)(?:everything|all|anything) (?:that|which) (?=\w)",
        "<ask>the objects that ",
    ),
    (r"^(?:did|have|had|do) we (?:have|had|get|got|see|seen) ", "were there "),
    (r"^how many (?P<what>.+?) (?:did|have|do) we (?:have|had|get|got)\b", "how many <what> were there"),
    (
        r"^(?P<ask>which|what|how many) (?P<what>\w+) (?:do|did|have) (?:you|we|i) (?:have|got|know|watch)$",
        "<ask> <what> are there",
    ),
    (
        r"^when was the (?P<end>last|first) time (?:that )?(?P<who>(?:a |an |the )?\w+) (?=\w)",
        "when was the <end> <who> ",
    ),
    (
        rf"^(?P<be>{_BE}) it (?=(?:too |very )?(?:dark|bright|blurred|blurry|blocked|frozen|covered)\b)",
        "<be> the picture ",
    ),
    (rf"^{_BE} (?:you|it|vidette|anything) {_WATCHING}$", "was everything watched"),
    (rf"^{_BE} (?:you|it|vidette|anything) {_WATCHING} ", "was watched "),
    (r"^what (?:did|have) you (?:miss|missed|not see|not watch)\b", "what was missed"),
    (
        rf"^how much (?:of )?(?P<what>.*?) ?(?:did you|have you|was|were|has been) (?:actually |really )?{_WATCHED}(?P<rest> .*)?$",
        "how much was watched <what><rest>",
    ),
    (rf"^how long (?:did|have|were) you (?:been )?(?:{_WATCHED}|{_WATCHING})\b", "how much was watched"),
    (
        rf"^(?:did|has|have) {_ONE} (?:ever )?(?:move|turn|knock|shift|twist)(?:e?d)? {_CAMERA}",
        "was the camera moved <which>",
    ),
    (
        rf"^(?:did|has|have) {_ONE} (?:ever )?(?:touch|tamper with|fiddle with|touched|tampered with) {_CAMERA}",
        "was the camera tampered with <which>",
    ),
    (
        rf"^{_BE} (?!(?:too|the picture|the scene|the view)\b)(?P<where>(?:(?!shel[fv]|rack).)+?) (?:empty|deserted|vacant){_WHEN}$",
        "was nothing seen at <where> <rest>",
    ),
)
_RULES = tuple((re.compile(pattern), said) for pattern, said in _SAYINGS)
_KEPT = re.compile(r"<(\w+)>")


def reworded(text: str, names: Iterable[str]) -> str:
    """A normalised question as the grammar has it; no rule takes a word out of one of these names."""
    near = [name for name in names if name and name in text]
    for pattern, said in _RULES:
        found = pattern.search(text)
        if found and not any(_loses(said, found, name) for name in near):
            new = _KEPT.sub(lambda mark, found=found: found[mark[1]] or "", said)  # type: ignore[misc]  # bound now
            text = " ".join(f"{text[: found.start()]}{new}{text[found.end() :]}".split())
    return text


def _loses(said: str, found: re.Match[str], name: str) -> bool:
    """Whether a rule takes away a name or part of it: it meets what the rule replaces, and is in no part that is kept."""
    spans = [found.span(group) for group in _KEPT.findall(said)]
    for at in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", found.string):
        meets = at.start() < found.end() and at.end() > found.start()
        if meets and not any(low <= at.start() and at.end() <= high for low, high in spans):
            return True
    return False
