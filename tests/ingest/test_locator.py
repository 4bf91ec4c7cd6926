"""Paths as text and back."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.locator import locator, paths_of

NAMES = st.binary(min_size=1, max_size=20).map(lambda b: os.fsdecode(b.replace(b"\0", b"\n")))


def test_a_plain_path_is_itself():
    assert locator([Path("clips/a b.mp4"), Path("/x/é.mp4")]) == "clips/a b.mp4\n/x/é.mp4"


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_any_paths_come_back_and_are_unicode(names):
    paths = [Path("/", "clips", name) for name in names]
    text = locator(paths)
    text.encode()
    assert paths_of(text) == paths
    assert len(text.split("\n")) == len(paths)


def test_a_folder_named_like_a_scheme_is_no_uri():
    assert paths_of(locator([Path("file:/x%41.mp4")])) == [Path("file:/x%41.mp4")]
