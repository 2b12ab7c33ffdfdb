"""The differences of two names, and of a customer and an entry, as a reviewer sees them."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.screening import Agreement, EntryKind, ListId, Subject
from tests.web.clientele import hit
from web.console.comparison import compare as lay_beside
from web.console.comparison import country
from web.console.differences import Likeness, Pair, Piece, compare, in_words, scripts_differ

WORDS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8), max_size=7)
NAMES = WORDS.map(" ".join)


def text(pieces: Sequence[Piece]) -> str:
    """A side of a pair as it was written."""
    return "".join(piece.text for piece in pieces)


def marked(pieces: Sequence[Piece]) -> str:
    """A side of a pair with the letters in brackets that differ."""
    return "".join(f"[{piece.text}]" if piece.changed else piece.text for piece in pieces)


def shown(pairs: Sequence[Pair]) -> list[tuple[str, str, str]]:
    """Pairs as a test writes them."""
    return [(pair.likeness.value, marked(pair.customer), marked(pair.listed)) for pair in pairs]


def kept(pieces: Sequence[Piece]) -> str:
    """The letters that do not differ, case and punctuation aside."""
    unmarked = "".join(piece.text for piece in pieces if not piece.changed)
    return "".join(letter.casefold() for letter in unmarked if letter.isalnum())


@given(NAMES, NAMES)
def test_every_word_of_both_names_is_shown_once(customer: str, listed: str) -> None:
    """Whatever two names are, each word of each stands in exactly one pair: nothing is hidden from a reviewer (RPL-20)."""
    pairs = compare(customer, listed)
    for name, sides in ((customer, [pair.customer for pair in pairs]), (listed, [pair.listed for pair in pairs])):
        words = unicodedata.normalize("NFC", name).split()
        assert Counter(" ".join(text(side) for side in sides).split()) == Counter(words)
    in_order = " ".join(text(pair.customer) for pair in pairs if pair.customer).split()
    assert in_order == unicodedata.normalize("NFC", customer).split()


@given(NAMES, NAMES)
def test_what_is_not_marked_is_the_same_in_both(customer: str, listed: str) -> None:
    """Take the marked letters away, and the two sides of a pair are equal but for case and punctuation; so no difference stays unmarked."""
    for pair in compare(customer, listed):
        if pair.likeness is Likeness.SAME:
            assert not any(piece.changed for piece in (*pair.customer, *pair.listed))
        if pair.likeness is Likeness.SIMILAR:
            assert any(piece.changed for piece in (*pair.customer, *pair.listed))
            assert kept(pair.customer) == kept(pair.listed)
        if pair.likeness in {Likeness.CUSTOMER, Likeness.LISTED}:
            assert bool(pair.customer) != bool(pair.listed)


@given(WORDS, st.randoms(use_true_random=False))
def test_order_and_case_make_no_difference(words: list[str], random: Random) -> None:
    """The same words in another order, and in capitals where these are the same letters, are all the same."""
    other = [word.upper() if word.upper().casefold() == word.casefold() else word for word in words]
    random.shuffle(other)
    pairs = compare(" ".join(words), " ".join(other))
    assert {pair.likeness for pair in pairs} <= {Likeness.SAME}


@pytest.mark.parametrize(
    ("customer", "listed", "pairs"),
    [
        (
            "Banco Nacional Cuba",
            "BANCO NACIONAL DE CUBA",
            [
                ("same", "Banco", "BANCO"),
                ("same", "Nacional", "NACIONAL"),
                ("listed", "", "DE"),
                ("same", "Cuba", "CUBA"),
            ],
        ),
        ("Bio Tech Ltd", "BIOTECH", [("same", "Bio Tech", "BIOTECH"), ("customer", "Ltd", "")]),
        ("Jean Müller", "MULLER, Jean", [("same", "Jean", "Jean"), ("similar", "M[ü]ller", "M[U]LLER,")]),
        ("V. Ivanov", "IVANOV Vladimir", [("similar", "V.", "V[ladimir]"), ("same", "Ivanov", "IVANOV")]),
        ("Straße", "STRASSE", [("same", "Straße", "STRASSE")]),
        ("Orion", "Zephyr", [("customer", "Orion", ""), ("listed", "", "Zephyr")]),
        ("", "Orion", [("listed", "", "Orion")]),
    ],
)
def test_names_are_paired_as_people_would(customer: str, listed: str, pairs: list[tuple[str, str, str]]) -> None:
    """Words in other places, split words, initials, accents and legal forms are paired or told to be missing."""
    assert shown(compare(customer, listed)) == pairs


def test_the_sentence_says_what_the_marks_show() -> None:
    """Who does not see the marks hears the same."""
    assert (
        in_words(compare("Banco Nacional Müller S.A.", "BANCO NACIONAL DE MULLER"))
        == "2 words the same; “Müller” is “MULLER” on the list; only the customer has “S.A.”; only the list has “DE”"
    )


def test_other_scripts_are_told() -> None:
    """Letters of different scripts cannot be compared, and the page says so; where one is shared, or there is no letter, it does not."""
    assert scripts_differ("Владимир Иванов", "Vladimir Ivanov")
    assert not scripts_differ("Иван Ivanov", "Ivan")
    assert not scripts_differ("123", "Ivan")


def test_absurd_names_take_no_time() -> None:
    """Names of hundreds of words are shown, without comparing each with each."""
    pairs = compare(" ".join(f"a{n}" for n in range(250)), " ".join(f"b{n}" for n in range(250)))
    assert len(pairs) == 500


def test_each_field_agrees_differs_or_is_not_known() -> None:
    """Kind, country, address and birth are laid side by side with a verdict; what neither side knows of births is left out."""
    subject = Subject(
        names=("Banco Nacional Cuba S.A.",), kind=EntryKind.PERSON, country="CH", address="Zweierstr. 35, Zürich"
    )
    fields = lay_beside(subject, hit(address=0.3), {"us-sdn": "12"}).fields
    assert [(field.title, field.agreement) for field in fields] == [
        ("Kind", Agreement.DIFFERS),
        ("Country", Agreement.DIFFERS),
        ("Address", Agreement.AGREES),
    ]
    assert fields[1].listed == ("Cuba (CU)", "Spain (ES)")
    far = lay_beside(subject, hit(address=0.29, births=("1971",), country=Agreement.UNKNOWN, countries=()), {})
    assert [field.agreement for field in far.fields] == [
        Agreement.DIFFERS,
        Agreement.UNKNOWN,
        Agreement.DIFFERS,
        Agreement.UNKNOWN,
    ]
    unknown = Subject(names=("Orion",))
    nothing = hit(kind=EntryKind.UNKNOWN, address=None, listed_address=None, country=Agreement.UNKNOWN)
    assert {field.agreement for field in lay_beside(unknown, nothing, {}).fields} == {Agreement.UNKNOWN}


def test_sources_are_named_and_linked() -> None:
    """Each list has its publisher's page; a provider's data set stands for itself, and a name that is only nearly equal is not 100 % (RPL-20)."""
    for list_id in ListId:
        publisher = lay_beside(None, hit(list_id=list_id), {}).publisher
        assert publisher is not None
        assert publisher.address.startswith("https://")
    foreign = lay_beside(None, hit(list_id="default", score=0.999), {"default": "20270309"})
    assert (foreign.publisher, foreign.list_title, foreign.version, foreign.percent) == (
        None,
        "default",
        "20270309",
        99,
    )
    assert foreign.fields == ()
    assert (country("cu"), country("XZ1")) == ("Cuba (CU)", "XZ1")
