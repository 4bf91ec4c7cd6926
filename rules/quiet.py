"""What speaks against asking for attention now, by the clock on the wall: silences, and hours in which who can wait waits."""

from rules.docket import Docket
from rules.policy import Policy
from rules.silence import covering, said
from vidette.alerts import Alert


def silenced(docket: Docket, policy: Policy, alert: Alert) -> str:
    """Who silenced the alert and until when; empty where nobody did."""
    found = covering(docket.silences, alert, docket.now)
    return said(found, policy.tz) if found else ""


def hours(docket: Docket, policy: Policy, sink: str, alert: Alert) -> str:
    """The quiet hours in which the sink is not told of an alert; empty where it is."""
    for quiet in policy.quiet:
        if quiet.holds(sink, alert.severity, docket.now):
            return f"quiet hours ({quiet.active}) for less than {quiet.below}"
    return ""
