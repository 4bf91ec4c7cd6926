"""Which segments go together: each once, in one stretch of time, when that is over, however the watch was cut into commits."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from vidette.models import Commit, Keyframe, Observation, Run, Segment
from workers.deep.together import Together

RUN = Run(id="run", model="m", revision="1")
TOGETHER = Together(stretch_s=60, most=4, longest_s=30)


def segment(start_s, end_s, pictures=1):
    frames = tuple(
        Keyframe(id=f"{start_s} {i}", segment_id=str(start_s), pts_s=start_s, sha256="0", uri="")
        for i in range(pictures)
    )
    return Segment(id=str(start_s), stream_id="s", start_s=start_s, end_s=end_s, keyframes=frames)


def observed(segments, start_s, watermark_s, final=False):
    return Observation(
        id=str(watermark_s),
        stream_id="s",
        look="fast",
        run=RUN,
        start_s=start_s,
        end_s=watermark_s,
        watermark_s=watermark_s,
        segments=tuple(segments),
        final=final,
    )


@st.composite
def streams(draw):
    """Segments that tile a stream's time, 30 s long at most where they have pictures."""
    found, at = [], 0.0
    for _ in range(draw(st.integers(1, 30))):
        loud = draw(st.booleans())
        length = draw(st.floats(0.5, 30)) if loud else draw(st.floats(0.5, 300))
        found.append(segment(round(at, 3), round(at + length, 3), pictures=int(loud)))
        at = found[-1].end_s
    return found


def asked(segments, cuts, urgent=()):
    """The groups of a whole watch that commits when segments end and at the cuts."""
    end_s = segments[-1].end_s
    commits = [*sorted({*(one.end_s for one in segments), *(cut for cut in cuts if cut < end_s)} - {end_s}), end_s]
    settled, groups, before = [], [], 0.0
    for at in commits:
        now = [one for one in segments if before < one.end_s <= at]
        settled += now
        done = {one.id for group in groups for one in group}

        def begun(from_s, to_s, stored=tuple(settled), done=done):
            return [one for one in stored if one.keyframes and from_s <= one.start_s < to_s and one.id not in done]

        observation = observed(now, before, at, final=at == end_s)
        groups += TOGETHER.due(observation, lambda one: one.id in urgent, begun)
        before = at
    return groups


@settings(max_examples=150, deadline=None)
@given(streams(), st.lists(st.floats(0, 3000), max_size=30), st.data())
def test_each_segment_is_looked_at_once_whatever_is_urgent_and_however_it_is_cut(segments, cuts, data):
    urgent = set(data.draw(st.lists(st.sampled_from([one.id for one in segments]))))
    groups = asked(segments, cuts, urgent)
    assert sorted(one.id for group in groups for one in group) == sorted(one.id for one in segments if one.keyframes)
    for group in groups:
        assert len(group) <= TOGETHER.most
        assert len({math.floor(one.start_s / 60) for one in group}) == 1
        assert len(group) == 1 or not any(one.id in urgent for one in group)


@settings(max_examples=100, deadline=None)
@given(streams(), st.lists(st.floats(0, 3000), max_size=30))
def test_commits_make_no_other_groups(segments, cuts):
    def key(groups):
        return sorted(tuple(one.id for one in group) for group in groups)

    assert key(asked(segments, cuts)) == key(asked(segments, ()))
    assert key(asked(segments, ())) == key(TOGETHER.groups(one for one in segments if one.keyframes))


@settings(max_examples=100, deadline=None)
@given(streams(), st.floats(0, 3000))
def test_what_a_stored_commit_leaves_for_later_is_asked_by_the_watch_that_goes_on(segments, at):
    commit = Commit(stream_id="s", sequence=0, watermark_s=at, carry=b"", final=False, run_id="run")
    for one in segments:
        due = TOGETHER.is_due(one, commit)
        assert due == (math.floor(one.start_s / 60) * 60 + 90 <= round(at, 3) + 1e-6)
        assert TOGETHER.is_due(one, None)


def test_a_minute_of_many_is_split_evenly():
    groups = TOGETHER.groups(segment(float(at), at + 1.0) for at in range(0, 50, 10))
    assert [len(group) for group in groups] == [2, 3]


def test_one_that_ends_late_waits_no_more():
    late = segment(10.0, 200.0)
    (group,) = TOGETHER.due(observed([late], 190.0, 200.0), lambda _: False, lambda _from, _to: [])
    assert group == (late,)
