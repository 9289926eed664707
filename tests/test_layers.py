"""Each folder imports only what its layer may: an allow-list, walked over the syntax trees."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "ingestion": {"ingestion", "boto3", "botocore", "zstandard"},
    "transforms": {"transforms", "pyarrow", "duckdb", "numpy", "scipy"},
    "queries": {"queries"},
    "infra": {"infra", "ingestion", "lambdas", "queries", "boto3", "botocore", "yaml"},
    "lambdas": {"lambdas", "ingestion", "boto3", "botocore", "aws_lambda_powertools"},
    "glue_jobs": {
        *("glue_jobs", "ingestion", "transforms", "lambdas", "queries", "infra"),
        *("awswrangler", "boto3", "botocore", "duckdb", "great_expectations", "moto", "numpy"),
        *("pandas", "pyarrow", "py4j", "pyiceberg", "pyspark", "rich", "sqlglot"),
        *("jinja2", "markupsafe", "openpyxl", "sqlalchemy", "vl_convert", "xxhash"),
    },
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_imports_only_what_its_layer_may(folder):
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in imported(path)
        if name not in sys.stdlib_module_names and name not in ALLOWED[folder]
    }
    assert strangers == set()


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_package_is_this_trees_own(folder):
    # An installed package named `queries` would shadow ours without a word.
    assert Path(__import__(folder).__file__).is_relative_to(ROOT)
