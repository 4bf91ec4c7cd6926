"""A file of which others decode spans ahead is seen as it is by one alone, whatever becomes of the others."""

import random
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from agent.perception.decoded import packed, reading
from ingest.masks import masks_of
from ingest.open import open_source
from tests.machines import until
from tests.redis_server import emptied
from vidette.errors import SourceError, StoreError
from vidette.settings import Settings
from workers.breakage import Breakable
from workers.shared import decoded as claims
from workers.shared.broker import Broker
from workers.shared.decoded import Decoded
from workers.watches import decoding
from workers.watches.decoding import decode, depends, pieces
from workers.watches.shelf import Shelf
from workers.watches.spans import shared_out
from workers.wiring import media_path

SECONDS, SPAN_S = 60, 5.0


@pytest.fixture(scope="module")
def long_clip(film, tmp_path_factory):
    return film(tmp_path_factory.mktemp("long") / "long.mp4", SECONDS)


@pytest.fixture(scope="module")
def spec(long_clip, spec_of):
    return spec_of(long_clip, "long")


@pytest.fixture
def broker():
    with emptied() as server, closing(Broker(server.url)) as made:
        yield made


@pytest.fixture
def said(broker, tmp_path):
    """Settings of this cluster."""

    def made(most=4, **more):
        cluster = {"decode_ahead": most, "decode_span_s": SPAN_S}
        return Settings(broker=broker.address, media=str(tmp_path / "media"), cluster=cluster, **more)

    return made


@pytest.fixture
def settings(said):
    return said()


def claims_of(broker, job):
    return Decoded(broker, job.run)


def shelf_of(settings, job):
    return Shelf(media_path(settings), job.run)


def helped(settings, broker, job, gives_way):
    """Does what is asked."""
    return decode(settings, claims_of(broker, job), shelf_of(settings, job), job, gives_way)


def left_of(settings, broker):
    """What is left, in Redis and in the folder."""
    folder = media_path(settings)
    return [*broker.client.scan_iter("vidette:decod*"), *(folder.iterdir() if folder.exists() else ())]


def like(sight):
    """A sight, comparable."""
    planes = tuple(plane.tobytes() for plane in sight.planes)
    return sight.pts_s, sight.size, sight.telling, planes, sight.view.sharpness, sight.view.small.tobytes()


def alone(spec, settings, start_s=0.0, end_s=None, before_s=-1.0):
    """What is seen of it by one alone."""
    masks = masks_of(settings, spec.name)
    source = masks.source(open_source(spec.paths, sample=settings.sample))
    return [like(one) for one in reading(source, masks, settings.segments.keyframe_px)(start_s, end_s, before_s)]


class Helpers:
    """Workers that do what is sent to them, each in a thread; `how` says what the n-th job comes to."""

    def __init__(self, broker, settings, how=lambda _: helped):
        self.broker, self.settings, self.how = broker, settings, how
        self.threads, self.jobs, self.whole = [], [], []

    def __call__(self, job):
        self.jobs.append(job)
        thread = Thread(target=self._do, args=(len(self.jobs) - 1, job))
        self.threads.append(thread)
        thread.start()

    def _do(self, number, job):
        with suppress(StoreError):  # the broker is gone
            self.whole.append(self.how(number)(self.settings, self.broker, job, lambda: False))

    def close(self):
        for thread in self.threads:
            thread.join(60)


def seen(spec, settings, broker, send, *, over=lambda: False, start_s=0.0, end_s=None, before_s=-1.0):
    """What is seen of it with help."""
    source = Breakable(open_source(spec.paths, sample=settings.sample))
    with closing(source), shared_out(spec, source, settings, broker, send, over) as sights:
        assert sights is not None
        found = [like(one) for one in sights(start_s, end_s, before_s)]
        assert not source.empty
    return found


def nobody(settings, broker, job, gives_way):
    return False


def silent(settings, broker, job, gives_way):
    """Takes the span and dies."""
    claims_of(broker, job).take(job.number)


def half(settings, broker, job, gives_way):
    """Gives way after its first piece."""
    asked = []
    return helped(settings, broker, job, lambda: asked.append(1) or len(asked) > 1)


