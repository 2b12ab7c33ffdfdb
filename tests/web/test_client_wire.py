"""The client on the wire: activity in batches and by signal, retries that act once, and errors that say what to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from socket import socket
from uuid import uuid4

import httpx
import pytest
from stamina.instrumentation import RetryDetails, set_on_retry_hooks
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tenure import Misconfigured, Refusal, RefusalCode, Tenure, TenureError, Unavailable, names
from tenure.contracts.activity import ActivityEvent, ActivityKind, ActivitySignal
from tenure.contracts.breaker import ReleaseBreaker
from tenure.contracts.credential import CredentialRole
from tenure.contracts.deletion import CountdownInput, DeletionCountdownContract
from tenure.ids import LicenceSetId, OrganisationId
from tenure.plugin import TenurePlugin
from tests.web.site import WEBHOOK_SECRET, Site
from web.app import create_app
from web.server import serving
from workers.stack.mail import MailSink
from workers.stack.ports import free_port
from workers.stack.temporal import Temporal

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
LICENCES = LicenceSetId("lic_a")


async def test_activity_is_added_up_over_batches(site: Site, operator: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of any iterable go out in batches; counts add up, and bad lines keep their number in the whole (AC-01, AC-10)."""
    monkeypatch.setattr("tenure.client.activity.MAX_EVENTS", 2)
    ids = await site.town.organisations_of(3)
    now = await site.town.now()

    def event(organisation_id: str) -> ActivityEvent:
        return ActivityEvent(
            organisation_id=OrganisationId(organisation_id), kind=ActivityKind.MESSAGE_SENT, at=now, source="identity"
        )

    async def events() -> AsyncIterator[ActivityEvent]:
        for organisation_id in (*ids, "org_none", ids[0]):
            yield event(organisation_id)

    sums: list[int] = []
    result = await operator.record_activity(events(), report=lambda total: sums.append(total.accepted))
    assert (result.accepted, result.older, result.unknown) == (3, 1, 1)
    assert result.unknown_organisations == ("org_none",)
    assert sums == [2, 3, 3]
    lines = [event(ids[0]).model_dump_json().encode(), b"{}", b"\xff", event(ids[1]).model_dump_json().encode()]
    result = await operator.record_lines(lines)
    assert result.older == 2
    assert [line.line for line in result.rejected] == [2, 3]
    assert (await operator.organisations.show(ids[2])).last_activity_at == now
    async with httpx.AsyncClient(base_url=site.url) as http:
        counted = (await http.get("/metrics")).text
    for result_name, number in {"accepted": 3, "older": 3, "unknown": 1, "deleted": 0, "rejected": 2}.items():
        assert f'tenure_intake_events_total{{result="{result_name}"}} {number}.0' in counted


async def test_activity_without_the_right_secret_is_refused(site: Site) -> None:
    """A batch under another secret is `unauthenticated`; without one the client says what is missing."""
    async with Tenure(site.url, webhook_secret="whsec_" + "A" * 40) as client:
        with pytest.raises(Refusal) as refused:
            await client.record_lines([b"{}"])
        assert refused.value.code is RefusalCode.UNAUTHENTICATED
    async with Tenure(site.url) as client:
        with pytest.raises(Misconfigured, match="TENURE_WEBHOOK_SECRET"):
            await client.record_lines([b"{}"])


async def test_a_signal_reaches_the_countdown(site: Site, temporal: Temporal) -> None:
    """The public signal goes to the countdown of the present generation; where none runs, it is refused (AC-10)."""
    organisation_id = await site.town.organisation()
    signal = ActivitySignal(at=await site.town.now(), kind=ActivityKind.APP_SIGN_IN, source="identity")
    connection = await Client.connect(temporal.address, namespace=names.NAMESPACE, plugins=[TenurePlugin()])
    token = await site.token(CredentialRole.SERVICE)
    async with Tenure(site.url, token, temporal=connection) as client:
        for prepare in (site.town.mark, None):
            with pytest.raises(Refusal) as refused:
                await client.signal_activity(organisation_id, signal)
            assert refused.value.code is RefusalCode.WRONG_STATE
            if prepare is not None:
                await prepare(organisation_id)
        handle = await connection.start_workflow(
            DeletionCountdownContract.run,
            CountdownInput(organisation_id=organisation_id, generation=1),
            id=names.deletion_id(organisation_id, 1),
            task_queue=f"nobody-polls-{uuid4()}",
        )
        await client.signal_activity(organisation_id, signal)
        events = [event async for event in handle.fetch_history_events()]
        await handle.terminate()
    [received] = [
        event.workflow_execution_signaled_event_attributes for event in events if event.event_type == SIGNALED
    ]
    assert received.signal_name == "activity"
    assert ActivitySignal.model_validate_json(received.input.payloads[0].data) == signal


