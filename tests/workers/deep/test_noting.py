"""Text and embeddings beside the deep look: noted once, owed where they failed, found by questions."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from agent.ask.ask import ask
from agent.ask.likeness import Likeness
from agent.perception.scripted import ScriptedVision
from agent.perception.text.clock import clock_of
from agent.perception.text.reader import Legible
from ingest.jpeg import decode
from vidette.errors import ConfigError, ModelError
from vidette.likeness import Nearest, Unembedded
from vidette.models import Run
from vidette.queries import ClockReadings, Events, Filter, Segments, StreamOf
from vidette.vision import LookReply
from workers.deep.noting import WORDS, Notes
from workers.inline import InlineRunner

SIZE, FPS, SECONDS = (640, 360), 10, 7
CLOCK = datetime(2026, 11, 21, 14, 3, 20)
SEGMENTS = {"max_s": 4}


@pytest.fixture(scope="session")
def bay(tmp_path_factory) -> Path:
    """A yard with a sign, a clock in the picture, and a thing that crosses it."""
    path = tmp_path_factory.mktemp("noting") / "bay.mp4"
    place = cv2.resize(np.random.default_rng(7).integers(90, 130, (9, 16, 3), np.uint8), SIZE)
    cv2.rectangle(place, (360, 60), (600, 130), (240, 240, 240), -1)
    cv2.putText(place, "LOADING BAY", (372, 105), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(SECONDS * FPS):
            picture, at = place.copy(), number / FPS
            if 1 <= at < 6:
                x = int((at - 1) / 5 * 720) - 60
                cv2.rectangle(picture, (max(0, x), 200), (max(0, x + 60), 320), (200, 40, 40), -1)
            text = f"{CLOCK + timedelta(seconds=at):%Y-%m-%d %H:%M:%S}"
            cv2.putText(picture, text, (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@dataclass
class Reader:
    """A reader that says one line, or fails; it counts pictures."""

    text: str = "GATE 3"
    fails: bool = False
    seen: list = field(default_factory=list)
    run = Run(id="reader", model="rapidocr", revision="1")

    def read(self, pictures):
        if self.fails:
            raise ModelError("the model is gone")
        self.seen += pictures
        return [(Legible(text=self.text, box=(0.4, 0.4, 0.6, 0.5), confidence=0.9),)] * len(pictures)

    def close(self):
        pass


def answered(pipeline, question, likeness=None):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return ask(question, pipeline.store, now=now, tz=UTC, likeness=likeness or Likeness())


@pytest.fixture
def watched(memory, spec_of, bay):
    """Watches the clip with these notes; what the fast look does is done once."""

    def watch(vision=None, again=False, **notes):
        base = memory("noted", vision, segments=SEGMENTS)
        pipeline = replace(base, notes=Notes(media=base.media, tz=UTC, **notes)) if notes else base
        (outcome,) = InlineRunner(pipeline).watch([spec_of(bay, "bay")], again=again)
        assert outcome.error is None
        return pipeline, outcome

    return watch


def texts(pipeline):
    return [frame.text for row in pipeline.store.read(Segments()) for frame in row.keyframes]


def test_signs_and_the_clock_of_a_drawn_clip_are_read(memory, spec_of, bay):
    """The real reader: text is found by its words, the clock is told apart and says when it was."""
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")
    pipeline = memory("real", segments=SEGMENTS, ocr={"backend": "rapidocr"}, tz="UTC")
    InlineRunner(pipeline).watch([spec_of(bay, "bay")])
    held = texts(pipeline)
    assert held
    assert all(text.replace(" ", "") == "LOADINGBAY" for text in held)
    assert pipeline.store.read(Segments(where=Filter(text="loading bay")))
    told = answered(pipeline, "What text can be read?")
    assert (told.value, "LOADING BAY" in told.claims[0].text) == (1, True)
    assert answered(pipeline, 'search "loading"').rows
    stream = pipeline.store.read(StreamOf(name="bay"))

    found = clock_of(pipeline.store.read(ClockReadings(stream_id=stream.id)), stream, UTC)
    start = stream.start + timedelta(seconds=found.offset_s)
    assert abs(start - CLOCK.replace(tzinfo=UTC)) <= timedelta(seconds=1)


def test_a_reader_added_later_reads_what_was_kept_and_no_more_than_once(watched):
    pipeline, _ = watched()
    assert not any(texts(pipeline))
    reader = Reader()
    pipeline, outcome = watched(reader=reader)
    assert outcome.status == "already"
    assert set(texts(pipeline)) == {"GATE 3"}
    read = len(reader.seen)
    assert read >= 2
    watched(reader=reader)
    assert len(reader.seen) == read


def test_what_fails_loses_nothing_and_is_owed(watched, caplog):
    pipeline, outcome = watched(reader=Reader(fails=True))
    assert outcome.status == "watched"
    assert "is not read: the model is gone" in caplog.text
    assert pipeline.store.read(Events())
    assert not any(texts(pipeline))
    pipeline, _ = watched(reader=Reader())
    assert set(texts(pipeline)) == {"GATE 3"}


def test_readers_and_models_do_not_undo_each_other(watched):
    """Whoever comes last: the caption is the model's, the text that of all who read."""
    vision = ScriptedVision(otherwise=LookReply(caption="a yard"))
    watched(reader=Reader())
    watched(vision, reader=Reader())
    pipeline, _ = watched(vision, reader=Reader())
    rows = [row for row in pipeline.store.read(Segments()) if row.keyframes]
    assert {row.caption for row in rows} == {"a yard"}
    assert set(texts(pipeline)) == {"GATE 3"}


