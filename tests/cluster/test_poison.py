"""A film that kills every decoder that reads it: it is given up, and stops nobody else."""

import json

from tests.cluster.cluster import check
from tests.cluster.program import ROOT
from vidette.queries import CoverageIn

FAULTS = str(ROOT / "tests" / "cluster" / "faults")


def test_a_film_that_kills_its_decoder_is_put_aside_and_done_later(cluster, films, undisturbed, tmp_path):
    poison = tmp_path / "poison"
    poison.write_text(f"{films[1].name}|20")
    place = cluster()
    place.worker("settle", "deliver")
    place.worker("ingest", PYTHONPATH=FAULTS, TEST_POISON=str(poison))
    place.beat()
    watch = place.watch(*films)
    place.until(lambda: not watch.alive, "who asked for it to be told")
    assert watch.process.returncode == 1, place.tell()
    states = {(row.stream.startswith("place2"), str(row.state)) for row in place.store.read(CoverageIn())}
    assert (True, "failed") in states
    assert (False, "failed") not in states
    (dead,) = jobs(place)
    assert dead["queue"] == "ingest"
    poison.unlink()
    replay = place.run("replay", "jobs", "replay", "--all")
    assert replay.wait(60) == 0, place.tell()
    place.until(
        lambda: "failed" not in {str(row.state) for row in place.store.read(CoverageIn())}, "it to be begun again"
    )
    check(place, place.finish(len(films)), undisturbed)
    assert jobs(place) == []


def jobs(place):
    """Dead jobs as the command line tells of them."""
    listing = place.run(f"jobs-{len(place.programs)}", "jobs", "list", "--json")
    assert listing.wait(60) == 0, place.tell()
    return [json.loads(line) for line in listing.said().splitlines()]