@asynccontextmanager
async def forgetful(url: str, *, forget: int) -> AsyncIterator[str]:
    """A way to the server on which the first answers are lost: the request has arrived, the connection breaks."""
    host, _, port = url.removeprefix("http://").partition(":")
    answers = 0

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answers
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        with closing(server_writer), closing(writer):
            server_writer.write(await reader.read(65536))
            answer = await server_reader.read(65536)
            answers += 1
            if answers > forget:
                writer.write(answer)
                await writer.drain()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_lost_answer_does_not_act_twice(site: Site) -> None:
    """A command whose answers are lost on the way is sent again under its key, and is carried out once (P10)."""
    await site.town.execute("update breakers set open_since = business_now(), reason = 'test'")
    token = await site.token(CredentialRole.OPERATOR)
    async with forgetful(site.url, forget=2) as url, Tenure(url, token) as client:
        breaker = await client.breakers.release(ReleaseBreaker(scope="fleet", count=2, reason="Checked"))
    assert breaker.released == 2


async def test_what_does_not_answer_is_unavailable(site: Site) -> None:
    """Where nothing listens, and where the server only fails, the client says so and what to do (XC-05)."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with Tenure(address, retry_for=timedelta(0)) as client:
            with pytest.raises(Unavailable, match="TENURE_URL"):
                await client.feeds.list()
            with pytest.raises(Unavailable, match="TENURE_URL"):
                await anext(client.receipts.chain())


async def test_a_server_that_comes_back_is_waited_for(site: Site) -> None:
    """A request outlasts a short absence of the server."""
    token = await site.token(CredentialRole.OPERATOR)
    port = free_port()
    app = create_app(site.application.services, site.application.settings)

    async def serve_late() -> None:
        await attempted.wait()
        async with serving(app, "127.0.0.1", port):
            await answered.wait()

    attempted, answered = asyncio.Event(), asyncio.Event()

    def attempt(details: RetryDetails) -> None:
        attempted.set()

    set_on_retry_hooks([attempt])
    try:
        async with Tenure(f"http://127.0.0.1:{port}", token) as client, asyncio.TaskGroup() as group:
            group.create_task(serve_late())
            assert [feed.source for feed in await client.feeds.list()] == ["identity"]
            answered.set()
    finally:
        set_on_retry_hooks(None)


@pytest.mark.parametrize("address", ["tenure.example", "ftp://tenure.example", "http://tenure.example:http", ""])
async def test_an_address_of_another_form_is_misconfigured(address: str) -> None:
    """What is no address of HTTP says which setting to mend."""
    with pytest.raises(Misconfigured, match="TENURE_URL"):
        async with Tenure(address) as client:
            await client.feeds.list()


async def test_another_server_is_not_taken_for_tenure(operator: Tenure, mail_sink: MailSink) -> None:
    """An answer that is not Tenure's is an error that says so, never a result."""
    async with Tenure(mail_sink.web_url) as client:
        with pytest.raises(TenureError) as error:
            await client.feeds.list()
    assert not isinstance(error.value, Refusal)
    assert mail_sink.web_url in str(error.value)


async def test_the_environment_says_where_tenure_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and credentials come from TENURE_URL, TENURE_TOKEN and TENURE_WEBHOOK_SECRET."""
    monkeypatch.setenv("TENURE_URL", site.url)
    monkeypatch.setenv("TENURE_TOKEN", await site.token(CredentialRole.OPERATOR))
    monkeypatch.setenv("TENURE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    async with Tenure.from_environment() as client:
        assert [feed.source for feed in await client.feeds.list()] == ["identity"]
        assert (await client.record_lines([b"{}"])).rejected
