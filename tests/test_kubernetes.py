"""deploy/kubernetes: valid to the letter, whole (what is named is there), and the same as docker-compose.yml where it should be."""

import json
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.containers import built

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.29", kubernetes_validate.latest_version().rpartition(".")[0])
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
EVERY = [one for file in FILES for one in yaml.safe_load_all(file.read_text())]
BY_NAME = {(one["kind"], one["metadata"]["name"]): one for one in EVERY}
WORKLOADS = {one["metadata"]["name"]: one for one in EVERY if one["kind"] in ("Deployment", "StatefulSet")}


def pod(name):
    return WORKLOADS[name]["spec"]["template"]["spec"]


def container(name):
    (only,) = pod(name)["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_manifest_fits_the_schemas_of_old_and_new_versions(file, version):
    for one in yaml.safe_load_all(file.read_text()):
        kubernetes_validate.validate(one, version, strict=True)


def test_a_misspelt_manifest_is_noticed():
    spoiled = json.loads(json.dumps(WORKLOADS["beat"]).replace("readinessProbe", "readynessProbe"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoiled, VERSIONS[-1], strict=True)


def test_the_kustomization_names_every_file_or_says_when_to():
    text = (FOLDER / "kustomization.yaml").read_text()
    offered = set(re.findall(r"# - (\S+\.yaml)", text))
    by_hand = set(re.findall(r"(\S+\.yaml) comes before it, by hand", text))
    assert {*KUSTOMIZATION["resources"]} | offered | by_hand == {file.name for file in FILES}
    images = {container(name)["image"].split(":")[0] for name in WORKLOADS}
    assert {one["name"] for one in KUSTOMIZATION["images"]} == {
        image for image in images if image.startswith("vidette")
    }


def test_everything_lies_in_one_namespace():
    assert {one["metadata"].get("namespace") for one in EVERY if one["kind"] != "Namespace"} == {"vidette"}
    assert ("Namespace", "vidette") in BY_NAME


def test_the_settings_are_those_of_the_compose_file():
    assert (
        BY_NAME["ConfigMap", "vidette"]["data"]["vidette.yml"]
        == (ROOT / "deploy" / "settings" / "vidette.yml").read_text()
    )


def test_every_part_of_the_compose_file_runs_here_with_the_same_image_and_command():
    assert {*WORKLOADS} == {name for name, one in SERVICES.items() if one.get("restart") != "no"}
    for name in WORKLOADS:
        here, there = container(name), SERVICES[name]
        command = [word.replace("$", "$$") for word in here.get("args") or here.get("command") or []]
        assert command == there.get("command", []), name
        if there["image"] not in built(SERVICES):
            assert here["image"] == there["image"]


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_what_a_pod_mounts_is_there(name):
    claimed = {one["metadata"]["name"] for one in WORKLOADS[name]["spec"].get("volumeClaimTemplates", [])}
    declared = {one["name"]: one for one in pod(name).get("volumes", [])}
    mounts = container(name)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {*declared} | claimed
    for one in declared.values():
        if "configMap" in one:
            assert ("ConfigMap", one["configMap"]["name"]) in BY_NAME
        if "persistentVolumeClaim" in one:
            assert ("PersistentVolumeClaim", one["persistentVolumeClaim"]["claimName"]) in BY_NAME
    secrets = {item["key"] for one in declared.values() for item in one.get("secret", {}).get("items", [])}
    assert secrets == {*SERVICES[name]["secrets"]}
    assert not [mount for mount in mounts if "subPath" in mount]  # such a one never sees that its source changed
    inside = {mount["mountPath"] for mount in mounts}
    volumes = [
        one.split(":")[1] if one.startswith(".") else one.rpartition("}")[2]
        for one in SERVICES[name].get("volumes", [])
    ]
    assert {"/run/secrets"} <= inside
    assert len(inside) >= len(volumes)


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_pod_has_no_rights_that_it_does_not_need(name):
    assert pod(name)["securityContext"]["runAsNonRoot"]
    assert pod(name)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(name)["automountServiceAccountToken"] is False
    assert pod(name)["enableServiceLinks"] is False
    rights = container(name)["securityContext"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert rights["allowPrivilegeEscalation"] is False
    assert rights.get("readOnlyRootFilesystem") or name == "neo4j"
    assert {"requests", "limits"} <= {*container(name)["resources"]}
    assert {"readinessProbe", "livenessProbe"} <= {*container(name)}
    user = SERVICES[name].get("user", "10001:10001").split(":")[0]
    assert str(pod(name)["securityContext"]["runAsUser"]) == user


def test_what_brings_models_is_let_in_and_runs_beside_who_reads_them():
    said = BY_NAME["Pod", "models"]["spec"]
    (only,) = said["containers"]
    assert said["securityContext"] == pod("ingest")["securityContext"]
    assert only["securityContext"] == container("ingest")["securityContext"]
    assert only["image"] in {container(name)["image"] for name in WORKLOADS}
    (volume,) = said["volumes"]
    (read,) = [one for one in pod("vision")["volumes"] if one["name"] == "models"]
    assert read["persistentVolumeClaim"] == {**volume["persistentVolumeClaim"], "readOnly": True}
    assert BY_NAME["PersistentVolumeClaim", "models"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_patch_mounts_models_as_vision_does():
    text = (FOLDER / "kustomization.yaml").read_text()
    (patch,) = yaml.safe_load(re.sub("(?m)^# ", "", text[text.index("# patches:") : text.index("images:")]))["patches"]
    kinds, names = (set(patch["target"][key].split("|")) for key in ("kind", "name"))
    assert names == {"ingest", "settle", "beat"}
    assert {WORKLOADS[name]["kind"] for name in names} == kinds
    volume, mount = yaml.safe_load(patch["patch"])
    assert {volume["op"], mount["op"]} == {"add"}
    assert volume["path"] == "/spec/template/spec/volumes/-"
    assert mount["path"] == "/spec/template/spec/containers/0/volumeMounts/-"
    assert volume["value"] in pod("vision")["volumes"]
    assert mount["value"] in container("vision")["volumeMounts"]


def test_labels_and_services_find_their_pods():
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in WORKLOADS.items()}
    for name, one in WORKLOADS.items():
        assert one["spec"]["selector"]["matchLabels"].items() <= labels[name].items()
        if one["kind"] == "StatefulSet":
            assert ("Service", one["spec"]["serviceName"]) in BY_NAME
    for one in EVERY:
        if one["kind"] == "Service":
            found = [name for name in labels if one["spec"]["selector"].items() <= labels[name].items()]
            assert len(found) == 1
            open_ports = {port["containerPort"] for port in container(found[0]).get("ports", [])}
            assert {port["port"] for port in one["spec"].get("ports", [])} <= open_ports
        if one["kind"] == "PodDisruptionBudget":
            assert one["spec"]["selector"]["matchLabels"]["app"] in WORKLOADS
        if one["kind"] == "HorizontalPodAutoscaler":
            target = one["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in BY_NAME
        if one["kind"] == "NetworkPolicy":
            assert one["spec"]["podSelector"]["matchLabels"]["app"] in WORKLOADS


def test_redis_and_neo4j_let_in_all_of_vidette_and_nobody_else():
    ours = {
        name
        for name, one in WORKLOADS.items()
        if one["spec"]["template"]["metadata"]["labels"].get("part") == "vidette"
    }
    ours_there = {name for name, one in SERVICES.items() if one["image"] in built(SERVICES)}
    assert ours == ours_there - {name for name, one in SERVICES.items() if one.get("restart") == "no"}
    assert {name for kind, name in BY_NAME if kind == "PodDisruptionBudget"} == ours  # one pod a kind at a time
    for name in {*WORKLOADS} - ours:
        (rule,) = BY_NAME["NetworkPolicy", name]["spec"]["ingress"]
        assert rule["from"] == [{"podSelector": {"matchLabels": {"part": "vidette"}}}]
