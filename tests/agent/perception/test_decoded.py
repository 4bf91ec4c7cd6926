"""Sights decoded elsewhere: the same to the last bit, nothing else is believed, and a watch of them says the same."""

import math
import struct
from contextlib import closing, suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.perception.decoded import depends_on, packed, reading, unpacked
from ingest.frame import ArrayFrame
from ingest.masks import Masks, masks_of
from ingest.media import MemoryMedia
from ingest.open import open_source
from tests.clips import spoil
from tests.filming import filmed
from tests.looking import watch
from tests.pictures import Drawing, box, court, walk
from vidette.errors import StoreError
from vidette.models import FastState
from vidette.settings import Settings, StreamSettings

CORNER = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.4), (0.0, 0.4))
MASKED = Settings(streams=[StreamSettings(name="yard", masks=[CORNER])])
WIDE = 3840


class Listed:
    """A source of these frames (vidette.ports.VideoSource)."""

    def __init__(self, *frames):
        self._frames, self.reads = frames, 0

    def frames(self, start_s=0.0, end_s=None):
        self.reads += 1
        return (one for one in self._frames if one.pts_s >= start_s and (end_s is None or one.pts_s < end_s))


def noisy(size, pts_s, seed=0, grey=False):
    pixels = np.random.default_rng([seed, round(pts_s * 1000)]).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return ArrayFrame(image=np.repeat(pixels[..., :1], 3, axis=2) if grey else pixels, pts_s=pts_s)


def there_and_back(source, masks=Masks(), before_s=-1.0, wide=WIDE):  # noqa: B008  none at all
    data = packed(reading(source, masks, wide)(0.0, None, before_s))
    return unpacked(data, source=source, before_s=before_s, masks=masks, wide=wide)


def shown(sight):
    """All that there is to a sight, but for what can be read again."""
    view = sight.view
    arrays = (*sight.planes, view.edges, view.relief, view.small)
    numbers = (view.sharpness, view.mean, view.spread, view.bright_share, float(view.power))
    return (
        (sight.pts_s, sight.size, sight.large, sight.telling, sight.wide, *numbers),
        [(array.shape, array.dtype, array.tobytes()) for array in arrays],
    )


@given(
    st.tuples(st.integers(2, 700), st.integers(2, 400)),
    st.lists(st.integers(0, 5000), min_size=1, max_size=5, unique=True),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=30)
def test_what_was_packed_is_what_was_seen(size, times, grey, masked):
    masks = Masks(polygons=(CORNER,)) if masked else Masks()
    source = masks.source(Listed(*(noisy(size, at / 1000, grey=grey) for at in sorted(times))))
    own = list(reading(source, masks, WIDE)(0.0, None, -1.0))
    other = there_and_back(source, masks)
    assert [shown(one) for one in other] == [shown(one) for one in own]
    assert [(one.jpeg(), one.keyframe()) for one in other] == [(one.jpeg(), one.keyframe()) for one in own]


def test_only_what_comes_after_is_given_and_tells_by_what_came_before():
    source = Listed(*(noisy((64, 48), number * 0.25) for number in range(12)))
    for before_s in (-1.0, 0.0, 0.5, 0.55, 1.0, 2.75):
        own = reading(source)(before_s + 1e-4, None, before_s)
        data = packed(reading(source)(0.0, None, -1.0))
        other = unpacked(data, source=source, before_s=before_s, masks=Masks(), wide=WIDE)
        assert [(one.pts_s, one.telling) for one in other] == [(one.pts_s, one.telling) for one in own]


def test_a_sight_that_is_kept_does_not_hold_its_whole_stretch():
    source = Listed(*(noisy((640, 360), number / 5) for number in range(10)))
    for one in there_and_back(source):
        for plane in one.planes:
            assert len(plane.base.base) == plane.size


def test_nothing_packed_is_nothing():
    assert there_and_back(Listed()) == []


@given(st.binary(max_size=400).filter(lambda data: data != packed([])))
def test_other_bytes_are_no_sights(data):
    with pytest.raises(StoreError, match="is no packed stretch"):
        unpacked(data, source=None, before_s=-1.0, masks=Masks(), wide=WIDE)


STRETCH = packed(reading(Listed(*(noisy((64, 48), number / 2) for number in range(3))))(0.0, None, -1.0))


@given(st.integers(0, len(STRETCH)))
def test_a_stretch_that_is_cut_off_is_no_sights_or_the_first_of_them(length):
    assert len(_hostile(STRETCH[:length]) or ()) <= 3


@given(st.lists(st.tuples(st.integers(0, len(STRETCH) - 1), st.integers(0, 255)), min_size=1, max_size=40))
@settings(max_examples=300)
def test_damaged_bytes_are_no_sights_or_sights_that_can_be_looked_at(changes):
    data = bytearray(STRETCH)
    for at, value in changes:
        data[at] = value
    for sight in _hostile(bytes(data)) or ():
        assert sight.planes[0].shape[0] == 2 * sight.planes[1].shape[0]
        assert np.isfinite(sight.pts_s)
        with suppress(StoreError):  # a picture that is damaged inside is found when it is decoded
            assert sight.rgb().ndim == 3
        with suppress(StoreError):
            assert sight.grey().ndim == 2


