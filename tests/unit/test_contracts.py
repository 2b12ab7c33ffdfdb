"""What all contracts have in common."""

import pytest
from pydantic import TypeAdapter, ValidationError

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.notice import Mail
from tenure.contracts.organisation import Person


@pytest.mark.parametrize("contract", [Person, Mail, AcceptTrial])
def test_what_is_wrong_is_told_without_what_was_sent(contract: type[Person | Mail | AcceptTrial]) -> None:
    """The words of a refused payload or row end in logs and histories: they name its places, and hold no personal data."""
    for read in (contract.model_validate, TypeAdapter(contract).validate_python):
        with pytest.raises(ValidationError, match=r"person_id|to_address") as caught:
            read(
                {"person_id": "zoe@acme.example", "to_address": "zoe at acme.example", "name": "Zoe\n", "email": "zoe"}
            )
        assert "zoe" not in str(caught.value).lower()
