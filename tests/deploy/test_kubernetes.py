"""What Kustomize makes of deploy/k8s, against Kubernetes' own schemas, and that its parts find each other."""

import os
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
    return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for pod in made}


def test_schemas(rendered: str, check: Check, tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(rendered)
    told = check("kubernetes-validate", "--strict", "-k", "1.37", tmp_path / "all.yaml")
    assert told.count(" passed for resource ") == sum(
        line.startswith("kind: ") for line in rendered.splitlines()
    )


def test_pods_are_fenced_in(objects: Objects) -> None:
    assert pods(objects).keys() == {"server", "worker", "migrate"}
    for name, pod in pods(objects).items():
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        assert container["image"] == IMAGE, name
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}
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
