import re
from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.report.markdown import markdown
from agent.report.page import page
from agent.report.report import Request, build
from vidette.models import EventType
from vidette.queries import Events, Filter

HOSTILE = "<script>alert(1)</script>\"'&\x00\u202e](javascript:alert(2)) https://x.example |`# *a*"
KINDS = ("daily", "incident", "traffic", "operations")
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "nav", "h1", "h2", "h3", "p", "ul", "li", "b", "i", "div",
    "svg", "g", "line", "a", "rect", "figure", "img", "figcaption", "br", "section", "table", "thead", "tbody", "tr", "th", "td",
    "span",
}  # fmt: skip


def built(scenes, kind="daily", **more):
    return build(scenes.store, scenes.media, Request(tz=UTC, kind=kind, **more))


def test_the_page_has_its_parts(yard_of, answered_of, page_of):
    scenes = yard_of()
    read = page_of(page(built(scenes, title="My yard", answers=(answered_of(scenes),))))
    for part in (
        "My yard",
        "1 bag, 1 person and 1 vehicle came into view on yard.",
        "Longest: a bag was left, at 0:10 on yard, for 34 s.",
        "75 % of 60 s of footage was watched; the longest stretch that was not: 0:45 to 1:00 on yard (failed: a bag was left).",
        "One bag was left at 0:10.",
        "watched 45.0 of 60.0 s",
        "Where things were",
        "Timeline",
    ):
        assert part in read.words
    images = [attrs for tag, attrs in read.tags if tag == "img"]
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in images)
    # One picture is shown once, for what is least ordinary.
    assert [image["alt"] for image in images] == [
        "yard at 0:10: a bag was left",
        "yard: where things stood; up to 2 things in one place",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_leads_to_a_row(yard_of, answered_of, page_of, kind):
    scenes = yard_of()
    read = page_of(page(built(scenes, kind, answers=(answered_of(scenes),))))
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    links = [attrs["href"] for tag, attrs in read.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert sum(link.startswith("#e-") for link in links) > 3
    assert all(link.startswith("#") and link[1:] in ids for link in links)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_run_or_fetched(yard_of, answered_of, page_of, kind):
    scenes = yard_of(HOSTILE, HOSTILE.replace("\x00", ""))  # memory takes no id that holds a NUL
    html = page(built(scenes, kind, title=HOSTILE, answers=(answered_of(scenes, HOSTILE, HOSTILE),)))
    read = page_of(html)
    assert {tag for tag, _ in read.tags} <= TAGS
    assert "alert(1)" in read.words
    assert not re.search(r"(?i)\b(src|href)=\"(?!data:image/jpeg;base64,|#)", html)
    assert "url(" not in html
    assert "@import" not in html
    assert "\x00" not in html
    assert "\u202e" not in html
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    (policy,) = [attrs["content"] for tag, attrs in read.tags if tag == "meta" and "http-equiv" in attrs]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(caption=st.text(max_size=40))
def test_any_caption_keeps_the_page_whole(yard_of, answered_of, page_of, caption):
    try:
        caption.encode()
    except UnicodeEncodeError:
        return
    scenes = yard_of(caption)
    report = built(scenes, answers=(answered_of(scenes, caption, caption),), title=caption)
    page_of(page(report))
    text = markdown(report)
    assert text.count("```") % 2 == 0
    assert [line for line in text.splitlines() if line.startswith("# ")][1:] == []


def test_an_incident_is_told_step_by_step(yard_of, page_of):
    scenes = yard_of()
    (event,) = scenes.store.read(Events(where=Filter(types=(EventType.OBJECT_LEFT,))))
    read = page_of(page(built(scenes, "incident", event=event)))
    for part in (
        "a bag was left (object left, on yard).",
        "Taking part: bag (subject).",
        "Told by fast 1.",
        "No rule spoke of this event.",
        "0:00, 6 events",
        "5 other events from a minute before to a minute after it.",
        "Where it was",
    ):
        assert part in read.words


def test_traffic_counts_lines_zones_ways_and_speeds(yard_of, page_of):
    words = page_of(page(built(yard_of(), "traffic"))).words
    for part in ("yard door forward person 1", "yard gate person 1", "people 1 0 0 0 0 0 1", "1.50", "picture heights"):
        assert part in words


def test_operations_tell_stays_and_idle_times(yard_of, page_of):
    words = page_of(page(built(yard_of(), "operations"))).words
    for part in ("gate on yard 27 % 12 s 1 0:04", "0:16 0:45 29 s nothing in gate on yard", "the view of yard 3"):
        assert part in words
