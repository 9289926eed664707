"""One build and one deployment for all tests of what AWS runs."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import boto3
import pytest

from glue_jobs import standin
from infra.package import artifacts
from tests.infra.recorded import Recorder
from tests.infra.stand_in_stack import deploy_on


@pytest.fixture(scope="session")
def built():
    return artifacts()


@pytest.fixture(scope="module")
def deployment(built):
    """The stack on the stand-in, with every request to it recorded."""
    recorder = Recorder()
    inner = standin._atomic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standin, "_atomic", lambda app: recorder.before(inner(app)))
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        with standin.stand_in() as aws, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the stand-in's, of what it cannot make
            yield SimpleNamespace(aws=aws, stack=deploy_on(aws, built), recorder=recorder)
