"""Workers whose clocks are five minutes off."""

import shutil

import pytest

from tests.cluster.cluster import check

MONOTONIC = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def faketime() -> str:
    found = shutil.which("faketime")
    if found is None:
        pytest.skip("faketime is not installed (Debian: apt-get install faketime)")
    return found


@pytest.mark.parametrize(("ingest", "settle"), [("+5m", "-5m"), ("-5m", "+5m")])
def test_workers_with_clocks_that_are_off_leave_what_one_process_leaves(
    cluster, films, undisturbed, faketime, ingest, settle
):
    place = cluster()
    place.worker("ingest", before=(faketime, "-f", ingest), **MONOTONIC)
    place.worker("settle", before=(faketime, "-f", settle), **MONOTONIC)
    place.worker("deliver")
    place.beat()
    place.watch(*films)
    check(place, place.finish(len(films)), undisturbed)
