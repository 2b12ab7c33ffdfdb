"""Spellings of one e-mail address: mail to all of them arrives in one mailbox, and so they are one address (TR-13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tenure.contracts.base import EmailAddress

ADDRESS: TypeAdapter[str] = TypeAdapter(EmailAddress)


@pytest.mark.parametrize(
    "spelling",
    [
        "eve@xn--bcher-kva.example",
        "eve@XN--BCHER-KVA.example",
        "eve@BÜCHER.example",
        "eve@bu\u0308cher.example",
        "eve@\uff42ücher.example",
        "eve@bücher。example",
        "eve@b\u200bücher.example",
        "eve@b\u00adücher.example",
        "eve@b\ufe0fücher.example",
    ],
)
def test_one_mailbox_has_one_spelling(spelling: str) -> None:
    """A domain in ASCII, in wide letters, with accents of their own or with what nobody sees is the one that people read (TR-13)."""
    assert ADDRESS.validate_python(spelling) == "eve@bücher.example"


@pytest.mark.parametrize("address", ["Eve@EXAMPLE.com", "eve@my-host", "eve@i❤.ws", "eve@xn--zzzz.example"])
def test_what_has_no_other_spelling_stays(address: str) -> None:
    """Plain ones, and those of domains that DNS could not hold, which sending finds out."""
    assert ADDRESS.validate_python(address) == address


_TRICKY = st.text(
    st.one_of(st.sampled_from("abxn-1.é\u0308ß。\uff42\u200b\u200d\u00ad\ufe0fΣς"), st.characters()), max_size=12
)


@given(_TRICKY, _TRICKY)
def test_an_address_that_was_read_is_read_the_same_again(local_part: str, domain: str) -> None:
    """However often it is passed on, it stays: rows, commands and payloads are all read once more (TR-13)."""
    try:
        once = ADDRESS.validate_python(f"{local_part}@{domain}.example")
    except ValidationError:
        return
    assert ADDRESS.validate_python(once) == once
