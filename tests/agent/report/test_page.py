import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.material import moments, ranked
from agent.report.page import page
from agent.report.timeline import LANES, lanes, media_time
from graph.embedded import EmbeddedStore
from vidette.answers import Answer, Claim, Covered, Plan
from vidette.errors import StoreError
from vidette.ids import make_id, stream_id
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    EventType,
    Evidence,
    FastState,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Stream,
    Track,
    TrackRow,
)
from vidette.queries import Events

HOSTILE = "<script>alert(1)</script>\"'&\x00\u202e"
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a picture"
VOID = {"meta", "img", "br", "line", "link"}


class Shelf:
    """Pictures in a dict, as a MediaStore keeps them."""

    def __init__(self, pictures):
        self.pictures = pictures

    def put(self, data, suffix):
        raise NotImplementedError

    def get(self, sha256):
        if sha256 not in self.pictures:
            raise StoreError(f"no picture {sha256!r}")
        return self.pictures[sha256]


class Reader(HTMLParser):
    """Tags, attributes and text of a page; every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def filled(caption="a bag was left", name="yard"):
    store = EmbeddedStore(":memory:")
    stream = Stream(id=stream_id(name), name=name, kind="file", uri="x.mp4", start=AT, duration_s=20)
    store.open_stream(stream)
    run = Run(id=make_id("run"), model="fast", revision="1")
    track, entity = make_id("track"), make_id("entity")
    picture = Evidence(kind="snapshot", sha256="a" * 64, uri="x", pts_s=5.0, box=(0.1, 0.1, 0.2, 0.2))
    left = Assertion(
        id=make_id("left"), stream_id=stream.id, look="fast", run_id=run.id, type=EventType.OBJECT_LEFT, start_s=5.0, end_s=9.0,
        confidence=0.9, caption=caption, zone=HOSTILE if caption == HOSTILE else None, evidence=(picture,),
        roles=(Role(role="subject", track_id=track, entity_id=entity),), of=make_id("left"),
    )  # fmt: skip
    store.settle(
        Observation(
            id=make_id("obs"), stream_id=stream.id, look="fast", run=run, start_s=0, end_s=20, sequence=0, watermark_s=20,
            entities=(Entity(id=entity, stream_id=stream.id, label=Label.BAG),),
            tracks=(
                Track(
                    id=track, stream_id=stream.id, label=Label.BAG, start_s=1, end_s=9, confidence=0.8, entity_id=entity,
                    path=(PathPoint(pts_s=1, box=(0, 0, 0.1, 0.1)),), attributes={"colour": caption, "size": 0.012345},
                ),
            ),
            assertions=(left,),
            coverage=(
                Coverage(stream_id=stream.id, start_s=0, end_s=15, state=FastState.WATCHED, deep=DeepState.EXAMINED),
                Coverage(stream_id=stream.id, start_s=15, end_s=20, state=FastState.FAILED, deep=DeepState.FAILED, reason=caption),
            ),
            final=True,
        )
    )  # fmt: skip
    return store


def answered(store, text="One bag was left at 0:05.", question="was a bag left?"):
    event = store.read(Events())[0]
    return Answer(
        question=question,
        plan=Plan(kind="exists", words=text),
        answer=text,
        claims=(Claim(text=text, citations=(event.id, "elsewhere")),),
        coverage=Covered(watched_s=15, total_s=20),
    )


def test_the_page_has_its_parts():
    store = filled()
    html = page(store, Shelf({"a" * 64: JPEG}), ["yard"], [answered(store)], "What happened")
    reader = read(html)
    text = " ".join(reader.text)
    for part in (
        "What happened",
        "yard",
        "a bag was left",
        "0:05",
        "One bag was left",
        "watched 15.0 of 20.0 s",
        "75%",
    ):
        assert part in text
    (image,) = [attrs for tag, attrs in reader.tags if tag == "img"]
    assert image["src"].startswith("data:image/jpeg;base64,")
    assert image["alt"] == "yard at 0:05: a bag was left"
    labels = [attrs["aria-label"] for tag, attrs in reader.tags if tag == "svg"]
    assert labels == ["Timeline of yard, 0:20 long: 1 tracks, 1 events"]


def test_citations_lead_to_rows():
    store = filled()
    reader = read(page(store, Shelf({"a" * 64: JPEG}), [], [answered(store)], "t"))
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    links = [attrs["href"] for tag, attrs in reader.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert links
    assert all(link.removeprefix("#") in ids for link in links)


def test_nothing_is_run_or_fetched():
    store = filled(HOSTILE, HOSTILE)
    answer = answered(store, HOSTILE, HOSTILE)
    html = page(store, Shelf({"a" * 64: JPEG}), [], [answer], HOSTILE)
    reader = read(html)
    assert {tag for tag, _ in reader.tags} <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "ul", "li", "b", "i", "div", "svg",
        "line", "text", "a", "circle", "rect", "figure", "img", "figcaption", "br", "section", "table", "thead", "tbody", "tr", "th",
        "td", "span",
    }  # fmt: skip
    assert "alert(1)" in "".join(reader.text)
    assert not re.search(r"(?i)(src|href)=\"(?!data:image/jpeg|#)", html)
    assert "url(" not in html
    assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)


@given(st.text(max_size=40))
def test_any_caption_keeps_the_page_whole(caption):
    store = filled(caption)
    read(page(store, Shelf({}), [], [answered(store, caption, caption)], caption))


def test_a_missing_or_odd_picture_is_left_out(caplog):
    store = filled()
    for pictures in ({}, {"a" * 64: b"<svg onload=x>"}, {"a" * 64: JPEG + b"x" * 500_000}):
        assert "No event has a picture" in page(store, Shelf(pictures), [], [], "t")


def test_an_empty_memory_is_a_page():
    html = page(EmbeddedStore(":memory:"), Shelf({}), [], [], "t")
    assert "<h2>Events</h2><p class=soft>None.</p>" in html


def test_uncommon_events_come_first_and_things_take_turns():
    (event,) = filled().read(Events())
    from dataclasses import replace

    def made(kind, track, at):
        return replace(event, id=f"{kind}{at}", type=kind, tracks=(track,), start_s=at)

    entered, left, again, other = (
        made(EventType.OBJECT_ENTERED, "a", 0.0),
        made(EventType.OBJECT_LEFT, "b", 1.0),
        made(EventType.OBJECT_ABANDONED, "b", 2.0),
        made(EventType.OBJECT_REMOVED, "c", 3.0),
    )
    assert ranked([entered, left, again, other]) == [left, other, again, entered]
    assert [one.event for one in moments([entered, left], Shelf({"a" * 64: JPEG}))] == [left]


TRACKS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=40)


@given(TRACKS)
def test_lanes_do_not_overlap_until_they_run_out(spans):
    rows = [
        TrackRow(
            id=str(i),
            stream="s",
            label=Label.OBJECT,
            start=AT,
            start_s=a,
            end_s=a + b,
            confidence=1,
            path=(),
            entity="e",
        )
        for i, (a, b) in enumerate(spans)
    ]
    placed = lanes(rows, 200.0)
    assert sorted(row.id for _, row in placed) == sorted(row.id for row in rows)
    for lane in range(LANES - 1):
        mine = [row for at, row in placed if at == lane]
        assert all(a.end_s <= b.start_s for a, b in pairwise(mine))
    assert all(0 <= lane < LANES for lane, _ in placed)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (5.04, "0:05"), (5.06, "0:05.1"), (59.97, "1:00"), (3723.5, "1:02:03.5")]
)
def test_media_time(seconds, said):
    assert media_time(seconds) == said


def test_numpy_numbers_are_no_trouble():
    assert media_time(float(np.float64(3.0))) == "0:03"
