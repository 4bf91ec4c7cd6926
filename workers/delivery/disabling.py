"""That a sink takes no more is an event of the stream `system`: rules may tell the others of it."""

from collections.abc import Callable

from vidette.alerts import SinkState
from vidette.models import EventType
from vidette.settings import Settings
from workers.deep.references import References
from workers.delivery.sender import Store
from workers.system import System
from workers.wiring import Pipeline, judge_of, media_of


def teller(settings: Settings, store: Store) -> Callable[[SinkState], None]:
    """Tells memory of each sink that is disabled. What it gives raises StoreError."""

    def tell(state: SinkState) -> None:
        media = media_of(settings)
        pipeline = Pipeline(
            settings=settings, store=store, media=media, references=References(media), judge=judge_of(settings)
        )
        said = f"sink {state.sink!r} takes no more: {state.reason}"
        System(pipeline=pipeline).happened(EventType.SINK_DISABLED, said, state.disabled_at)

    return tell