@pytest.mark.parametrize(
    "row",
    [
        (np.nan, 1.0, 64, 48, 48, 64, 0, 0),
        (0.0, np.inf, 64, 48, 48, 64, 0, 0),
        (0.0, -1.0, 64, 48, 48, 64, 0, 0),
        (0.0, 1.0, 0, 48, 48, 64, 0, 0),
        (0.0, 1.0, 2**32 - 1, 48, 48, 64, 0, 0),
        (0.0, 1.0, 64, 48, 2**32 - 2, 2**32 - 2, 0, 0),
        (0.0, 1.0, 64, 48, 0, 64, 0, 0),
        (0.0, 1.0, 64, 48, 47, 64, 0, 0),
        (0.0, 1.0, 64, 48, 48, 66, 0, 0),
        (0.0, 1.0, 64, 48, 48, 64, 2**32 - 1, 0),
        (0.0, 1.0, 64, 48, 48, 64, 20_000, 0),
        (0.0, 1.0, 64, 48, 48, 64, 0, 20_000),
    ],
)
def test_a_row_that_cannot_be_true_is_refused(row):
    data = STRETCH[:8] + struct.pack("<2d6I", *row) + b"\xff\xd8" * 20_000
    with pytest.raises(StoreError, match="is no packed stretch"):
        unpacked(data, source=None, before_s=-1.0, masks=Masks(), wide=WIDE)


def test_times_that_go_back_and_pictures_that_are_too_wide_are_refused():
    body, row = STRETCH[8:], struct.Struct("<2d6I")
    with pytest.raises(StoreError, match="is no packed stretch"):
        unpacked(STRETCH + body, source=None, before_s=-1.0, masks=Masks(), wide=WIDE)
    (large,) = reading(Listed(noisy((2000, 20), 0.0)), wide=WIDE)(0.0, None, -1.0)
    large.take()
    fields = row.unpack(body[: row.size])
    wrong = STRETCH[:8] + row.pack(*fields[:6], len(large.taken_wide), 0) + body[row.size : row.size + 64 * 72 + 14_400]
    with pytest.raises(StoreError, match="too wide"):
        unpacked(wrong + large.taken_wide, source=None, before_s=-1.0, masks=Masks(), wide=WIDE)


def _hostile(data):
    try:
        return unpacked(data, source=None, before_s=-1.0, masks=Masks(), wide=WIDE)
    except StoreError as error:
        assert "is no packed stretch" in str(error)
        return None


def joined(own, elsewhere):
    """What was decoded elsewhere, and all between it read by `own` in one go: of damage the reader must see how it goes on."""

    def read(start_s, end_s, before_s):
        at_s = start_s
        while end_s is None or at_s < end_s:
            sights, until_s = elsewhere(at_s, before_s)
            if sights is None:
                with closing(own(at_s, end_s, before_s)) as here:
                    for sight in here:
                        while sights is None and sight.pts_s >= until_s:
                            sights, until_s = elsewhere(until_s, before_s)
                        if sights is not None:
                            break
                        yield sight
                        before_s = sight.pts_s
                    else:
                        return
            for sight in sights:
                if end_s is not None and sight.pts_s >= end_s:
                    return
                yield sight
                before_s = sight.pts_s
            at_s = until_s

    return read


def apart(source, ends, masks=Masks(), wide=WIDE, absent=(), afresh=None):  # noqa: B008  none at all
    """A reading of pieces that were decoded and packed elsewhere, each by somebody who knows nothing of the one before.

    Those whose numbers are in `absent` were not, nor was the last, nor those that met damage.
    """
    source = masks.source(source)
    pieces = list(pairwise([0.0, *ends, math.inf]))

    def elsewhere(at_s, before_s):
        number, end_s = next((index, end) for index, (start, end) in enumerate(pieces) if start <= at_s < end)
        if number in absent or end_s == math.inf:
            return None, end_s
        theirs = masks.source(afresh()) if afresh else source
        data = packed(reading(theirs, masks, wide)(pieces[number][0], end_s, -1.0))
        if theirs.damage:
            return None, end_s
        return unpacked(data, source=source, before_s=before_s, masks=masks, wide=wide), end_s

    return joined(reading(source, masks, wide), elsewhere)


def both(source, ends, *, settings=None, absent=(), **how):
    """What a watch says that decodes by itself, and one whose sights all came packed; with what each has stored."""
    settings = settings or Settings()
    masks, told = masks_of(settings, "yard"), []
    for decoded in (None, apart(source, ends, masks, settings.segments.keyframe_px, absent)):
        media = MemoryMedia()
        told.append((watch(source, settings=settings, media=media, reading=decoded, **how).observations, media._held))
    return told


def every(seconds, step_s):
    return [step_s * number for number in range(1, int(seconds / step_s) + 1)]


def busy(seconds=24, **how):
    draws = [
        box((220, 40, 40), walk(2, 9, (-10, 180), (490, 190))),
        box((30, 40, 30), walk(7, 20, (490, 120), (-10, 200)), size=(30, 70)),
        box((240, 240, 230), lambda t: (300, 200) if t >= 11 else None, size=(34, 20)),
    ]
    return Drawing(seconds, draws, **how)


