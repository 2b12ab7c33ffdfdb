"""The set-up of ordered services (TC-16 to TC-18): as whom one acts, which customer it is, a look at it, and the tie."""

from http import HTTPStatus
from typing import Annotated, Final

from pydantic import StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.texts.languages import language
from tenure.contracts.base import Command
from tenure.contracts.conversion import ActingAs, OrderSetUp, TieOrder
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrderId
from tenure.ports import Caller
from web import problems
from web.customer.pages import Pages, read_form
from web.customer.wording import service_names

_ROLE: Final = {ActingAs.PARTNER: "partner", ActingAs.CUSTOMER_ADMIN: "customer"}


class Answers(Command):
    """What the forms send: first without, then with the confirmation that the customer is the right one."""

    acting_as: ActingAs
    admin_email: Annotated[str, StringConstraints(max_length=254)]
    confirmed: bool = False


async def show(request: Request) -> Response:
    """The questions, or what has been answered. Opening it changes nothing (SF-09)."""
    pages = Pages.of(request)
    order = await pages.services.consents.set_up(await _linked(pages, request))
    return _page(pages, "set_up.html.j2" if order.tied_at is None else "set_up_done.html.j2", order)


async def answer(request: Request) -> Response:
    """Show the customer to check, and tie the order to it once that is confirmed."""
    pages = Pages.of(request)
    order_id = await _linked(pages, request)
    answers = await read_form(request, Answers)
    try:
        command = TieOrder(order_id=order_id, acting_as=answers.acting_as, admin_email=answers.admin_email)
        if not answers.confirmed:
            found = await pages.services.consents.plan_tie(command)
            return _page(pages, "set_up_check.html.j2", found, answers=answers)
        await pages.services.consents.tie(Caller(actor=_ROLE[command.acting_as]), command)
    except ValidationError:
        return await _again(pages, order_id, answers, RefusalCode.INVALID_INPUT)
    except Refusal as refusal:
        if refusal.code is not RefusalCode.CUSTOMER_NOT_MATCHED:
            raise
        return await _again(pages, order_id, answers, refusal.code)
    return RedirectResponse(request.path_params["token"], HTTPStatus.SEE_OTHER)


async def _linked(pages: Pages, request: Request) -> OrderId:
    """The order that a link is for.

    Raises:
        Refusal: `link_invalid`; `order_not_found` where the link is no longer its contact's (SF-09).
    """
    link = pages.services.links.read_set_up(request.path_params["token"])
    if not await pages.services.consents.may_set_up(*link):
        raise Refusal(RefusalCode.ORDER_NOT_FOUND)
    return link.order_id


async def _again(pages: Pages, order_id: OrderId, answers: Answers, problem: RefusalCode) -> Response:
    order = await pages.services.consents.set_up(order_id)
    return _page(pages, "set_up.html.j2", order, answers=answers, problem=problem)


def _page(
    pages: Pages, template: str, order: OrderSetUp, answers: Answers | None = None, problem: RefusalCode | None = None
) -> Response:
    spoken = language(order.language)
    return pages.render(
        template,
        spoken,
        HTTPStatus.OK if problem is None else problems.status_of(problem),
        order=order,
        services=service_names(order.services, pages.services.catalogue, spoken),
        answers=answers,
        problem=None if problem is None else problem.value,
    )


ROUTES = [
    Route("/{token}", show),
    Route("/{token}", answer, methods=["POST"]),
]
