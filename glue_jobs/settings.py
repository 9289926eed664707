"""Where the lake is and what it is called: read once, from arguments and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ingestion.errors import LakeError
from lambdas.lake_api.lakes import validated
from queries.zones import time_zones


class SettingsError(LakeError):
    """A setting that cannot be used; the message says which and what would do."""

    exit_code = 2


@dataclass(frozen=True)
class Settings:
    """`lake`: a folder or s3://bucket/prefix. `database`: its name in the catalog.

    `endpoint`: another address for AWS, such as a stand-in's; None = AWS itself.
    `time_zone`: the centre's, an IANA name, for questions that cut days by the centre's clock.
    `workgroup`: Athena's, which sets the scan limit and where results go; None = its primary one.
    `least_cell`: rows of answers that count fewer are left out.
    """

    lake: str = "./lake"
    database: str = "contact_lake"
    endpoint: str | None = None
    region: str | None = None
    time_zone: str = "UTC"
    workgroup: str | None = None
    least_cell: int = 0

    @classmethod
    def from_env(
        cls, lake: str | None = None, environment: Mapping[str, str] | None = None
    ) -> Settings:
        """Settings from the environment's LAKE and LAKE_…, and from AWS's own.

        These are AWS_ENDPOINT_URL and AWS_REGION or AWS_DEFAULT_REGION; `lake` wins over LAKE.
        """
        env = os.environ if environment is None else environment
        found = cls(
            lake=lake or env.get("LAKE") or cls.lake,
            database=env.get("LAKE_DATABASE") or cls.database,
            endpoint=env.get("AWS_ENDPOINT_URL") or None,
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or None,
            time_zone=env.get("LAKE_TIME_ZONE") or cls.time_zone,
            workgroup=env.get("LAKE_WORKGROUP") or None,
            least_cell=_count(env.get("LAKE_LEAST_CELL") or "0"),
        )
        found._refuse_unknown_scheme()
        found._refuse_unknown_zone()
        return found

    @property
    def is_folder(self) -> bool:
        """Whether the lake is a folder (the embedded default) and not on S3."""
        return urlsplit(self.lake).scheme in ("", "file")

    @property
    def folder(self) -> Path:
        """The lake's folder, absolute."""
        return Path(urlsplit(self.lake).path if "://" in self.lake else self.lake).resolve()

    @property
    def root(self) -> str:
        """The lake's address as a URI without a trailing slash."""
        return self.folder.as_uri() if self.is_folder else self.lake.rstrip("/")

    def _refuse_unknown_scheme(self) -> None:
        scheme = urlsplit(self.lake).scheme
        if scheme not in ("", "file", "s3"):
            raise SettingsError(f"lake {self.lake!r}: use a folder or s3://bucket/prefix")
        if scheme == "s3":
            validated(self.lake, self.database)

    def _refuse_unknown_zone(self) -> None:
        if self.time_zone not in time_zones():
            raise SettingsError(
                f"LAKE_TIME_ZONE {self.time_zone!r}: use an IANA name such as Europe/Berlin"
            )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise SettingsError(f"LAKE_LEAST_CELL {text!r}: use a whole number, such as 5")
    return int(text)
