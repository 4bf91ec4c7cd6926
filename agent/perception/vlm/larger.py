"""The pictures of a segment as they are kept: how large, what moved in them, and parts cut out of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from agent.perception.vlm.pictures import Shown, parts_of
from agent.perception.vlm.prompt import Picture
from agent.perception.vlm.tiling import LARGER, WORTH, Cells, Size, Want, cells, chosen, is_small, moved, small_tracks
from ingest.jpeg import decode
from vidette.errors import StoreError
from vidette.geometry import inside_share
from vidette.models import Track
from vidette.ports import MediaStore

_FINE_PX = 1920  # so large is enough to see that something moved
_SEEN = 0.9  # share of a place that a part must show for it to be seen


class Larger:
    """What can be shown larger of those pictures that are kept larger than `max_side`, to which they are sent."""

    def __init__(
        self, pictures: Sequence[Picture], shown: Sequence[Shown], media: MediaStore, max_side: int, small_px: int
    ) -> None:
        """`pictures`: all of the segment; `shown`: those that are still there, with their sizes."""
        self._media, self._side, self._small_px = media, max_side, small_px
        self._pictures = {one.number: one for one in pictures}
        self._sizes = {one.picture.number: one.kept for one in shown if max(one.kept) >= LARGER * max_side}

    def wants(self, tracks: Iterable[Track]) -> list[Want]:
        """Where a track or something else that moved is too small to be told in the pictures that are sent."""
        sizes = {number: size for number, size in self._sizes.items() if max(size) >= WORTH * self._side}
        pictures = {self._pictures[number]: size for number, size in sizes.items()}
        return [*small_tracks(tracks, pictures, self._side, self._small_px), *self._moved(sizes)]

    def parts(self, wants: Sequence[Want], most: int) -> tuple[Shown, ...]:
        """At most so many parts that show the most of what is wanted, numbered on from the pictures."""
        can = [want for want in wants if want.number in self._sizes]
        found = chosen(can, self._sizes, self._side, max(0, most))
        first = max(self._pictures, default=0) + 1
        pictures = [
            Picture(number=i, at_s=of.at_s, keyframe=of.keyframe, part=tile, of=of.number)
            for i, (number, tile) in enumerate(found, first)
            for of in (self._pictures[number],)
        ]
        return parts_of(pictures, self._media, self._side)

    def worth(self, wants: Iterable[Want], shown: Sequence[Picture]) -> list[Want]:
        """Those of the wants that would show more than was shown."""
        return [want for want in wants if want.number in self._sizes and not self._was_shown(want, shown)]

    def _was_shown(self, want: Want, shown: Sequence[Picture]) -> bool:
        """Whether a part with all its pixels had it."""
        parts = (one.part for one in shown if one.of == want.number and one.part is not None)
        return any(
            inside_share(want.box, tile.box) >= _SEEN and max(tile.x1 - tile.x0, tile.y1 - tile.y0) <= self._side
            for tile in parts
        )

    def _moved(self, sizes: Mapping[int, Size]) -> list[Want]:
        """What differs between pictures that follow each other; a thing that came or went is wanted where it is seen."""
        return [
            Want(number=number, box=box)
            for (_, before), (number, now) in pairwise(self._cells(sizes))
            for box in moved(before, now)
            if is_small(box, sizes[number], self._side, self._small_px)
        ]

    def _cells(self, numbers: Iterable[int]) -> Iterator[tuple[int, Cells]]:
        for number in sorted(numbers):
            try:
                yield number, cells(decode(self._media.get(self._pictures[number].keyframe.sha256), least=_FINE_PX))
            except StoreError:
                continue
