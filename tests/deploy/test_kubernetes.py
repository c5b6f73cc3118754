"""What Kustomize makes of deploy/k8s, against Kubernetes' own schemas, and that its parts find each other."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkers import ROOT, Check, Tool
from faded_skies.platform.settings import SECRETS, Settings

IMAGE = "registry.shop.example/faded-skies@sha256:" + "0" * 64
Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def rendered(tool: Tool) -> str:
    """What deploy.sh would apply: the Job and the overlay, with an image by its digest."""
    kubectl = Path(tool("kubectl"))
    return subprocess.run(
        ["sh", "deploy/k8s/deploy.sh", "show", "deploy/k8s/production", IMAGE],
        cwd=ROOT,
        env={"PATH": f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def objects(rendered: str) -> Objects:
    read = [one for one in yaml.safe_load_all(rendered) if one]
    found = {
        (one["kind"], one["metadata"]["name"].removeprefix("faded-skies").lstrip("-")): one for one in read
    }
    assert len(found) == len(read)
    return found


def pods(objects: Objects) -> dict[str, Any]:
    """Return what each kind of pod is made from, by its component."""
    made = [one["spec"]["template"] for one in objects.values() if one["kind"] in {"Deployment", "Job"}]
    made += [
        one["spec"]["jobTemplate"]["spec"]["template"] for one in objects.values() if one["kind"] == "CronJob"
    ]
    return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for pod in made}


def test_schemas(rendered: str, check: Check, tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(rendered)
    told = check("kubernetes-validate", "--strict", "-k", "1.37", tmp_path / "all.yaml")
    assert told.count(" passed for resource ") == sum(
        line.startswith("kind: ") for line in rendered.splitlines()
    )


def test_pods_are_fenced_in(objects: Objects) -> None:
    assert pods(objects).keys() == {"server", "worker", "migrate", "backup"}
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        (container,) = spec["containers"]
        all_of_them = (*spec.get("initContainers", ()), container)
        assert {one["image"] for one in all_of_them} == {IMAGE}, name
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for one in all_of_them:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert one["resources"]["requests"].keys() == {"cpu", "memory"}
            assert one["resources"]["limits"].keys() == {"memory"}
        # Secrets come from outside, as files that the settings know.
        given = {one["name"]: one["value"] for one in container["env"]}
        files = {variable: path for variable, path in given.items() if variable.endswith("_FILE")}
        assert {variable.removesuffix("_FILE") for variable in files} <= set(SECRETS)
        (mount,) = (one for one in container["volumeMounts"] if one["name"] == "secrets")
        assert {os.path.dirname(path) for path in files.values()} == {mount["mountPath"]}  # noqa: PTH120 - not paths here
        (volume,) = (one for one in spec["volumes"] if one["name"] == "secrets")
        # Whom others may change stops the start (secret_files.py).
        assert volume["secret"]["defaultMode"] & 0o022 == 0
    assert not [kind for kind, _ in objects if kind == "Secret"]


def test_servers_have_as_long_as_they_take_to_leave(objects: Objects) -> None:
    for name in ("server", "worker"):
        spec = pods(objects)[name]["spec"]
        given = {one["name"]: one["value"] for one in spec["containers"][0]["env"]}
        assert spec["terminationGracePeriodSeconds"] >= int(given["DRAIN_FOR"].removesuffix("s")) + 20
        probes = {
            kind: spec["containers"][0][f"{kind}Probe"]["httpGet"]["path"]
            for kind in ("liveness", "readiness")
        }
        assert probes == {"liveness": "/health/live", "readiness": "/health/ready"}


def test_metrics_can_be_asked_for(objects: Objects, check: Check, tmp_path: Path) -> None:
    for name in ("server", "worker"):
        pod = pods(objects)[name]
        (container,) = pod["spec"]["containers"]
        given = {one["name"]: one["value"] for one in container["env"]}
        assert given["METRICS_TOKEN_FILE"] == "/run/secrets/faded-skies/metrics-token"
        told = pod["metadata"]["annotations"]
        assert told["prometheus.io/scrape"] == "true"
        assert told["prometheus.io/port"] == str(container["ports"][0]["containerPort"])
    config = yaml.safe_load((ROOT / "deploy" / "monitoring" / "kubernetes.yml").read_text())
    (job,) = config["scrape_configs"]
    # Debian's promtool is built without Kubernetes; all the rest it checks.
    (found,) = job.pop("kubernetes_sd_configs")
    assert found == {"role": "pod", "namespaces": {"names": ["faded-skies"]}}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    check("promtool", "check", "config", "--syntax-only", tmp_path / "prometheus.yml")


def test_the_runbook_makes_the_secret_that_pods_read(objects: Objects) -> None:
    runbook = (ROOT / "docs" / "runbooks" / "deploy.md").read_text()
    files = {
        os.path.basename(one["value"])  # noqa: PTH119 - not paths here
        for pod in pods(objects).values()
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
        for one in container.get("env", ())
        if one["name"].endswith("_FILE")
    }
    command = runbook[runbook.index("create secret generic faded-skies ") :].split("\nkubectl")[0]
    assert set(re.findall(r"--from-file=(\S+)", command)) == files


def test_backups_are_kept_on_a_volume_and_sealed(objects: Objects) -> None:
    spec = pods(objects)["backup"]["spec"]
    (pruning,), (taking,) = spec["initContainers"], spec["containers"]
    assert (taking["args"], pruning["args"][:3]) == (
        ["backup", "--to", "/backups"],
        ["backup", "prune", "/backups"],
    )
    assert "BACKUP_KEYS_FILE" in {one["name"] for one in taking["env"]}
    assert {"name": "data", "mountPath": "/data"} in taking["volumeMounts"]
    (volume,) = (one for one in spec["volumes"] if one["name"] == "backups")
    claim = objects[
        "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"].removeprefix("faded-skies-")
    ]
    assert claim["spec"]["resources"]["requests"]["storage"]


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """The overlay of somebody who has another name for the image, and a container of their own beside ours."""
    shutil.copytree(ROOT / "deploy" / "k8s", tmp_path / "k8s")
    place = tmp_path / "k8s" / "production"
    for file in (place / "kustomization.yaml", place / "migrate" / "kustomization.yaml"):
        file.write_text(
            file.read_text().replace("registry.shop.example/faded-skies", "ghcr.example/mine/shop")
        )
    text = (place / "kustomization.yaml").read_text()
    beside = (
        "  - target: {kind: Deployment, name: faded-skies-server}\n    patch: |-\n"
        "      - {op: add, path: /spec/template/spec/containers/0, value: {name: beside, image: 'other:1'}}\n"
    )
    (place / "kustomization.yaml").write_text(text + beside)
    return place


def deploy(
    tool: Tool, step: str, place: Path, *, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    folders = [str(path)] if path else []
    folders += [str(Path(tool("kubectl")).parent), os.environ["PATH"]]
    return subprocess.run(
        ["sh", "deploy/k8s/deploy.sh", step, place, IMAGE],
        cwd=ROOT,
        env={"PATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_image_is_put_in_whatever_the_overlay_calls_it(overlay: Path, tool: Tool) -> None:
    told = deploy(tool, "show", overlay)
    assert told.returncode == 0, told.stderr
    images = re.findall(r"image: (\S+)", told.stdout)
    assert sorted(images) == sorted([IMAGE] * 5 + ["other:1"])


def test_nothing_is_shown_where_a_container_would_go_without(overlay: Path, tool: Tool) -> None:
    text = (overlay / "kustomization.yaml").read_text()
    rename = (
        "  - target: {kind: Deployment, name: faded-skies-worker}\n    patch: |-\n"
        "      - {op: replace, path: /spec/template/spec/containers/0/name, value: jobs}\n"
    )
    (overlay / "kustomization.yaml").write_text(text + rename)
    told = deploy(tool, "renew", overlay)
    assert told.returncode != 0
    assert "not all 4 containers of ours would have the image" in told.stderr


@pytest.mark.parametrize(
    ("conditions", "status"), [("SuccessCriteriaMet Complete", 0), ("FailureTarget Failed", 1)]
)
def test_migrating_ends_with_its_job(tool: Tool, tmp_path: Path, conditions: str, status: int) -> None:
    fake = tmp_path / "kubectl"
    fake.write_text(
        f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\ncase $* in\nkustomize*) exec {tool("kubectl")} "$@" ;;\n'
        f'*" get job "*) echo "{conditions}" ;;\n*" logs "*) echo "the last words" ;;\n*) cat >/dev/null ;;\nesac\n'
    )
    fake.chmod(0o755)
    told = deploy(tool, "migrate", ROOT / "deploy" / "k8s" / "production", path=tmp_path)
    assert told.returncode == status, told.stderr
    assert ("the last words" in told.stdout) == (status == 1)
    assert "\napply --filename " in (tmp_path / "asked").read_text()


def test_settings_are_known(objects: Objects) -> None:
    (settings,) = (one["data"] for (kind, _), one in objects.items() if kind == "ConfigMap")
    assert settings.keys() <= {field.alias for field in Settings.model_fields.values()}


def test_parts_find_each_other(objects: Objects) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects).items()}

    def selected(selector: dict[str, Any]) -> set[str]:
        wanted = selector.get("matchLabels", selector)
        return {name for name, has in labels.items() if wanted.items() <= has.items()}

    service = objects["Service", ""]
    assert selected(service["spec"]["selector"]) == {"server"}
    (backend,) = objects["Ingress", ""]["spec"]["rules"][0]["http"]["paths"]
    assert backend["backend"]["service"]["name"] == service["metadata"]["name"]
    for name in ("server", "worker"):
        deployment = objects["Deployment", name]
        assert selected(deployment["spec"]["selector"]) == {name}
        assert selected(objects["PodDisruptionBudget", name]["spec"]["selector"]) == {name}
        target = objects["HorizontalPodAutoscaler", name]["spec"]["scaleTargetRef"]
        assert target == {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": deployment["metadata"]["name"],
        }
        # One always serves while another goes.
        assert objects["HorizontalPodAutoscaler", name]["spec"]["minReplicas"] > 1
        assert selected(objects["NetworkPolicy", name]["spec"]["podSelector"]) == {name}
    outward = objects["NetworkPolicy", "outward"]["spec"]
    assert outward["podSelector"] == objects["NetworkPolicy", "nothing"]["spec"]["podSelector"] == {}
    # The cluster's name servers are not ours: none of our labels may stand here.
    assert outward["egress"][0]["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