SCENES = {
    "busy": busy,
    "quiet": lambda: Drawing(25),
    "cut": lambda: busy(cuts={12: court()}),
    "dark": lambda: busy(light=lambda t: 0.03 if 9 <= t < 15 else 1.0),
    "seldom": lambda: busy(fps=1.0),
    "often": lambda: busy(12, fps=12.5),
}


@pytest.mark.parametrize(
    ("scene", "masked", "span_s"),
    [*((scene, False, None) for scene in SCENES), ("busy", True, None), ("cut", True, 7.0), ("busy", False, 7.0)],
)
def test_a_watch_of_what_was_decoded_elsewhere_says_the_same(scene, masked, span_s):
    source = SCENES[scene]()
    own, other = both(
        source, every(source.seconds, 10.0), settings=MASKED if masked else None, span_s=span_s, deep=True
    )
    assert other == own
    assert len(own[0]) > 1


@given(
    st.lists(st.floats(0.05, 24.0), max_size=12, unique=True),
    st.sets(st.integers(0, 12)),
    st.none() | st.floats(3.0, 9.0),
)
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
def test_wherever_the_pieces_end_and_whichever_are_absent(ends, absent, span_s):
    own, other = both(busy(), sorted(ends), absent=absent, span_s=span_s)
    assert other == own


@pytest.mark.parametrize(("sample", "step_s"), [("5", 10.0), ("5", 3.1), ("keyframes", 10.0), ("0.7", 6.0)])
def test_of_a_file_too(film, sample, step_s):
    own, other = of_file(film, every(22, step_s), sample)
    assert other == own


def of_file(path, ends, sample="5"):
    """What a watch of a file says and stores that decodes by itself, and one whose sights came packed."""

    def afresh():
        return open_source([path], sample=sample)

    told = []
    for decode in (lambda source: None, lambda source: apart(source, ends, afresh=afresh)):
        source, media = afresh(), MemoryMedia()
        watched = watch(source, settings=Settings(sample=sample), media=media, reading=decode(source))
        told.append((watched.observations, media._held))
    return told


@pytest.mark.parametrize(("share", "step"), [((0.3, 0.4), 251), ((0.6, 0.62), 251), ((0.1, 0.9), 997)])
def test_of_a_damaged_file_too(film, tmp_path, share, step):
    """What a piece met of damage is read by who watches, and pieces that follow one another in one go."""
    torn = spoil(film, tmp_path / "torn.mp4", share=share, every=step)
    own, other = of_file(torn, every(22, 5.0))
    assert other == own
    assert {row.state for one in own[0] for row in one.coverage} >= {FastState.FAILED}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return filmed(tmp_path_factory.mktemp("films") / "film.mp4", 22, b_frames=2)


@pytest.mark.real_clips
@pytest.mark.parametrize("name", ["plate_closeup.mp4", "crossing_cyclist.mkv", "night_ir_cat.mp4"])
def test_of_real_clips_too(videos, name):
    own, other = of_file(videos / name, [1.7, 4.0, 10.0])
    assert other == own


def test_pictures_are_packed_where_something_moves_and_hardly_any_where_nothing_does():
    quiet, moving = there_and_back(Drawing(20)), there_and_back(busy(20))
    assert sum(bool(one.taken) for one in quiet) == 1  # the first: what came before it is not known
    telling = [one for one in moving if one.telling]
    assert {bool(one.taken) for one in telling if 2.6 < one.pts_s < 19} == {True}
    assert not any(one.taken for one in moving if not one.telling)


def test_who_watches_what_was_decoded_elsewhere_hardly_reads_itself():
    class Counted(Drawing):
        reads = 0

        def frames(self, start_s=0.0, end_s=None):
            self.reads += 1
            return super().frames(start_s, end_s)

    mine, theirs = (Counted(24, busy().draws) for _ in range(2))
    pieces = [packed(reading(theirs)(at, at + 8.0, -1.0)) for at in (0.0, 8.0, 16.0)]

    def read(start_s, end_s, before_s):
        for piece in pieces:
            sights = unpacked(piece, source=mine, before_s=before_s, masks=Masks(), wide=WIDE)
            yield from sights
            before_s = sights[-1].pts_s

    watched = watch(mine, reading=read)
    assert any(one.evidence for one in watched.events())
    assert mine.reads <= 2


def test_a_tag_is_of_all_that_a_sight_depends_on():
    plain = Settings()
    assert depends_on(plain, "yard") == depends_on(Settings(), "yard")
    others = [
        Settings(sample="keyframes"),
        Settings(reader="decord"),
        Settings(streams=[StreamSettings(name="yard", sample="2")]),
        Settings(segments={"keyframe_px": 1280}),
        MASKED,
    ]
    tags = {depends_on(one, "yard") for one in [plain, *others]}
    assert len(tags) == 6
    assert depends_on(MASKED, "another") == depends_on(plain, "yard")
    assert all(len(tag) == 16 for tag in tags)
