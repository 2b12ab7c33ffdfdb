"""Links in mails: who reads which, and how their secret is replaced (SF-09)."""

from itertools import pairwise

import pytest
from pydantic import SecretStr

from adapters.links import ConsentLink, Links
from tenure.errors import Misconfigured, Refusal, RefusalCode
from tenure.ids import OrderId, PersonId, TrialId

OLD, NEW, STRANGE = ("old-" * 8, "new-" * 8, "strange-" * 4)
TRIAL, PERSON, ORDER = TrialId("trl_lumiere"), PersonId("per_camille"), OrderId("ord_1")


def links(secrets: str) -> Links:
    """The links of an installation that has these secrets."""
    return Links(SecretStr(secrets), public_url="https://tenure.example/", admin_console_url="https://admin.example")


def token(link: str) -> str:
    """What a page reads of a link."""
    return link.rpartition("/")[2]


def test_a_secret_is_replaced_while_its_links_are_in_mailboxes() -> None:
    """Through every step of a roll-out, what any process signs each process reads, and the old links last until the end (SF-09)."""
    steps = [OLD, f"{OLD} {NEW}", f"{NEW} {OLD}"]
    for before, after in pairwise(steps):
        for signs in (before, after):
            for reads in (before, after):
                consent = token(links(signs).consent(TRIAL, PERSON, 3))
                assert links(reads).read_consent(consent) == ConsentLink(TRIAL, PERSON, 3)
    assert links(NEW).read_consent(token(links(steps[-1]).consent(TRIAL, TRIAL))).recipient == TRIAL
    assert links(NEW).read_set_up(token(links(steps[-1]).set_up(ORDER, PERSON, 2))) == (ORDER, PERSON, 2)
    sent_before = token(links(OLD).consent(TRIAL, PERSON))
    assert links(steps[-1]).read_consent(sent_before).recipient == PERSON
    for secrets in (NEW, STRANGE):
        with pytest.raises(Refusal) as refusal:
            links(secrets).read_consent(sent_before)
        assert refusal.value.code is RefusalCode.LINK_INVALID


@pytest.mark.parametrize("secrets", ["", " ", "short", f"{OLD} short", " ".join("0123456789" * 4)])
def test_each_secret_is_long_enough(secrets: str) -> None:
    """A short one is refused at the start, wherever it stands: somebody could guess it, and sign links."""
    with pytest.raises(Misconfigured, match="choose a longer one"):
        links(secrets)
