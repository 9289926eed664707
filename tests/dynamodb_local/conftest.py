"""Each test runs on both engines: the default stand-in, and AWS's own emulator."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from glue_jobs.publish import create_tables, publishing_config
from glue_jobs.standin import stand_in
from tests.dynamodb_local.server import NoServerError, dynamodb_local

ENGINES = ["stand-in", "dynamodb-local"]


@pytest.fixture(scope="module")
def aws_stand_in():
    with stand_in() as running:
        yield running


@pytest.fixture(scope="session")
def aws_dynamodb_local():
    with ExitStack() as stack:
        try:
            running = stack.enter_context(dynamodb_local())
        except NoServerError as error:
            absent = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            absent(str(error))
        yield running


@pytest.fixture(params=ENGINES)
def engine(request):
    """The engine's name."""
    return request.param


@pytest.fixture
def aws(request, engine):
    return request.getfixturevalue(f"aws_{engine.replace('-', '_')}")


@pytest.fixture
def client(aws):
    """A client of the engine with the routing tables, empty."""
    made = aws.client("dynamodb", config=publishing_config())
    create_tables(made)
    yield made
    for name in made.list_tables()["TableNames"]:
        made.delete_table(TableName=name)