def cut_off(settings, broker, job, gives_way):
    """Leaves what nobody can read, and says that it is done."""
    claim = claims_of(broker, job).take(job.number)
    if claim:
        first = next(pieces(job.spec, settings, job.start_s, job.end_s))
        shelf_of(settings, job).write(job.number, [first, first[: len(first) // 2]])
        claim.done()


def slow(settings, broker, job, gives_way):
    """Is at it for ever."""
    claim = claims_of(broker, job).take(job.number)
    while claim and claim.keep():
        time.sleep(0.01)


def nothing_there(settings, broker, job, gives_way):
    """Says that it is done, where nobody else sees it."""
    claim = claims_of(broker, job).take(job.number)
    if claim:
        claim.done()


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(decoding, "_PIECE_S", 1.0)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(claims, "AT_IT_S", 0.3)


@pytest.mark.usefixtures("small_pieces")
class TestTheSame:
    @pytest.mark.parametrize("sample", ["5", "7.3", "0.5"])
    def test_with_help(self, spec, broker, said, sample):
        settings = said(sample=sample)
        with closing(Helpers(broker, settings)) as helpers:
            assert seen(spec, settings, broker, helpers) == alone(spec, settings)
        assert any(helpers.whole)

    def test_with_masks(self, spec, broker, said):
        hidden = [[(0.1, 0.1), (0.6, 0.1), (0.6, 0.9)]]
        settings = said(streams=[{"name": "long", "masks": hidden}])
        with closing(Helpers(broker, settings)) as helpers:
            found = seen(spec, settings, broker, helpers)
        assert found == alone(spec, settings)
        assert found != alone(spec, said())
        assert any(helpers.whole)

    @pytest.mark.parametrize(("start_s", "end_s"), [(3.3, None), (0.0, 32.0), (12.0001, 58.0), (55.5, None)])
    def test_of_a_part(self, spec, settings, broker, start_s, end_s):
        with closing(Helpers(broker, settings)) as helpers:
            found = seen(spec, settings, broker, helpers, start_s=start_s, end_s=end_s, before_s=start_s - 0.2)
        assert found == alone(spec, settings, start_s, end_s, start_s - 0.2)

    @pytest.mark.parametrize("how", [nobody, silent, half, slow, cut_off, nothing_there])
    @pytest.mark.usefixtures("impatient")
    def test_whatever_becomes_of_those_who_help(self, spec, settings, broker, how):
        with closing(Helpers(broker, settings, lambda _: how)) as helpers:
            assert seen(spec, settings, broker, helpers) == alone(spec, settings)
        assert not any(helpers.whole)

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.usefixtures("impatient")
    def test_with_help_of_all_kinds(self, spec, settings, broker, seed):
        kinds = [helped, helped, nobody, silent, half, slow, cut_off, nothing_there]
        drawn = [random.Random(seed * 1000 + n).choice(kinds) for n in range(SECONDS)]
        with closing(Helpers(broker, settings, drawn.__getitem__)) as helpers:
            assert seen(spec, settings, broker, helpers) == alone(spec, settings)

    def test_where_one_reads_otherwise_nothing_of_that_is_taken(self, spec, settings, broker, said):
        with closing(Helpers(broker, said(sample="2"))) as helpers:
            assert seen(spec, settings, broker, helpers) == alone(spec, settings)
        assert helpers.jobs
        assert not any(helpers.whole)

    def test_where_the_broker_is_gone_midway(self, spec, settings, broker):
        faulty = Broker("redis://127.0.0.1:1/0")
        source = Breakable(open_source(spec.paths))
        with (
            closing(Helpers(broker, settings)) as helpers,
            closing(source),
            shared_out(spec, source, settings, broker, helpers, lambda: False) as sights,
        ):
            found = []
            for number, one in enumerate(sights(0.0, None, -1.0)):
                found.append(like(one))
                if number == 60:
                    broker.client = faulty.client
        assert found == alone(spec, settings)

    @pytest.mark.parametrize("torn", [(0.5,), (0.2, 0.21, 0.25, 0.6), tuple(n / 40 for n in range(8, 40))])
    def test_of_a_damaged_file_with_what_is_told_of_the_damage(
        self, long_clip, tmp_path, spec_of, settings, broker, torn
    ):
        data, chance = bytearray(long_clip.read_bytes()), random.Random(3)
        for share in torn:
            at = int(share * len(data))
            data[at : at + 3000] = chance.randbytes(min(3000, len(data) - at))
        (tmp_path / "damaged.mkv").write_bytes(data)
        spec = spec_of(tmp_path / "damaged.mkv", "damaged")
        one, two = (Breakable(open_source(spec.paths)) for _ in range(2))
        plain = [like(sight) for sight in reading(one, masks_of(settings, ""), 1280)(0.0, None, -1.0)]
        assert one.damage
        with (
            closing(Helpers(broker, settings)) as helpers,
            shared_out(spec, two, settings, broker, helpers, lambda: False) as sights,
        ):
            found = [like(sight) for sight in sights(0.0, None, -1.0)]
        assert found == plain
        assert two.damage == one.damage
        assert any(helpers.whole) or len(torn) > 4


def test_pictures_are_the_same(spec, settings, broker):
    masks = masks_of(settings, spec.name)
    ours = reading(open_source(spec.paths), masks, 1280)(0.0, 10.0, -1.0)
    source = Breakable(open_source(spec.paths))
    with (
        closing(Helpers(broker, settings)) as helpers,
        closing(source),
        shared_out(spec, source, settings, broker, helpers, lambda: False) as sights,
    ):
        theirs = sights(0.0, 10.0, -1.0)
        for mine, other in zip(ours, theirs, strict=True):
            if mine.telling:
                assert mine.jpeg() == other.jpeg()
                assert np.array_equal(mine.grey(), other.grey())


def test_short_files_and_those_that_are_read_by_keyframes_need_no_help(spec, clip, spec_of, broker, said):
    for one, settings in (
        (spec_of(clip), Settings(broker=broker.address)),
        (spec, said(sample="keyframes")),
        (spec, said(most=0)),
    ):
        source = Breakable(open_source(one.paths))
        with shared_out(one, source, settings, broker, pytest.fail, lambda: False) as sights:
            assert sights is None


def test_who_is_to_end_waits_for_nobody(spec, settings, broker):
    taken, ends = [], Event()

    def hold(job):
        taken.append(claims_of(broker, job).take(job.number))
        if len(taken) == 4:
            ends.set()

    assert seen(spec, settings, broker, hold, over=ends.is_set) == alone(spec, settings)


def test_who_decodes_gives_way_to_real_work(spec, settings, broker):
    jobs, source = [], Breakable(open_source(spec.paths))
    with shared_out(spec, source, settings, broker, jobs.append, lambda: False) as sights:
        next(sights(0.0, None, -1.0))
        assert not helped(settings, broker, jobs[0], lambda: True)
        assert claims_of(broker, jobs[0]).state(jobs[0].number) == "free"
        assert helped(settings, broker, jobs[1], lambda: False)
        assert claims_of(broker, jobs[1]).state(jobs[1].number) == "done"


@pytest.mark.parametrize("another", [False, True], ids=["none", "another"])
def test_where_the_file_is_not_there_it_is_left_to_who_watches(spec_of, settings, broker, film, tmp_path, another):
    mine = spec_of(film(tmp_path / "mine.mp4", 20), "mine")
    jobs, source = [], Breakable(open_source(mine.paths))
    with shared_out(mine, source, settings, broker, jobs.append, lambda: False) as sights:
        next(sights(0.0, None, -1.0))
        mine.paths[0].unlink()
        if another:
            film(tmp_path / "other.mp4", 25).rename(mine.paths[0])
        assert not helped(settings, broker, jobs[0], lambda: False)
        assert claims_of(broker, jobs[0]).state(jobs[0].number) == "asked"


def test_of_many_files_only_those_of_a_span_have_to_be_there(spec, settings, tmp_path):
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_text(file.name)
    many = replace(spec, paths=tuple(files), offsets_s=(0.0, 10.0, 20.0))
    before = [depends(settings, many, start_s, end_s) for start_s, end_s in ((0.0, 10.0), (5.0, 15.0), (20.0, 30.0))]
    files[1].write_text("another")
    after = [depends(settings, many, start_s, end_s) for start_s, end_s in ((0.0, 10.0), (5.0, 15.0), (20.0, 30.0))]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_nothing_is_left_whoever_helped(spec, settings, broker):
    kinds = [helped, half, nobody, silent, cut_off, nothing_there]
    with closing(Helpers(broker, settings, lambda number: kinds[number % len(kinds)])) as helpers:
        source = Breakable(open_source(spec.paths))
        with shared_out(spec, source, settings, broker, helpers, lambda: False) as sights:
            for number, _ in enumerate(sights(0.0, None, -1.0)):
                if number == 150:
                    break
    assert not left_of(settings, broker)


def test_a_span_in_which_nothing_is_shown_is_one_empty_piece(spec, settings):
    assert list(pieces(spec, settings, 20.01, 20.02)) == [packed([])]


def test_a_broker_that_is_away_is_told_to_who_has_the_job(spec, settings, broker):
    jobs, source = [], Breakable(open_source(spec.paths))
    with shared_out(spec, source, settings, broker, jobs.append, lambda: False) as sights:
        next(sights(0.0, None, -1.0))
    with pytest.raises(StoreError, match="broker"):
        helped(settings, Broker("redis://127.0.0.1:1/0"), jobs[0], lambda: False)
    with pytest.raises(SourceError):
        list(pieces(replace(spec, paths=(Path("/no/such.mp4"),)), settings, 0.0, 5.0))


def test_while_one_is_waited_for_those_behind_it_are_decoded_beside(spec, settings, broker):
    released, jobs = Event(), []

    def how(number):
        def slow(settings, broker, job, gives_way):
            jobs.append(job)
            return helped(settings, broker, job, lambda: not released.wait(60))

        return slow if number == 0 else nobody

    found, source = [], Breakable(open_source(spec.paths))
    with (
        closing(Helpers(broker, settings, how)) as helpers,
        shared_out(spec, source, settings, broker, helpers, lambda: False) as sights,
    ):
        watching = Thread(target=lambda: found.extend(like(one) for one in sights(0.0, None, -1.0)))
        watching.start()
        until(lambda: jobs and claims_of(broker, jobs[0]).state(jobs[0].number + 1) == "done")
        released.set()
        watching.join(60)
    assert found == alone(spec, settings)
