"""What is deployed names what there is: settings, secrets, metrics, and one image."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from activities import counters
from tenure.settings import ServerSettings
from workers.metrics import GAUGES

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = {file.name: file.read_text() for file in (REPOSITORY / "deploy" / "kubernetes").glob("*.yaml")}
PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
OF_TEMPORAL = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY"}
"""Its standard environment configuration."""


def test_manifests_name_settings_that_exist() -> None:
    """A setting that is misspelt is read by nobody, and nothing would say so."""
    known = OF_TEMPORAL | {f"TENURE_{name.upper()}" for name in ServerSettings.model_fields}
    named = {name for text in MANIFESTS.values() for name in re.findall(r"\b(?:TENURE|TEMPORAL)_[A-Z_]+\b", text)}
    assert named
    assert named <= known


def test_secrets_are_told() -> None:
    """Whoever creates the secrets reads in one place what belongs there."""
    told = (REPOSITORY / "deploy" / "README.md").read_text()
    keys = {key for text in MANIFESTS.values() for key in re.findall(r"secretKeyRef: \{[^}]*key: (\w+)", text)}
    assert len(keys) > 8
    assert [key for key in keys if f"`{key}`" not in told] == []


def test_containers_are_alike() -> None:
    """One image, nothing written but where it is said, nobody's root; each says what it needs (SF-12)."""
    for name, text in MANIFESTS.items():
        images = re.findall(r"image: (\S+)", text)
        assert set(images) <= {"tenure:0.1.0"}, name
        for demand in (
            "readOnlyRootFilesystem: true",
            "allowPrivilegeEscalation: false",
            "runAsNonRoot: true",
            "automountServiceAccountToken: false",
            "limits: {memory:",
        ):
            assert text.count(demand) == len(images), (name, demand)


def alerts() -> list[str]:
    """Their names."""
    return re.findall(r"- alert: (\w+)", (PROMETHEUS / "alerts.yaml").read_text())


def test_alerts_are_of_metrics_that_exist() -> None:
    """An alert on a metric that nobody sets is never raised; that the programs show them is in test_programs.py (P15)."""
    source = "".join(
        file.read_text()
        for room in ("activities", "tenure", "web", "workers")
        for file in (REPOSITORY / room).rglob("*.py")
    )
    set_somewhere = set(re.findall(r'"(tenure_[a-z_]+)"', source))
    asked = set(re.findall(r"tenure_[a-z_]+", (PROMETHEUS / "alerts.yaml").read_text()))
    assert len(asked) > 15
    assert {name.removesuffix("_total") for name in asked} <= set_somewhere


def test_each_alert_is_tried_and_explained() -> None:
    """Each has a case in which it fires, and a row that says what to do at night (P15)."""
    cases = (PROMETHEUS / "alerts.test.yaml").read_text()
    told = (REPOSITORY / "docs" / "operations.md").read_text()
    assert len(alerts()) > 20
    for name in alerts():
        assert re.search(rf"alertname: {name}\b[^}}]*?exp_labels", cases), name
        assert f"| `{name}` |" in told, name


def test_each_metric_is_told() -> None:
    """What a dashboard may be made of is in one table."""
    told = (REPOSITORY / "docs" / "operations.md").read_text()
    counted = {f"{counter.name}_total" for counter in counters.ALL}
    assert [name for name in (*GAUGES, *sorted(counted)) if f"`{name}" not in told] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, of Prometheus, is not on the PATH")
def test_alerts_do_what_they_say() -> None:
    """Each fires when it must, and is quiet when it must, in Prometheus' own judgement (P15)."""
    tried = subprocess.run(
        ["promtool", "test", "rules", "alerts.test.yaml"], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr
