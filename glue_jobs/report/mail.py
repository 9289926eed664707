"""The report as a mail through Amazon SES: the text as its body, the page attached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from glue_jobs.report.writing import Made, notice
from ingestion.errors import LakeError

# Amazon SES API v2, https://docs.aws.amazon.com/ses/latest/dg/quotas.html
LARGEST_MAIL = 40_000_000  # bytes, attachments in base64
MOST_RECIPIENTS = 50
# One bare address: no name, list, comment or line end, by which a header could be written.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


class MailError(LakeError):
    """An address that is none, too many of them, or a mail too large for SES."""

    exit_code = 2


def message(made: Made, sender: str, recipients: Sequence[str], where: str) -> bytes:
    """The mail as it is sent. `where`: an address of the page, told below the text.

    Raises MailError for a text that is not one address, too many recipients, or a mail over 40 MB.
    """
    if not 1 <= len(recipients) <= MOST_RECIPIENTS:
        raise MailError(f"{len(recipients)} recipients: SES takes 1 to {MOST_RECIPIENTS} of a mail")
    mail = EmailMessage(SMTP)
    mail["Subject"] = made.subject
    mail["From"] = _address(sender)
    mail["To"] = ", ".join(map(_address, recipients))
    mail.set_content(notice(made, where), cte="base64")
    name = made.key.rpartition("/")[2]
    mail.add_attachment(made.html.encode(), maintype="text", subtype="html", filename=name)
    written = mail.as_bytes()
    if len(written) > LARGEST_MAIL:
        size = f"{len(written) / 1e6:.1f} MB"
        raise MailError(f"the mail has {size}, SES takes 40: tell a topic instead, --link-days 7")
    return written


def send(mail: bytes, sender: str, recipients: Sequence[str], ses: Any) -> None:
    """Hand the mail to SES. `ses`: a client of `sesv2`, for a verified sender."""
    ses.send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": list(recipients)},
        Content={"Raw": {"Data": mail}},
    )


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise MailError(f"{text!r} is not a mail address; give one such as team@example.org")
    return text
