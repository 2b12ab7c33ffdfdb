"""What is deployed names what there is: settings, secrets, metrics, and one image."""

import re
from pathlib import Path

from tenure.settings import ServerSettings

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = {file.name: file.read_text() for file in (REPOSITORY / "deploy" / "kubernetes").glob("*.yaml")}
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


def test_alerts_are_of_metrics_that_exist() -> None:
    """An alert on a metric that nobody sets is never raised."""
    source = "".join(
        file.read_text()
        for room in ("activities", "tenure", "web", "workers")
        for file in (REPOSITORY / room).rglob("*.py")
    )
    set_somewhere = set(re.findall(r'"(tenure_[a-z_]+)"', source))
    rules = (REPOSITORY / "deploy" / "prometheus" / "alerts.yaml").read_text()
    asked = {name for line in re.findall(r"expr: (.+)", rules) for name in re.findall(r"tenure_[a-z_]+", line)}
    assert len(asked) > 8
    assert {name.removesuffix("_total") for name in asked} <= set_somewhere
