"""The function that decides: `choose`, or one that a centre puts in its place by name."""

from importlib import import_module

from ingestion.errors import LakeError
from lambdas.routing.choose import Rule


class RuleError(LakeError):
    """No function of that name can be had."""

    exit_code = 2


def rule(name: str) -> Rule:
    """The function that `module:function` names; RuleError where there is none.

    What importing the module raises beside ImportError goes to the caller.
    """
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        raise RuleError(f"policy {name!r}: write module:function, for example centre.rules:ours")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise RuleError(f"policy {name}: {error}; the module must be on Python's path") from error
    if not callable(found):
        raise RuleError(f"policy {name}: {function} is no function")
    return found  # type: ignore[no-any-return]
