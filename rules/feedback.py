"""What a person says of an alert: it is seen, it was right, it was not; those who were told of it are told that."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from rules import sentence
from rules.docket import Docket
from vidette.alerts import Alert, AlertState, Change, Feedback, Judgement, Verdict
from vidette.ports import Reader

Opinion = Literal["acknowledged", "confirmed", "dismissed"]
_VERDICT = {
    "acknowledged": Verdict.ACKNOWLEDGED,
    "confirmed": Verdict.CONFIRMED,
    "dismissed": Verdict.DISMISSED,
}
_COMMENT = 1000


def heard(alert_id: str, says: Opinion, read: Reader, *, by: str, now: datetime, comment: str = "") -> Judgement:
    """What follows; nothing where the alert is not there any more, or that was said before and counts.

    An acknowledged alert is told neither louder nor again. A confirmed one is acknowledged. A dismissed one is over; who
    confirms it later takes that back.
    """
    docket = Docket(read, now)
    alert = docket.alert(alert_id)
    if alert is None:
        return Judgement()
    newer = _as_said(alert, says)
    if newer == alert:
        return Judgement()
    if newer.state is not alert.state:
        newer = replace(newer, sequence=alert.sequence + 1)
        docket.deliver(newer, sorted(docket.told(alert.id)))
    docket.alerts[alert.id] = newer
    note = Feedback(alert=alert.id, says=says, by=by, at=now, comment=comment[:_COMMENT])
    docket.of_alert(newer, _VERDICT[says], (_said(note),))
    return replace(docket.judgement(), feedback=(note,))


def _as_said(alert: Alert, says: Opinion) -> Alert:
    """The alert after it, with its sequence as it was."""
    match says:
        case "dismissed":
            return _in(replace(alert, feedback="dismissed"), AlertState.DISMISSED, Change.DISMISSED)
        case "confirmed":
            alert = replace(alert, feedback="confirmed")
            seen = alert.state in (AlertState.OPEN, AlertState.DISMISSED)
        case _:
            seen = alert.state is AlertState.OPEN
    return _in(alert, AlertState.ACKNOWLEDGED, Change.ACKNOWLEDGED) if seen else alert


def _in(alert: Alert, state: AlertState, change: Change) -> Alert:
    return alert if alert.state is state else replace(alert, state=state, change=change)


def _said(note: Feedback) -> str:
    comment = f": {sentence.quoted(note.comment)}" if note.comment else ""
    return f"by {sentence.quoted_name(note.by)}{comment}"
