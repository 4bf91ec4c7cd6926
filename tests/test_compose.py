"""What docker-compose.yml and the Dockerfile promise, and that each command line in them does what it is there for."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.containers import Compose, built, told
from tests.dockerfile import Dockerfile
from tests.newcomer import QUESTION, Newcomer, blocks, section
from workers.queue.routing import QUEUES

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.prefix) / "bin"
SAID = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = SAID["services"]
IMAGE = Dockerfile.read(ROOT / "Dockerfile")
LASTING = sorted(name for name, one in SERVICES.items() if one.get("restart") != "no")
BUILT = sorted(name for name, one in SERVICES.items() if one["image"] in built(SERVICES))
SECRET = re.compile(r"(?i)passw|secret|token|api_?key|auth")


def linted(*command: str) -> str:
    """What a validator says; empty where it finds nothing."""
    found = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True, check=False, cwd=ROOT)
    return "" if found.returncode == 0 else found.stdout + found.stderr or "refused"


def test_the_compose_file_fits_its_specification(tmp_path):
    schema = ["--builtin-schema", "vendor.compose-spec"]
    assert linted("check-jsonschema", *schema, "docker-compose.yml") == ""
    spoiled = tmp_path / "docker-compose.yml"
    spoiled.write_text((ROOT / "docker-compose.yml").read_text().replace("restart:", "restrat:", 1))
    assert "restrat" in linted("check-jsonschema", *schema, str(spoiled))


def test_what_opens_it_to_other_machines_fits_too_and_opens_nothing_else():
    assert linted("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/published.yml") == ""
    opened = yaml.safe_load((ROOT / "deploy" / "published.yml").read_text())["services"]
    assert {*opened} == {name for name in SERVICES if name not in BUILT}
    for one in opened.values():
        assert {*one} == {"networks", "ports"}
        assert {*one["networks"]} == {*SAID["networks"]}
        assert all(re.fullmatch(r"\$\{ADDRESS:\?[^}]+\}:(\d+):\1", port) for port in one["ports"])


def test_the_dockerfile_pleases_hadolint(tmp_path):
    assert linted("hadolint", "--failure-threshold", "style", "Dockerfile") == ""
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text((ROOT / "Dockerfile").read_text().replace("USER 10001:10001", "USER root"))
    assert "DL3002" in linted("hadolint", "--failure-threshold", "style", str(spoiled))


# The image ------------------------------------------------------------------------------------------------------------


def test_its_base_is_a_version_and_nothing_is_fetched_by_address():
    stages = [line.split() for line in IMAGE.all("FROM")]
    named = {words[2] for words in stages if len(words) == 3}
    outside = [words[0] for words in stages if words[0] not in named]
    assert outside
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in outside)
    assert not IMAGE.all("ADD")
    assert not [line for line in IMAGE.all("RUN") if re.search(r"https?://|curl|wget|apt-get", line)]


def test_it_runs_as_nobody_in_particular():
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", IMAGE.of_image("USER"))
    assert any(
        "compileall" in line for name, line in IMAGE.last if name == "RUN"
    )  # what it runs it cannot compile itself
    users = [rest for name, rest in IMAGE.last if name in ("USER", "RUN", "COPY")]
    assert users[-1] == IMAGE.of_image("USER")  # nothing is done as root after it


def test_it_holds_no_secret():
    names = [word.split("=")[0] for line in (*IMAGE.all("ENV"), *IMAGE.all("ARG")) for word in line.split()]
    assert names
    assert not [name for name in names if SECRET.search(name)]


def test_what_it_is_built_from_is_there_and_let_in():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {source.rstrip("/") for line in IMAGE.all("COPY") if "--from" not in line for source in line.split()[:-1]}
    assert "*" in lines
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_it_has_all_packages_and_extras_that_there_are():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied = " ".join(IMAGE.all("COPY"))
    assert all(f"{package}/" in copied for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    asked = [line.partition("=")[2] for line in IMAGE.all("ARG")] + [
        one["build"]["args"]["EXTRAS"] for one in SERVICES.values() if "build" in one
    ]
    assert all(extra in project["project"]["optional-dependencies"] for line in asked for extra in line.split(","))
    assert IMAGE.entrypoint[0] in project["project"]["scripts"]


# The services ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LASTING)
def test_a_service_comes_back_is_watched_and_bounded(name):
    one = SERVICES[name]
    limits = one["deploy"]["resources"]["limits"]
    assert one["restart"] == "unless-stopped"
    assert one["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} <= {*one["healthcheck"]}
    assert {*limits} == {"memory", "pids"}  # a container that may have more `cpus` than there are is refused
    assert {"max-size", "max-file"} <= {*one["logging"]["options"]}
    assert one["stop_grace_period"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_no_rights_that_it_does_not_need(name):
    one = SERVICES[name]
    assert one["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert one.get("read_only") or name == "neo4j"  # its image writes its settings beside its program
    assert name in BUILT or re.fullmatch(r"[1-9]\d*:[1-9]\d*", one["user"])
    assert not {"privileged", "network_mode", "pid", "ipc", "cap_add"} & {*one}
    assert not [volume for volume in one.get("volumes", []) if "docker.sock" in volume]
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_told_secrets_by_file(name):
    variables = SERVICES[name].get("environment", {})
    assert [key for key in variables if SECRET.search(key) and not key.endswith("_FILE")] == []
    assert all(value.startswith("/run/secrets/") for key, value in variables.items() if key.endswith("_FILE"))
    assert all(secret in SAID["secrets"] for secret in SERVICES[name]["secrets"])


def test_an_image_is_built_by_one_service_and_never_fetched_in_its_place():
    makers = [one["image"] for one in SERVICES.values() if "build" in one]
    assert len({*makers}) == len(makers)  # two that export one name at a time fail: "already exists"
    assert {SERVICES[name]["pull_policy"] for name in BUILT} == {"never"}


def test_a_folder_in_memory_lies_where_every_image_has_one():
    """A mount point that runc makes by itself has lost its mode, and so its writer, when the container starts again."""
    assert {one.split(":")[0] for service in SERVICES.values() for one in service.get("tmpfs", [])} == {"/tmp"}


def test_foreign_images_are_named_by_a_whole_version():
    foreign = [one["image"] for name, one in SERVICES.items() if name not in BUILT]
    assert len(foreign) == 2
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in foreign)


def test_what_is_declared_is_used_and_what_is_used_is_declared():
    volumes = {told(v, {}).split(":")[0] for one in SERVICES.values() for v in one.get("volumes", [])}
    assert {name for name in volumes if not name.startswith(".")} == {*SAID["volumes"]}
    assert {name for one in SERVICES.values() for name in one["secrets"]} == {*SAID["secrets"]}
    assert {name for one in SERVICES.values() for name in one["networks"]} == {*SAID["networks"]}
    assert {name for one in SERVICES.values() for name in one.get("depends_on", {})} <= {*SERVICES}


def test_what_is_mounted_from_here_are_folders():
    """A mounted file stays the one that it was: who writes another and renames it, as editors and git do, is not heard."""
    ours = {told(one, {}).split(":")[0] for service in SERVICES.values() for one in service.get("volumes", [])}
    kept = {one for one in ours if one.startswith("./deploy/")}
    assert {ROOT / one for one in kept} == {ROOT / "deploy" / "settings"}
    assert (ROOT / "deploy" / "settings" / "vidette.yml").is_file()
    assert not [one for one in ours if one.startswith("./") and (ROOT / one).is_file()]


def test_redis_and_neo4j_are_not_reached_from_outside():
    assert SAID["networks"]["memory"] == {"internal": True}
    assert SERVICES["redis"]["networks"] == SERVICES["neo4j"]["networks"] == ["memory"]


def test_a_gpu_is_wanted_only_where_it_is_asked_for():
    with_gpu = {name for name, one in SERVICES.items() if "gpu" in json.dumps(one.get("deploy", {}))}
    assert with_gpu == {"vision"}
    assert SERVICES["vision"]["profiles"] == ["gpu"]
    assert SERVICES["vision-server"]["profiles"] == ["server"]
    assert SERVICES["vision-server"]["command"] == SERVICES["vision"]["command"]
    assert SERVICES["vision-server"]["image"] == SERVICES["ingest"]["image"]


def test_redis_has_room_for_what_it_may_hold():
    (bound,) = re.findall(r"--maxmemory (\d+)mb", SERVICES["redis"]["command"][2])
    assert SERVICES["redis"]["deploy"]["resources"]["limits"]["memory"] == "1g"
    assert int(bound) <= 1024 * 3 / 4
    assert f"the {bound} MB" in (ROOT / "docs" / "sizing.md").read_text()


def test_every_queue_has_a_worker():
    listened = {
        queue
        for one in SERVICES.values()
        if "--queues" in one.get("command", [])
        for queue in one["command"][2].split(",")
    }
    assert listened == {*QUEUES}


def test_passwords_are_made_once_and_read_by_nobody_else(tmp_path):
    folder = shutil.copytree(
        ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("*_password", "*_auth")
    )
    made = [subprocess.run(["sh", "secrets.sh"], cwd=folder, check=True, capture_output=True, text=True) for _ in "ab"]
    assert made[0].stdout.count("made ") == len(SAID["secrets"])
    assert made[1].stdout == ""
    texts = {file.name: file.read_text() for file in (folder / "secrets").iterdir() if file.name != ".gitignore"}
    assert {*texts} == {*SAID["secrets"]}
    assert texts["neo4j_auth"] == f"neo4j/{texts['neo4j_password']}"
    assert all(re.fullmatch(r"(neo4j/)?[0-9a-f]{48}", text) for text in texts.values())
    assert texts["redis_password"] != texts["neo4j_password"]
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    ours = {told(one, {}).split(":")[0] for service in SERVICES.values() for one in service.get("volumes", [])}
    folders = {one for one in ours if one.startswith("./") and not one.startswith("./deploy/")}
    assert folders  # Docker would make them as root's
    assert all((tmp_path / one).is_dir() for one in folders)


# As processes ---------------------------------------------------------------------------------------------------------


PAGES = (("README.md", "More than one machine"), ("docs/cluster.md", "With Docker, on one machine"))
"""Pages and headings under which a newcomer is told what to type."""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """Who follows the page; `compose` is what runs for them."""
    machine = Newcomer(tmp_path_factory.mktemp("newcomer"))
    yield machine
    machine.leave()


@pytest.fixture(scope="module")
def compose(newcomer):
    """The whole file, running, but for who asks a server; a GPU is not needed to begin."""
    subprocess.run(["sh", "deploy/secrets.sh"], cwd=newcomer.project, check=True, capture_output=True)
    running = Compose(project=newcomer.project, state=newcomer.state)
    try:
        running.up(*running.names("gpu"))
        yield running
    finally:
        running.down()


@pytest.mark.integration
@pytest.mark.parametrize("name", [name for name in LASTING if SERVICES[name].get("profiles") != ["server"]])
def test_a_service_begins_and_is_healthy(compose, name):
    compose.service(name).wait_healthy()


@pytest.fixture(scope="module")
def alone(newcomer):
    """What is answered where one process does everything."""
    return newcomer.alone()


@pytest.mark.integration
@pytest.mark.parametrize(("page", "title"), PAGES)
def test_the_page_leads_to_an_answer(newcomer, compose, alone, page, title):
    commands = "".join(blocks(section((ROOT / page).read_text(), title), "bash"))
    assert re.match(r"sh deploy/secrets\.sh\b.*\ndocker compose up -d\b", commands)  # both are done, and may be again
    assert QUESTION in commands
    assert alone in newcomer.follow(commands)


@pytest.mark.integration
def test_who_asks_a_server_takes_the_place_of_a_gpu(compose):
    assert compose.service("vision").stop() == 0
    compose.up(*compose.names("server"))
    compose.service("vision-server").wait_healthy()


@pytest.mark.integration
def test_metrics_are_where_the_file_publishes_them(compose):
    (port,) = {one.split(":")[1] for one in SERVICES["beat"]["ports"]}
    with urllib.request.urlopen(f"http://127.0.0.1:{compose.ports[port]}/metrics", timeout=30) as page:
        text = page.read().decode()
    for name in QUEUES:
        assert f'vidette_workers{{queue="{name}"}} 1.0' in text
    said = (ROOT / "docs" / "kubernetes.md").read_text() + (ROOT / "deploy/kubernetes/autoscaling.yaml").read_text()
    named = set(re.findall(r"\b(vidette_\w+?)(?=[{`: ]| >)", said)) - {
        "vidette_queue_waiting_settle",
        "vidette_queue_waiting_vision",
    }
    assert named
    assert {name for name in named if name not in text} == set()


@pytest.mark.integration
def test_a_worker_that_is_gone_is_not_healthy_and_all_end_as_they_are_told(compose):
    codes = compose.down()
    assert codes == dict.fromkeys({*LASTING} - {"vision"}, 0)
    redis = compose.service("redis")
    assert not redis.healthy()
    redis.start()
    redis.wait_healthy()
    assert [name for name in ("beat", "settle", "neo4j") if compose.service(name).healthy()] == []