@pytest.mark.needs_models
class TestEmbeddings:
    @pytest.fixture
    def notes(self, memory, tiny_embedder, tmp_path):
        said = {"pictures": str(tiny_embedder("clip")), "captions": str(tiny_embedder("sentences")), "device": "cpu"}
        pipeline = memory("said", embedder=said)
        assert pipeline.notes
        return {"pictures": pipeline.notes.pictures, "captions": pipeline.notes.captions}

    def left(self, pipeline, notes):
        kinds = [("captions", of) for of in WORDS] + [("pictures", "keyframe")]
        read = pipeline.store.read
        return [one.id for by, of in kinds for one in read(Unembedded(of=of, run_id=notes[by].run.id))]

    def test_a_watch_embeds_what_it_stores(self, watched, notes):
        reply = LookReply(caption="somebody crosses the yard")
        pipeline, _ = watched(ScriptedVision(otherwise=reply), **notes)
        assert self.left(pipeline, notes) == []
        row = next(row for row in pipeline.store.read(Segments()) if row.keyframes)
        frame = row.keyframes[0]
        own = notes["pictures"].images([decode(pipeline.media.get(frame.sha256), least=448)])[0]
        query = Nearest(of="keyframe", run_id=notes["pictures"].run.id, vector=own.tobytes(), limit=1)
        (found,) = pipeline.store.read(query)
        assert found.likeness > 0.999
        said = notes["captions"].texts([reply.caption])[0]
        query = Nearest(of="segment", run_id=notes["captions"].run.id, vector=said.tobytes())
        assert {one.id for one in pipeline.store.read(query)} >= {row.id}

    def test_with_an_embedder_added_later_only_the_embeddings_run(self, watched, notes):
        model = ScriptedVision(otherwise=LookReply(caption="somebody crosses the yard"))
        pipeline, _ = watched(model)
        before = pipeline.store.read(Segments()), pipeline.store.read(Events())
        pipeline, outcome = watched(model, **notes)
        assert outcome.status == "already"
        assert (pipeline.store.read(Segments()), pipeline.store.read(Events())) == before
        assert self.left(pipeline, notes) == []

    def test_a_question_for_what_looks_like_something(self, watched, notes):
        pipeline, _ = watched(**notes)
        likeness = Likeness(**notes)
        told = answered(pipeline, "Where is something that looks like a red umbrella?", likeness)
        assert not told.unknown
        assert told.value is None
        assert "likeness does not tell that it is there" in told.answer
        assert told.claims[0].citations
        assert told.plan.said == "a red umbrella"
        again = answered(pipeline, "Find pictures of a bus on bay between second 0 and 3", likeness)
        assert again.plan.where.streams == ("bay",)
        assert all(row.start_s < 3 for row in again.rows)

    def test_pictures_without_embeddings_are_no_answer(self, watched, notes):
        pipeline, _ = watched()
        told = answered(pipeline, "show me pictures of a bus", Likeness(**notes))
        assert told.unknown
        assert "vidette embed" in told.answer

    def test_an_embedder_that_fails_loses_nothing(self, watched, notes, caplog):
        for one in notes.values():
            one.close()
        pipeline, outcome = watched(ScriptedVision(otherwise=LookReply(caption="a yard")), **notes)
        assert outcome.status == "watched"
        assert "was closed" in caplog.text
        assert {row.caption for row in pipeline.store.read(Segments()) if row.keyframes} == {"a yard"}
        assert len(self.left(pipeline, notes)) >= 2

    def test_on_workers_it_is_the_same(self, memory, spec_of, bay, notes, on_celery):
        found = []
        for name in ("inline", "celery"):
            base = memory(name, ScriptedVision(otherwise=LookReply(caption="a yard")), segments=SEGMENTS)
            pipeline = replace(base, notes=Notes(media=base.media, tz=UTC, reader=Reader(), **notes))
            runner = InlineRunner(pipeline) if name == "inline" else on_celery(pipeline)
            runner.watch([spec_of(bay, "bay")])
            assert self.left(pipeline, notes) == []
            found.append((texts(pipeline), pipeline.store.read(Segments())))
        assert found[0] == found[1]


def test_nothing_is_noted_where_nothing_is_set(memory):
    assert memory("bare").notes is None
    assert not memory("bare").looks


def test_mistakes_in_settings_are_told_at_once(memory):
    with pytest.raises(ConfigError, match=r"embedder\.pictures: no model in 'nowhere'"):
        memory("wrong", embedder={"pictures": "nowhere"})
