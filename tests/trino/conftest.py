"""One Trino for the session, reading folder lakes and one on the stand-in's S3."""

from __future__ import annotations

import os

import pytest

from glue_jobs.standin import stand_in
from tests.trino.server import NoTrinoError, trino


@pytest.fixture(scope="session")
def aws():
    """The stand-in whose S3 Trino reads."""
    with stand_in() as running:
        yield running


@pytest.fixture(scope="session")
def server(aws):
    """A running Trino; without one the tests are skipped, outside CI only."""
    credentials = aws.environment()
    s3 = (
        "fs.native-s3.enabled=true",
        f"s3.endpoint={aws.endpoint}",
        f"s3.region={aws.region}",
        "s3.path-style-access=true",
        f"s3.aws-access-key={credentials['AWS_ACCESS_KEY_ID']}",
        f"s3.aws-secret-key={credentials['AWS_SECRET_ACCESS_KEY']}",
    )
    try:
        with trino(s3) as running:
            yield running
    except NoTrinoError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
