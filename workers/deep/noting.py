"""What is noted beside deep looks: text in keyframes, embeddings of pictures and of words.

It is optional at every moment: what fails is logged, and owed to the next watch of the stream or to `vidette embed`.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from agent.perception.embed.look import left_over, picture_look, pictures_id, words_look
from agent.perception.text.look import text_id, text_look
from agent.perception.text.reader import RapidReader
from vidette.errors import ModelError
from vidette.likeness import Unembedded
from vidette.models import Embedded, Observation, Segment
from vidette.ports import Embedder, GraphStore, MediaStore
from vidette.queries import ClockReadings, Settled
from vidette.streams import Stream

log = logging.getLogger(__name__)

WORDS: tuple[Embedded, ...] = ("assertion", "segment", "entity")
_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Who reads text and who embeds; each may be missing. `tz` is that of clocks in the picture."""

    media: MediaStore
    tz: tzinfo
    reader: RapidReader | None = None
    pictures: Embedder | None = None
    captions: Embedder | None = None

    def owing(self, store: GraphStore, segments: Sequence[Segment]) -> set[str]:
        """Ids of those of the segments of which something is owed."""
        of = {id_: segment.id for segment in segments for id_ in self._ids(segment)}
        return {of[id_] for id_ in of.keys() - store.read(Settled(ids=tuple(of)))} if of else set()

    def of_segment(self, store: GraphStore, segment: Segment, stream: Stream) -> Iterator[Observation]:
        """What is owed of a segment's keyframes."""
        ids = self._ids(segment)
        owed = ids - store.read(Settled(ids=tuple(ids)))
        if self.reader and text_id(segment.id, self.reader.run.id) in owed:
            known = store.read(ClockReadings(stream_id=stream.id))
            try:
                yield text_look(self.reader, segment, stream, self.media, known, self.tz)
            except ModelError as error:
                log.warning("text at %.1f s of %r is not read: %s", segment.start_s, stream.name, error)
        if self.pictures and pictures_id(segment, self.pictures.run.id) in owed:
            try:
                yield picture_look(self.pictures, segment, self.media)
            except ModelError as error:
                log.warning("pictures at %.1f s of %r have no embedding: %s", segment.start_s, stream.name, error)

    def of_words(self, said: Observation) -> Iterator[Observation]:
        """The embeddings of what an observation says."""
        if self.captions is None:
            return
        try:
            made = words_look(self.captions, said)
        except ModelError as error:
            log.warning("what was said at %.1f s has no embedding: %s", said.start_s, error)
            return
        if made:
            yield made

    def left(self, store: GraphStore, *streams: str, pictures: bool = True) -> Iterator[Observation]:
        """Everything of these streams (ids; none: all) that has no embedding yet, in batches. Raises ModelError."""
        kinds: list[tuple[Embedder | None, Embedded]] = [(self.captions, of) for of in WORDS]
        if pictures:
            kinds.append((self.pictures, "keyframe"))
        for embedder, of in kinds:
            after = ""
            while embedder and (
                things := store.read(
                    Unembedded(of=of, run_id=embedder.run.id, streams=streams, after=after, limit=_BATCH)
                )
            ):
                yield from left_over(embedder, of, things, self.media)
                after = things[-1].id

    def _ids(self, segment: Segment) -> set[str]:
        """Ids of the observations that a segment's keyframes make."""
        ids = {text_id(segment.id, self.reader.run.id)} if self.reader else set()
        return ids | ({pictures_id(segment, self.pictures.run.id)} if self.pictures else set())

    def close(self) -> None:
        """Note no more; from any thread."""
        for one in (self.reader, self.pictures, self.captions):
            if one is not None:
                one.close()
