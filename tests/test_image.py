"""What runs in a container is installed there: nothing is borrowed from what checks and models bring along."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.dockerfile import Dockerfile
from tests.newcomer import ROOT

OURS = ("vidette", "ingest", "graph", "rules", "agent", "workers", "app")
UNASKED = {"psutil", "_distutils_hack", "coverage"}
"""Celery takes the first where it is there; the others are put into every process, by setuptools and by tests that are measured."""
# What each service reads of ours before it takes its first job, and what its jobs need.
READ = (
    "app.worker, app.beat, app.status, app.health, app.jobs, app.watch, app.ask, app.queue_metrics, app.metrics_page,"
    " workers.queue.serving, workers.tasks, workers.watches.watching, workers.beat.beat, workers.delivery.lanes, workers.cameras.crew, workers.cameras.fleet,"
    " graph.neo4j, ingest.open, kombu.transport.redis, rules.sinks.webhook"
)
LOADED = f"import {READ}, sys, json; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"


def brought(requirements, extras=frozenset()):
    """Distributions that these bring along, with all that they need, by their canonical names."""
    found, left = set(), [(Requirement(line), extras) for line in requirements]
    while left:
        requirement, given = left.pop()
        wanted = any(not requirement.marker or requirement.marker.evaluate({"extra": one}) for one in given or {""})
        key = (canonicalize_name(requirement.name), *sorted(requirement.extras))
        if not wanted or key in found:
            continue
        found.add(key)
        try:
            inner = requires(requirement.name) or ()
        except PackageNotFoundError:
            continue  # for another system than this one
        left += [(Requirement(line), frozenset({"", *requirement.extras})) for line in inner]
    return {name for name, *_ in found}


def test_all_that_its_services_read_is_brought_by_its_extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = {re.sub(r"^EXTRAS=", "", line) for line in Dockerfile.read(ROOT / "Dockerfile").all("ARG")}
    asked = [line for extra in extras.split(",") for line in project["optional-dependencies"][extra]]
    there = brought([*project["dependencies"], *asked])
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=ROOT)
    owners = packages_distributions()
    borrowed = {
        name: owners[name]
        for name in json.loads(said.stdout)
        if name in owners
        and name not in {*OURS, *UNASKED}
        and not {canonicalize_name(one) for one in owners[name]} & there
    }
    assert borrowed == {}


def test_what_is_brought_is_followed_through_extras_and_markers():
    assert "packaging" in brought(["kombu[redis]"])
    assert "packaging" not in brought(["kombu"])
    assert {"kombu", "billiard", "vine"} <= brought(["celery"])
    assert "tzdata" not in brought(["kombu"]) or sys.platform == "win32"
