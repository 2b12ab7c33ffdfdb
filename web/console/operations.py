"""Breakers, erasures and receipts: an operator sees a plan, and then acts with a reason (SF-05, SF-08, SF-11)."""

import json
from uuid import uuid4

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from tenure.contracts.breaker import ReleaseBreaker
from tenure.contracts.erasure import AbortErasures, ErasureState
from tenure.errors import Refusal, RefusalCode
from web.console.desk import OPERATORS, Visit, key_of, signed_in


async def breakers(visit: Visit) -> Response:
    """Every breaker, with what it has counted."""
    return visit.render(
        "breakers.html", here="breakers", breakers=await visit.services.breakers.all(), key=uuid4(), done=None
    )


async def release(visit: Visit) -> Response:
    """Let a stated number through."""
    form = await visit.request.form()
    command = _command(ReleaseBreaker, scope=form.get("scope"), count=form.get("count"), reason=form.get("reason"))
    done = await visit.services.breakers.release(visit.caller(key_of(form)), command)
    return visit.render(
        "breakers.html", here="breakers", breakers=await visit.services.breakers.all(), key=uuid4(), done=done
    )


async def erasures(visit: Visit) -> Response:
    """Erasures, those that can still be aborted first."""
    state = visit.request.query_params.get("state")
    chosen = ErasureState(state) if state in list(ErasureState) else None
    found = await visit.services.erasures.all(visit.caller(), state=chosen)
    return visit.render("erasures.html", here="erasures", erasures=found, chosen=chosen, states=list(ErasureState))


async def plan_abort(visit: Visit) -> Response:
    """Say what an abort would do, and ask to confirm it."""
    command = _abort(await visit.request.form())
    plan = await visit.services.erasures.plan_abort(visit.caller(), command)
    return visit.render("abort.html", here="erasures", result=plan, reason=command.reason, key=uuid4(), done=False)


async def abort(visit: Visit) -> Response:
    """Abort what was confirmed."""
    form = await visit.request.form()
    command = _abort(form)
    result = await visit.services.erasures.abort(visit.caller(key_of(form)), command)
    return visit.render("abort.html", here="erasures", result=result, reason=command.reason, key=None, done=True)


async def receipt(visit: Visit) -> Response:
    """The receipt of an erased organisation (SF-07)."""
    found = await visit.services.erasures.receipt(visit.organisation_id())
    document = json.dumps(json.loads(found.document), indent=2, ensure_ascii=False)
    return visit.render("receipt.html", here="erasures", receipt=found, document=document)


def _abort(form: FormData) -> AbortErasures:
    return _command(AbortErasures, organisations=form.getlist("organisation"), reason=form.get("reason"))


def _command[Command: (AbortErasures, ReleaseBreaker)](command: type[Command], **fields: object) -> Command:
    try:
        return command.model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors(include_input=False))
        raise Refusal(RefusalCode.INVALID_INPUT, f"The form is incomplete: {wrong}.") from error


ROUTES = [
    Route("/breakers", signed_in(breakers, OPERATORS)),
    Route("/breakers", signed_in(release, OPERATORS), methods=["POST"]),
    Route("/erasures", signed_in(erasures, OPERATORS)),
    Route("/erasures/plan", signed_in(plan_abort, OPERATORS), methods=["POST"]),
    Route("/erasures/abort", signed_in(abort, OPERATORS), methods=["POST"]),
    Route("/receipts/{organisation_id}", signed_in(receipt, OPERATORS)),
]
