"""Evidence that an alert gets after it was raised, such as a clip that first had to be over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vidette.alerting import Alerts, Deliveries
from vidette.alerts import AlertFilter, Change, Delivery, DeliveryFilter, DeliveryStatus, Judgement
from vidette.models import Evidence
from vidette.ports import Reader
from vidette.rule_settings import SinkSettings

_MANY = 10_000


def exhibited(
    alert_id: str, evidence: Evidence, read: Reader, *, sinks: Sequence[SinkSettings], now: datetime
) -> Judgement:
    """The alert with this evidence, told to those sinks that were told of it before.

    Nothing where the alert has it already, or is not there any more.
    """
    alert = next(iter(read(Alerts(where=AlertFilter(ids=(alert_id,)), limit=1))), None)
    if alert is None or any((one.kind, one.sha256) == (evidence.kind, evidence.sha256) for one in alert.evidence):
        return Judgement()
    alert = replace(alert, change=Change.EVIDENCE, sequence=alert.sequence + 1, evidence=(*alert.evidence, evidence))
    told = {one.sink for one in read(Deliveries(where=DeliveryFilter(alerts=(alert_id,)), limit=_MANY))}
    return Judgement(
        alerts=(alert,),
        deliveries=tuple(
            Delivery(
                id=f"{alert.id}_{alert.sequence}_{sink.id}",
                sink=sink.id,
                message=alert,
                status=DeliveryStatus.PENDING,
                next_at=now,
            )
            for sink in sinks
            if sink.id in told
        ),
    )
