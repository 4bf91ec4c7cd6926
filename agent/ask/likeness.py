"""Who tells what is alike, and fusing what they find with what words find."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from vidette.errors import ModelError
from vidette.likeness import Near, Nearest
from vidette.ports import Embedder, GraphStore
from vidette.queries import Filter

log = logging.getLogger(__name__)

_RRF = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Models that embed pictures and captions as memory holds them; each may be missing.

    Captions are alike whose cosine to the question is `least` or more.
    """

    pictures: Embedder | None = None
    captions: Embedder | None = None
    least: float = 0.45

    def by_meaning(
        self, store: GraphStore, of: Literal["event", "segment"], text: str, where: Filter, limit: int
    ) -> list[Near]:
        """Captions that mean much the same, the nearest first; none where no model can say."""
        if self.captions is None or not text:
            return []
        try:
            found = nearest(self.captions, store, of, text, where, limit)
        except ModelError as error:
            log.warning("captions are searched by their words alone: %s", error)
            return []
        return [one for one in found if one.likeness >= self.least]


def nearest(
    embedder: Embedder,
    store: GraphStore,
    of: Literal["keyframe", "event", "segment"],
    text: str,
    where: Filter,
    limit: int,
) -> list[Near]:
    """What lies nearest to a text, of what matches. Raises ModelError."""
    (row,) = embedder.texts([text])
    return store.read(
        Nearest(of=of, run_id=embedder.run.id, vector=row.astype("<f4").tobytes(), where=where, limit=limit)
    )


def fused(*rankings: Sequence[str]) -> list[str]:
    """Ids by reciprocal rank fusion (Cormack, Clarke, Büttcher, 2009), the best first; ties as the first ranking has them."""
    score: dict[str, float] = defaultdict(float)
    for ids in rankings:
        for rank, id_ in enumerate(_once(ids)):
            score[id_] += 1 / (_RRF + 1 + rank)
    return sorted(score, key=lambda id_: -score[id_])


def _once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
