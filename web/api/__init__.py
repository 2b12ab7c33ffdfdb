"""`/v1`: commands are POSTs whose body is a contract, reads are GETs that change nothing.

Ids in paths are told by their prefixes, as in `/v1/trials/{trial_id:trl}`. So `/v1/trials/cancel` is no trial, and to a
method that a command does not have the answer names the one that it has.
"""

from starlette.convertors import Convertor, register_url_convertor

from tenure.ids import OrderId, OrganisationId, RplCaseId, TrialId


class _Prefixed(Convertor[str]):
    """A part of a path that is meant as an id of some kind; whether it is one, the operation checks."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


for _kind in (OrganisationId, TrialId, OrderId, RplCaseId):
    _convertor = type(f"_{_kind.__name__}Convertor", (_Prefixed,), {"regex": f"{_kind.prefix}_[^/]*"})
    register_url_convertor(_kind.prefix, _convertor())
