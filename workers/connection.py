"""The connection to Temporal, and whether executions there live by the wall's clock (SF-10)."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from tenure import names
from tenure.errors import Misconfigured, Unavailable
from tenure.plugin import TenurePlugin
from tenure.settings import InstallationKind, ServerSettings
from workers.stack.namespaces import time_skipping_enabled

_NAMESPACES = {
    InstallationKind.PRODUCTION: names.NAMESPACE,
    InstallationKind.SIMULATION: names.SIMULATION_NAMESPACE,
}


async def connect(settings: ServerSettings, *, address: str | None = None, runtime: Runtime | None = None) -> Client:
    """Connect as Temporal's own environment configuration says (`TEMPORAL_ADDRESS`, a profile in TOML, TLS, API keys).

    The namespace, where that names none, is the installation's: `tenure` or `tenure-simulation`.

    Args:
        settings: For the kind of installation and the payload keys.
        address: `host:port`, for callers that started the server themselves.
        runtime: Where the SDK's metrics go.

    Raises:
        Unavailable: nothing answers there.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    config.setdefault("namespace", _NAMESPACES[settings.installation])
    if address is not None:
        config["target_host"] = address
    try:
        return await Client.connect(**config, plugins=[TenurePlugin(settings.payload_keys)], runtime=runtime)
    except RuntimeError as error:
        raise Unavailable(
            f"Temporal does not answer at {config['target_host']} ({error}). Start it, or set TEMPORAL_ADDRESS."
        ) from error


async def require_clock(client: Client, kind: InstallationKind) -> None:
    """Check that executions may skip time in a simulation, and nowhere else.

    It can be switched on later: the fence, which trusts no clock but the database's, stays the real guard.

    Raises:
        Misconfigured: it is the other way round.
    """
    skipping = await time_skipping_enabled(client)
    if skipping and kind is InstallationKind.PRODUCTION:
        raise Misconfigured(
            f"The namespace {client.namespace!r} lets workflows skip time, which a production installation must not "
            "have: turn frontend.WorkflowTimeSkippingEnabled off for it, or use another namespace."
        )
    if not skipping and kind is InstallationKind.SIMULATION:
        raise Misconfigured(
            f"The namespace {client.namespace!r} does not let workflows skip time, without which a simulation stands "
            "still: turn frontend.WorkflowTimeSkippingEnabled on for it (Temporal 1.32 or later)."
        )
