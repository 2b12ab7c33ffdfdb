"""Identifiers, one type each, so that no id of one kind can stand where another is meant (SF-04, SF-08).

An id is `prefix_name`: the prefix says its kind, the name is the caller's own key in lower case. A value of the wrong
kind, blank, or too long raises ValueError wherever it enters: in a call, a payload, a row or an HTTP body.
"""

import re
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"


class _Id(str):
    """A string that has been checked to be an id of one kind."""

    __slots__ = ()
    prefix: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls, *, prefix: str) -> None:
        cls.prefix = prefix
        cls.pattern = re.compile(rf"^{prefix}_{_NAME}\Z")

    def __new__(cls, value: str) -> Self:
        if not cls.pattern.match(value):
            raise ValueError(f"{value!r} is no {cls.__name__}: expected {cls.prefix}_ and up to 48 of a-z, 0-9 and -")
        return super().__new__(cls, value)

    @property
    def name(self) -> str:
        """The caller's own key: what follows the prefix."""
        return self.partition("_")[2]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True, max_length=64, pattern=cls.pattern.pattern.replace(r"\Z", "$")),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


class OrganisationId(_Id, prefix="org"):
    """A customer's or partner's organisation."""


class PartnerId(_Id, prefix="ptr"):
    """A partner: the business that sells and manages; its own organisation has an OrganisationId."""


class PersonId(_Id, prefix="per"):
    """A person in an organisation."""


class LicenceSetId(_Id, prefix="lic"):
    """The licences of one trial or of one paid subscription."""


class TrialId(_Id, prefix="trl"):
    """A trial, from its request on."""


class TrialRequestId(_Id, prefix="req"):
    """The request for consent to a trial."""


class OrderId(_Id, prefix="ord"):
    """A paid order that converts services of a trial."""


class RplCaseId(_Id, prefix="case"):
    """A review of a restricted-party hit."""
