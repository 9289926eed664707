"""A report made and handed over: to the lake, to the managers' topic; `mail` sends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from glue_jobs.lake import Lake
from glue_jobs.report.figures import Figures
from glue_jobs.report.headline import headline
from glue_jobs.report.page import page, title
from glue_jobs.report.sections import report
from glue_jobs.report.summary import summary

SUBJECT_LIMIT = 100  # characters of an SNS subject


class Made(NamedTuple):
    """One report: the page, the same in plain text, and where it is kept in the lake."""

    html: str
    text: str
    subject: str
    key: str


def made_report(
    figures: Figures, made_at: datetime, links: tuple[tuple[str, str], ...] = ()
) -> Made:
    """The report of these figures. `made_at`: UTC, naive. `links`: text and address of more."""
    text = summary(figures, made_at)
    about = f"-{quote(figures.group, safe='')}" if figures.group else ""
    return Made(
        page(figures, report(figures, links), made_at),
        text,
        _subject(f"{title(figures)}: {headline(figures)}"),
        f"reports/report-{figures.period.last}{about}.html",
    )


def put_page(lake: Lake, made: Made) -> str:
    """Put the page into the lake; returns its address there."""
    lake.store.put(made.key, made.html.encode())
    return f"{lake.settings.root}/{made.key}"


def notice(made: Made, where: str) -> str:
    """The text with an address of the page below it."""
    return f"{made.text}\nPage: {where}\n"


def tell(made: Made, where: str, topic: str, sns: Any) -> None:
    """Put the text on the managers' SNS topic. `where`: an address of the page."""
    sns.publish(TopicArn=topic, Subject=made.subject, Message=notice(made, where))


def presigned(s3: Any, root: str, key: str, life: timedelta) -> str:
    """An address that opens an object of a lake on S3 for whoever has it, while `life` lasts."""
    parts = urlsplit(root)
    return str(
        s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": parts.netloc,
                "Key": f"{parts.path.lstrip('/')}/{key}".lstrip("/"),
                "ResponseContentType": "text/html; charset=utf-8",
            },
            ExpiresIn=int(life.total_seconds()),
        )
    )


def _subject(text: str) -> str:
    """One printable ASCII line, as SNS takes it."""
    plain = "".join(each if " " <= each <= "~" else "-" for each in text)
    return plain if len(plain) <= SUBJECT_LIMIT else f"{plain[: SUBJECT_LIMIT - 3]}..."
