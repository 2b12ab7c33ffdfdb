"""Asks a yente service (OpenSanctions) to match a subject. Whatever is not a whole, fresh answer is none (RPL-16)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr, ValidationError

from adapters.outward import HttpService
from adapters.screening import reasons
from tenure.contracts.screening import EntryKind, Hit, ListVersion, NameQuality, Screening, Subject
from tenure.errors import Unavailable
from tenure.policy.screening import ScreeningRules, fingerprint
from tenure.ports import Screener

MAX_BYTES: Final = 8 * 1024 * 1024
_QUERY: Final = "subject"
_SCHEMAS: Final = {
    EntryKind.PERSON: "Person",
    EntryKind.ORGANISATION: "Organization",
    EntryKind.VESSEL: "Vessel",
    EntryKind.AIRCRAFT: "Airplane",
    EntryKind.UNKNOWN: "LegalEntity",
}
_KINDS: Final = {schema: kind for kind, schema in _SCHEMAS.items()} | {"Company": EntryKind.ORGANISATION}
_COUNTRIES: Final = ("country", "nationality", "citizenship", "jurisdiction", "flag")


class _DataSet(BaseModel):
    name: str
    version: str


class _Catalogue(BaseModel):
    datasets: list[_DataSet]
    outdated: list[str] = []
    index_stale: bool = False


class _Result(BaseModel):
    id: Annotated[str, Field(min_length=1)]
    caption: str
    schema_: Annotated[str, Field(alias="schema")]
    properties: dict[str, list[object]]
    datasets: list[str] = []
    score: Annotated[float, Field(ge=0, le=1, exclude=True)]
    """Of the question, and not of the entry: its fingerprint leaves it out."""

    def told(self, *names: str) -> list[str]:
        """The values of some properties that are texts."""
        return [value for name in names for value in self.properties.get(name, ()) if isinstance(value, str)]


class _Response(BaseModel):
    status: int
    results: list[_Result]


class _Answer(BaseModel):
    responses: dict[str, _Response]


class YenteScreener(HttpService, Screener):
    """Screens against a data set of the service, in the version that its catalogue tells."""

    def __init__(
        self, url: str, token: SecretStr | None, data_set: str, timeout: timedelta, rules: ScreeningRules
    ) -> None:
        """Prepare to ask at an address such as `https://yente.example`; an answer may take `timeout`.

        Raises:
            Misconfigured: the address has another form, or would send the token unencrypted over a network.
        """
        self._data_set = data_set
        self._rules = rules
        super().__init__(
            "The screening service",
            url,
            "TENURE_YENTE_URL",
            headers={"Authorization": f"ApiKey {token.get_secret_value()}"} if token is not None else {},
            timeout=timeout,
            most_bytes=MAX_BYTES,
        )

    async def screen(self, subject: Subject) -> Screening:
        """Compare a subject with the service's data set.

        Raises:
            Unavailable: it does not answer, or something else; or its data set is missing, outdated or stale.
        """
        version = await self._version()
        answer = await self._read(
            _Answer,
            "POST",
            f"match/{quote(self._data_set, safe='')}",
            params={
                "threshold": self._rules.threshold,
                "cutoff": self._rules.threshold,
                "limit": self._rules.most_hits,
            },
            json={"queries": {_QUERY: {"schema": _SCHEMAS[subject.kind], "properties": _properties(subject)}}},
        )
        response = answer.responses.get(_QUERY)
        if response is None or response.status != 200:
            raise Unavailable("The screening service has answered another question.")
        hits = [self._hit(subject, result) for result in response.results if result.score >= self._rules.threshold]
        return Screening(
            hits=tuple(sorted(hits, key=lambda hit: (-hit.score, hit.entry_id))),
            omitted=int(len(hits) >= self._rules.most_hits),  # it does not tell how many more there are
            lists=(ListVersion(list_id=self._data_set, version=version),),
        )

    async def _version(self) -> str:
        """The version of the data set, which begins with the instant at which it was made."""
        catalogue = await self._read(_Catalogue, "GET", "catalog")
        version = next((each.version for each in catalogue.datasets if each.name == self._data_set), None)
        if version is None:
            raise Unavailable(f"The screening service has no data set {self._data_set}.")
        try:
            made_at = datetime.strptime(version[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise Unavailable(f"The data set {self._data_set} does not tell its age.") from None
        if datetime.now(UTC) - made_at > self._rules.list_max_age:
            raise Unavailable(f"The data set {self._data_set} is stale: it was made {made_at:%Y-%m-%d %H:%MZ}.")
        if self._data_set in catalogue.outdated or catalogue.index_stale:
            raise Unavailable(f"The screening service has not indexed its data set {self._data_set}.")
        return version

    async def _read[Answer: BaseModel](self, form: type[Answer], method: str, path: str, **request: object) -> Answer:
        """One answer in its form."""
        response, content = await self._ask(method, path, **request)
        if response.status_code != 200:
            raise Unavailable(f"The screening service answered {response.status_code}.")
        try:
            return form.model_validate_json(content)
        except ValidationError:
            raise Unavailable("The screening service's answer has not the form that it should have.") from None

    def _hit(self, subject: Subject, result: _Result) -> Hit:
        countries = [code.upper() for code in result.told(*_COUNTRIES)]
        births, nearest = result.told("birthDate"), reasons.address(subject, result.told("address"))
        return Hit(
            list_id=result.datasets[0] if result.datasets else self._data_set,
            entry_id=result.id,
            entry_hash=fingerprint(result),
            kind=_KINDS.get(result.schema_, EntryKind.UNKNOWN),
            score=result.score,
            name=subject.names[0],
            listed_name=result.caption,
            quality=NameQuality.PRIMARY,
            primary_name=result.caption,
            country=reasons.country(subject, countries),
            countries=_once(countries),
            address=nearest.likeness,
            listed_address=nearest.address,
            birth=reasons.birth(subject, births),
            births=_once(births),
            programmes=_once(result.told("program", "programId", "topics")),
        )


def _properties(subject: Subject) -> dict[str, list[str]]:
    told = {
        "name": list(subject.names),
        "country": [subject.country.lower()] if subject.country else [],
        "address": [subject.address] if subject.address else [],
        "birthDate": list(subject.births) if subject.kind is EntryKind.PERSON else [],
    }
    return {name: values for name, values in told.items() if values}


def _once(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
