"""What an entity is taken for: a function of the set of what was said of it, so that no order of looks matters.

A deep look counts for more than a fast one. Among deep looks the label that most of them give wins, of equals that of
the fast look, then the one said of the latest moment; `object` says nothing. Nothing is forgotten: what each look said
is kept beside it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from vidette.models import Attributes, Label, Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one look said of an entity; `run_id` and `source` tell looks at one moment apart."""

    look: Look
    at_s: float
    run_id: str
    source: str
    label: Label
    name: str = ""
    description: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What it is taken for."""

    label: Label = Label.OBJECT
    name: str = ""
    description: str = ""
    attributes: Attributes = field(default_factory=dict)


def portrait(said: Iterable[Told]) -> Portrait:
    """What all that was said makes of the entity."""
    ordered = sorted(said, key=lambda one: (one.look == "deep", one.at_s, one.run_id, one.source))
    label = _label(ordered)
    # The words that count come last: the fast look's, then those of deep looks that take it for something else.
    ordered.sort(key=lambda one: (one.look == "deep", one.label in (label, Label.OBJECT)))
    attributes: Attributes = {}
    for one in ordered:
        attributes.update(one.attributes)
    return Portrait(
        label=label,
        name=next((one.name for one in reversed(ordered) if one.name), ""),
        description=next((one.description for one in reversed(ordered) if one.description), ""),
        attributes=attributes,
    )


def _label(ordered: list[Told]) -> Label:
    told = [one for one in ordered if one.label is not Label.OBJECT]
    fast = next((one.label for one in reversed(told) if one.look == "fast"), Label.OBJECT)
    deep = [one.label for one in told if one.look == "deep"]
    if not deep:
        return fast
    votes = Counter(deep)
    most = [label for label in deep if votes[label] == max(votes.values())]
    return fast if fast in most else most[-1]
