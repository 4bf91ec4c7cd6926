"""A camera that goes away in the midst of being connected to is away: nothing came that could not be decoded."""

import pytest

from ingest.live.address import Address
from ingest.live.connection import Connection, FeedError
from tests.ingest.live.talkers import WAYS, talking
from tests.live.arriving import Arriving
from vidette.feeds import Cause
from vidette.models import FastState

QUESTIONS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY")


def cause_at(url):
    with (
        pytest.raises(FeedError) as told,
        Connection(Address.parse(url), timeout_s=20) as connection,
    ):
        next(connection.packets())
    return told.value.cause


@pytest.mark.parametrize("then", WAYS)
@pytest.mark.parametrize("answers", range(len(QUESTIONS)), ids=QUESTIONS)
def test_a_talk_that_breaks_off_is_no_bad_picture(answers, then):
    with talking(answers, then) as url:
        assert cause_at(url) in (Cause.REFUSED, Cause.ENDED)


def test_a_camera_that_plays_and_hangs_up_ended_the_stream():
    with talking(len(QUESTIONS), WAYS[0]) as url:
        assert cause_at(url) is Cause.ENDED


def test_its_time_is_offline_in_the_ledger_not_failed():
    with talking(1, WAYS[3]) as url, Arriving(url) as watch:
        watch.loss(Cause.REFUSED)
    assert Cause.REFUSED in watch.causes(FastState.OFFLINE)
    assert Cause.UNREADABLE not in watch.causes()
    assert watch.causes(FastState.FAILED) == []
