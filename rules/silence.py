"""Silences: whether one covers an alert, and how it is said."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from rules import sentence
from vidette.alerts import Alert, Silence


def covers(silence: Silence, alert: Alert) -> bool:
    """Whether every matcher that is given holds by one of its values."""
    return bool(matchers(silence)) and all(
        not frozenset(asked).isdisjoint(found)
        for asked, found in (
            (silence.rules, (alert.rule,)),
            (silence.streams, alert.streams),
            (silence.zones, alert.zones or ()),
            (silence.severities, (alert.severity,)),
            (silence.subjects, (alert.subject,) if alert.subject else ()),
            (silence.labels, alert.labels or ()),
        )
        if asked
    )


def covering(silences: Iterable[Silence], alert: Alert, at: datetime) -> Silence | None:
    """Of the silences that cover an alert at an instant, the one that ends last."""
    found = [one for one in silences if one.start <= at < one.end and covers(one, alert)]
    return max(found, key=lambda one: (one.end, one.id), default=None)


def matchers(silence: Silence) -> str:
    """`rule bag-left, stream yard or lobby`; empty where nothing is asked for."""
    return ", ".join(_matchers(silence))


def _matchers(silence: Silence) -> Iterator[str]:
    for noun, asked in (
        ("rule", silence.rules),
        ("stream", silence.streams),
        ("zone", silence.zones),
        ("severity", silence.severities),
        ("subject", silence.subjects),
        ("label", silence.labels),
    ):
        if asked:
            yield f"{noun} {' or '.join(sentence.quoted_name(one) for one in asked)}"


def said(silence: Silence, tz: tzinfo) -> str:
    """`silenced by Anna until Sat 21 Nov 14:03:05 CET: “roadworks”`."""
    comment = f": {sentence.quoted(silence.comment)}" if silence.comment else ""
    return f"silenced by {sentence.quoted_name(silence.author)} until {sentence.clock(silence.end, tz)}{comment}"
