"""The intake over HTTP: a real server on the loopback interface, a real Postgres behind it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.activity import PostgresActivity
from adapters.postgres.database import Database
from tenure.contracts.activity import MAX_BATCH_BYTES, MAX_EVENTS, Event, IntakeResult
from tenure.errors import Unavailable
from tenure.ports import Activity
from tenure.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer, Verifier
from tests.conftest import FreshDatabase
from web import intake, problems
from web.batches import CLOUDEVENTS, NDJSON
from web.limits import BodyLimit
from web.metrics import Metrics
from web.server import serving

SECRETS = ["whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in range(3)]
START = datetime(2026, 3, 1, tzinfo=UTC)
_messages = count(1)
_organisations = count(1)


@dataclass(frozen=True)
class Sender:
    """A feed that signs with one secret."""

    http: httpx.AsyncClient
    signer: Signer

    async def send(
        self, body: bytes, media_type: str = NDJSON, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        signed = self.signer.headers(f"msg_{next(_messages)}", datetime.now(UTC), body)
        return await self.post(body, {"Content-Type": media_type} | signed | (headers or {}))

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.http.post("/v1/activity", content=body, headers=headers)


@asynccontextmanager
async def sender_to(activity: Activity) -> AsyncIterator[Sender]:
    """A server over an intake, and a sender with a secret that it knows."""
    app = FastAPI()
    problems.register(app)
    app.include_router(intake.create_router(activity, Verifier(" ".join(SECRETS[:2])), Metrics()))
    app.add_middleware(BodyLimit, paths={"/v1/activity": MAX_BATCH_BYTES})
    async with (
        serving(app, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield Sender(http, Signer(SECRETS[0]))


@pytest.fixture(scope="module")
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    async with Database.open(await fresh_database()) as database:
        yield database


@pytest.fixture(scope="module")
async def sender(database: Database) -> AsyncIterator[Sender]:
    async with sender_to(PostgresActivity(database)) as sender:
        yield sender


@pytest.fixture
async def organisation(database: Database) -> str:
    """An organisation that nobody has used yet."""
    organisation_id = f"org_{next(_organisations)}"
    async with database.write() as connection:
        await connection.execute(
            "insert into organisations (organisation_id, name, country, created_at) values ($1, 'Name', 'DE', $2)",
            organisation_id,
            START,
        )
        await connection.execute("insert into activity (organisation_id) values ($1)", organisation_id)
    return organisation_id


async def last_activity(database: Database, organisation_id: str) -> datetime | None:
    async with database.read() as connection:
        last: datetime | None = await connection.fetchval(
            "select last_activity_at from activity where organisation_id = $1", organisation_id
        )
        return last


def line(organisation_id: str, at: datetime = START, **fields: object) -> bytes:
    event = {"organisation_id": organisation_id, "kind": "app_sign_in", "at": at.isoformat(), "source": "identity"}
    return json.dumps(event | fields).encode() + b"\n"


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    return response.status_code, response.json()["code"]


class TestTaken:
    """What a feed gets for a batch that is signed."""

    async def test_a_batch_is_answered_after_its_commit(
        self, database: Database, sender: Sender, organisation: str
    ) -> None:
        """200 means that the newest instant is in the database, with a number for every line (AC-10)."""
        body = b"".join(
            [
                line(organisation, START + timedelta(hours=2)),
                line(organisation, START + timedelta(hours=1)),
                line("org_nobody"),
                b"not json\n",
                line(organisation, datetime.now(UTC) + timedelta(minutes=6)),
            ]
        )
        response = await sender.send(body)
        assert await last_activity(database, organisation) == START + timedelta(hours=2)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        result = response.json()
        assert (result["accepted"], result["older"], result["unknown"], result["deleted"]) == (2, 0, 1, 0)
        assert [(rejected["line"], rejected["code"]) for rejected in result["rejected"]] == [
            (4, "invalid_input"),
            (5, "future_event"),
        ]
        assert result["unknown_organisations"] == ["org_nobody"]

    async def test_sending_again_is_harmless(self, sender: Sender, organisation: str) -> None:
        """A feed that got no answer sends the batch again: its events are older than what is known (AC-10)."""
        body = line(organisation) + line(organisation, START + timedelta(hours=1))
        answers = [IntakeResult.model_validate((await sender.send(body)).json()) for _ in range(2)]
        assert [(answer.accepted, answer.older) for answer in answers] == [(2, 0), (0, 2)]

    async def test_activity_of_a_deleted_organisation_is_named(
        self, database: Database, sender: Sender, organisation: str
    ) -> None:
        """After the fence an event is answered as deleted, with the organisation, and brings nothing back (AC-11)."""
        async with database.write() as connection:
            await connection.execute(
                "update activity set closed = true, fenced_at = now() where organisation_id = $1", organisation
            )
        result = IntakeResult.model_validate((await sender.send(line(organisation, datetime.now(UTC)))).json())
        assert (result.accepted, result.deleted, result.deleted_organisations) == (0, 1, (organisation,))
        assert await last_activity(database, organisation) is None

    async def test_cloudevents_are_taken(self, database: Database, sender: Sender, organisation: str) -> None:
        """A CloudEvents batch is the same batch in another form; a bad one is rejected by its place (AC-01)."""
        cloud = {
            "specversion": "1.0",
            "id": "1",
            "source": "messaging",
            "type": "com.tenure.activity.message_received",
            "subject": organisation,
            "time": START.isoformat(),
        }
        body = json.dumps([{"specversion": "1.0"}, cloud]).encode()
        response = await sender.send(body, f"{CLOUDEVENTS}; charset=utf-8")
        result = IntakeResult.model_validate(response.json())
        assert (result.accepted, [rejected.line for rejected in result.rejected]) == (1, [1])
        assert await last_activity(database, organisation) == START

    async def test_the_largest_batch_is_taken(self, sender: Sender, organisation: str) -> None:
        """10,000 events in 8 MiB are one batch; one byte or one event more is not."""
        full = line(organisation) * MAX_EVENTS
        padded = full[:-1] + b" " * (MAX_BATCH_BYTES - len(full)) + b"\n"
        assert len(padded) == MAX_BATCH_BYTES
        response = await sender.send(padded)
        assert (response.status_code, response.json()["accepted"]) == (200, MAX_EVENTS)
        assert problem(await sender.send(padded + b"\n")) == (413, "too_large")
        assert problem(await sender.send(full + line(organisation))) == (413, "too_large")

    async def test_many_feeds_at_once_are_each_told_their_own(self, sender: Sender, organisation: str) -> None:
        """40 batches at once share statements, and each is answered for its own lines alone (AC-10)."""
        bodies = [line(organisation, START + timedelta(seconds=number)) * (number + 1) for number in range(40)]
        responses = await asyncio.gather(*(sender.send(body) for body in bodies))
        results = [IntakeResult.model_validate(response.json()) for response in responses]
        assert [result.accepted + result.older for result in results] == list(range(1, 41))
        assert all({result.accepted, result.older} == {0, number} for number, result in enumerate(results, 1))


class TestRefused:
    """What nobody may send. Nothing of it is stored."""

    @pytest.mark.parametrize(
        "headers",
        [
            {SIGNATURE_HEADER: ""},
            {SIGNATURE_HEADER: "v1,AAAA"},
            {TIMESTAMP_HEADER: "0"},
            {TIMESTAMP_HEADER: "soon"},
            {"webhook-id": ""},
        ],
    )
    async def test_an_unsigned_batch_is_unauthenticated(
        self, database: Database, sender: Sender, organisation: str, headers: dict[str, str]
    ) -> None:
        """Without a valid signature of the last 5 minutes nothing is read or stored."""
        assert problem(await sender.send(line(organisation), headers=headers)) == (401, "unauthenticated")
        assert await last_activity(database, organisation) is None

    async def test_a_signature_belongs_to_its_body_and_secret(self, sender: Sender, organisation: str) -> None:
        """A signature of another body or with an unknown secret is refused; the next secret of a rotation is not."""
        signed = sender.signer.headers("msg", datetime.now(UTC), line("org_other"))
        forged = await sender.post(line(organisation), {"Content-Type": NDJSON} | signed)
        assert problem(forged) == (401, "unauthenticated")
        for secret, status in ((SECRETS[1], 200), (SECRETS[2], 401)):
            other = Sender(sender.http, Signer(secret))
            assert (await other.send(line(organisation))).status_code == status

    @pytest.mark.parametrize(
        ("media_type", "headers"),
        [
            ("application/json", {}),
            ("", {}),
            ("application/x-ndjson-2", {}),
            (NDJSON, {"Content-Encoding": "gzip"}),
        ],
    )
    async def test_other_forms_are_refused(
        self, sender: Sender, organisation: str, media_type: str, headers: dict[str, str]
    ) -> None:
        """Another media type, or a compressed body, is refused by name."""
        response = await sender.send(line(organisation), media_type, headers)
        assert problem(response) == (415, "unsupported_media_type")

    async def test_a_body_that_is_no_array_of_cloudevents_is_refused(self, sender: Sender) -> None:
        """A batch of CloudEvents that is no JSON array has no lines to reject: it is refused as a whole."""
        assert problem(await sender.send(b'{"specversion":"1.0"}', CLOUDEVENTS)) == (422, "invalid_input")

    @pytest.mark.parametrize(
        ("framing", "body"),
        [
            (f"Content-Length: {MAX_BATCH_BYTES + 1}", b""),
            ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (MAX_BATCH_BYTES + 1, bytes(MAX_BATCH_BYTES + 1))),
        ],
    )
    async def test_a_body_without_end_is_cut_off(self, sender: Sender, framing: str, body: bytes) -> None:
        """A body that says that it is too large is refused before it comes, a chunked one as soon as it is."""
        reader, writer = await asyncio.open_connection(sender.http.base_url.host, sender.http.base_url.port)
        head = f"POST /v1/activity HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n{framing}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(10):
            status = await reader.readline()
            answer = await reader.readuntil(b"}")
        writer.close()
        assert status.split()[1] == b"413"
        assert b'"code":"too_large"' in answer


class TestFaults:
    """When something behind the intake is missing."""

    async def test_without_the_database_the_feed_is_told_to_send_again(self) -> None:
        """503 with Retry-After: the feed keeps the batch and sends it again."""

        class Away:
            async def record(self, events: Sequence[Event]) -> IntakeResult:
                raise Unavailable("The database does not answer.")

        async with sender_to(Away()) as sender:
            response = await sender.send(line("org_a"))
        assert problem(response) == (503, "unavailable")
        assert int(response.headers["retry-after"]) > 0

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    async def test_no_signed_bytes_break_the_intake(self, data: st.DataObject, sender: Sender) -> None:
        """Whatever a feed signs is taken, or rejected line by line, or refused; never an error of ours."""
        good = line("org_fuzz").strip()
        mutated = st.tuples(st.integers(0, len(good)), st.binary(max_size=4), st.integers(0, 4)).map(
            lambda cut: good[: cut[0]] + cut[1] + good[cut[0] + cut[2] :]
        )
        lines = data.draw(st.lists(st.binary() | mutated | st.just(good)))
        media_type = data.draw(st.sampled_from([NDJSON, CLOUDEVENTS]))
        body = b"\n".join(lines) if media_type == NDJSON else b"[" + b",".join(lines) + b"]"
        response = await sender.send(body, media_type)
        assert response.status_code in ({200} if media_type == NDJSON else {200, 422})
        if media_type == NDJSON:
            result = IntakeResult.model_validate(response.json())
            counted = result.accepted + result.older + result.unknown + result.deleted + len(result.rejected)
            assert counted == sum(1 for one in body.split(b"\n") if one.strip())
