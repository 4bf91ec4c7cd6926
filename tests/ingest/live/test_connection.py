import errno
import os

import av
import pytest

from ingest.live.address import Address
from ingest.live.connection import FeedError, cause_of
from vidette.errors import SourceError
from vidette.feeds import Cause


def os_error(code):
    return OSError(code, os.strerror(code), "rtsp://admin:sEcr3t@host/x")


@pytest.mark.parametrize(
    ("error", "connecting", "reading"),
    [
        (os_error(errno.ECONNREFUSED), Cause.REFUSED, Cause.REFUSED),
        (os_error(errno.EHOSTUNREACH), Cause.UNREACHABLE, Cause.ENDED),
        (os_error(errno.ENETUNREACH), Cause.UNREACHABLE, Cause.ENDED),
        (os_error(errno.EIO), Cause.UNREACHABLE, Cause.ENDED),
        (os_error(errno.ETIMEDOUT), Cause.UNREACHABLE, Cause.STALLED),
        (os_error(errno.ECONNRESET), Cause.REFUSED, Cause.ENDED),
        (os_error(errno.EPIPE), Cause.REFUSED, Cause.ENDED),
        (os_error(errno.ENOENT), Cause.NOT_FOUND, Cause.ENDED),
        (os_error(errno.ENODEV), Cause.NOT_FOUND, Cause.ENDED),
        (os_error(errno.EACCES), Cause.UNAUTHORISED, Cause.UNAUTHORISED),
        (os_error(errno.EPERM), Cause.REFUSED, Cause.ENDED),
        (os_error(errno.EBUSY), Cause.REFUSED, Cause.ENDED),
        (av.HTTPUnauthorizedError(1, "x"), Cause.UNAUTHORISED, Cause.UNAUTHORISED),
        (av.HTTPForbiddenError(1, "x"), Cause.UNAUTHORISED, Cause.UNAUTHORISED),
        (av.HTTPNotFoundError(1, "x"), Cause.NOT_FOUND, Cause.NOT_FOUND),
        (av.HTTPServerError(1, "x"), Cause.REFUSED, Cause.REFUSED),
        (av.ExitError(1, "x"), Cause.UNREACHABLE, Cause.STALLED),
        (av.InvalidDataError(1, "x"), Cause.UNREADABLE, Cause.UNREADABLE),
        (av.EOFError(1, "x"), Cause.REFUSED, Cause.ENDED),
        (SourceError("too big"), Cause.UNREADABLE, Cause.UNREADABLE),
    ],
)
def test_causes(error, connecting, reading):
    assert cause_of(error, connecting=True) is connecting
    assert cause_of(error) is reading


def test_what_ends_with_its_time_was_a_time_out():
    assert cause_of(av.InvalidDataError(1, "x"), connecting=True, late=True) is Cause.UNREACHABLE
    assert cause_of(av.HTTPNotFoundError(1, "x"), connecting=True, late=True) is Cause.NOT_FOUND


def test_an_input_error_where_no_name_was_looked_up():
    assert cause_of(os_error(errno.EIO), connecting=True, numeric=True) is Cause.UNREADABLE


def test_bad_data_before_a_camera_that_is_talked_to_sends_any_is_a_talk_that_broke_off():
    error = av.InvalidDataError(1, "x")
    assert cause_of(error, connecting=True, talks=True) is Cause.REFUSED
    assert cause_of(error, connecting=True, talks=True, late=True) is Cause.UNREACHABLE
    assert cause_of(error, talks=True) is Cause.UNREADABLE
    assert cause_of(os_error(errno.EIO), connecting=True, numeric=True, talks=True) is Cause.REFUSED
    assert cause_of(os_error(errno.EIO), connecting=True, talks=True) is Cause.UNREACHABLE


def test_a_cause_stays_what_it_is():
    error = FeedError(Cause.ENDED, Address.parse("rtsp://h/x"))
    assert cause_of(error, connecting=True, late=True) is Cause.ENDED
