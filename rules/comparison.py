"""What a rule over time finds now, held against what it said before: what goes on, what is new, what is lost."""

from collections.abc import Iterable

from rules.course import Course
from vidette.matches import Match, Said

_EVENTS = 64


class Comparison:
    """Matches found from `since` on (milliseconds since 1970) against those that were said, by id.

    `alerts` are those that tell of the matches that stay, by id of the match; `tell` adds those of the new ones.
    """

    def __init__(self, found: Iterable[Match], stored: dict[str, Said], since: int) -> None:
        now = {one.id: one for one in _continued(found, stored, since)}
        self._stored = stored
        self._changed = [one for key, one in now.items() if key in stored and not _same(one, stored[key].match)]
        self._new = [one for key, one in now.items() if key not in stored]
        self._gone = {
            key: one for key, one in stored.items() if key not in now and one.match and one.match.start >= since
        }
        self.alerts = {key: one.alert for key, one in stored.items() if key not in self._gone}

    def tell(self, course: Course) -> list[Said]:
        """Tell the course of all that differs; -> what is said of it from now on."""
        changed = [self._change(course, one) for one in self._changed]
        new = [said for one in self._new for said in self._come(course, one)]
        return [*changed, *new, *(self._lose(course, one) for one in self._gone.values())]

    def _change(self, course: Course, one: Match) -> Said:
        was = self._stored[one.id]
        course.change(was, one)
        return Said(id=one.id, match=one, alert=was.alert)

    def _come(self, course: Course, one: Match) -> list[Said]:
        """A match that was not said; or one that was, and is found to have begun at another time."""
        was = next((lost for lost in self._gone.values() if lost.alert and _touch(lost.match, one)), None)
        if was is None:
            alert, over = course.come(one), []
        else:
            del self._gone[was.id]
            course.change(was, one)
            alert, over = was.alert, [Said(id=was.id, match=None)]
        self.alerts[one.id] = alert
        return [*over, Said(id=one.id, match=one, alert=alert)]

    def _lose(self, course: Course, lost: Said) -> Said:
        course.gone(lost)
        return Said(id=lost.id, match=None)


def _continued(found: Iterable[Match], stored: dict[str, Said], since: int) -> Iterable[Match]:
    """The matches that begin from `since` on, and those said before, as they go on."""
    free = [one.match for one in stored.values() if one.match is not None and one.match.start < since]
    early = []
    for one in found:
        if one.start >= since:
            yield one
        elif one.id in stored:
            free = [other for other in free if other.id != one.id]
            yield one
        elif one.until >= since:
            early.append(one)
    for one, said in zip(early, free, strict=False):
        yield _lasting(said, one)


def _touch(before: Match | None, after: Match) -> bool:
    """Whether one is the other, told to have begun at another time."""
    if before is None or before.subject != after.subject:
        return False
    return before.start <= after.until and after.start <= before.until


def _lasting(said: Match, one: Match) -> Match:
    """A match that was said, with what is known now of how it goes on."""
    events = tuple(dict.fromkeys((*said.events, *one.events)))
    return Match(
        id=said.id,
        start=said.start,
        end=one.end,
        seen=one.seen,
        subject=said.subject,
        streams=tuple(dict.fromkeys((*said.streams, *one.streams))),
        zones=tuple(dict.fromkeys((*said.zones, *one.zones))),
        events=events[:_EVENTS],
    )


def _same(one: Match, other: Match | None) -> bool:
    """Whether nobody need be told: how far something was seen to go on changes all the time."""
    return other is not None and (one.start, one.end, one.events) == (other.start, other.end, other.events)
