"""The folder that holds the development stack's mails: one `.eml` file each, in the order of arrival."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final

_NUMBERS: Final = count()
_TIME_FORMAT: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class StoredMail:
    """One mail as it arrived; the file is read when the content is asked for."""

    file: Path

    @property
    def id(self) -> str:
        """What names the mail: when it arrived, and a number."""
        return self.file.stem

    @property
    def received_at(self) -> datetime:
        """When the sink accepted the mail, by the wall clock; the mail's own date may be a simulated one."""
        return datetime.strptime(self.id.rpartition("-")[0], _TIME_FORMAT).replace(tzinfo=UTC)

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed mail."""
        return BytesParser(policy=policy.default).parsebytes(self.file.read_bytes())

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """The addresses it was accepted for: the envelope's, which alone count for delivery."""
        return tuple(str(header) for header in self.message.get_all("Delivered-To", []))

    @property
    def subject(self) -> str:
        """The subject, empty where there is none."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain text body, empty where there is none."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, empty where there is none."""
        return self._body("html")

    @cached_property
    def attachments(self) -> Sequence[EmailMessage]:
        """Everything beside the bodies."""
        return list(self.message.iter_attachments())

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part else ""


def messages(folder: Path) -> list[StoredMail]:
    """Return the mails in `folder` in the order of their arrival."""
    return [StoredMail(file) for file in sorted(folder.glob("*.eml"))]


def message(folder: Path, mail_id: str) -> StoredMail | None:
    """Return the mail of that id; None where there is none."""
    return next((mail for mail in messages(folder) if mail.id == mail_id), None)


def store(folder: Path, sender: str, recipients: Sequence[str], content: bytes) -> None:
    """Write a mail so that readers see all of it or nothing, and so that it outlives a power failure."""
    name = f"{datetime.now(UTC):{_TIME_FORMAT}}-{next(_NUMBERS):06}"
    envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
    draft = folder / f".{name}.tmp"
    with draft.open("wb") as file:
        file.write("".join(f"{line}\r\n" for line in envelope).encode())
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / f"{name}.eml")
