"""Flows as others have them: a file out of Amazon Connect, however it was taken."""

import json
from pathlib import Path
from typing import Any

from infra.flows.document import CONTACT_FLOW, CUSTOMER_QUEUE, Flow
from ingestion.errors import LakeError

# As the console writes them into a flow's metadata; the API names them like CloudFormation.
_CONSOLE = {"contactFlow": CONTACT_FLOW, "customerQueue": CUSTOMER_QUEUE}


class FlowFileError(LakeError):
    """A file is no contact flow."""

    exit_code = 2


def exported(path: Path, otherwise: str = CONTACT_FLOW) -> Flow:
    """The flow of a file: the document itself, or what `describe-contact-flow` answers.

    Its type is what the file says, else `otherwise`. Raises FlowFileError, with one line that names
    the file, where there is no JSON object in it.
    """
    try:
        found = _loaded(path.read_text(encoding="utf-8"))
        described = found.get("ContactFlow")
        if isinstance(described, dict):
            document = _loaded(described.get("Content"))
            return Flow(path.name, str(described.get("Type", otherwise)), document)
    except FileNotFoundError:
        raise FlowFileError(f"{path}: no such file") from None
    except (TypeError, ValueError) as error:
        raise FlowFileError(f"{path}: not the JSON of a contact flow: {error}") from None
    metadata = found.get("Metadata")
    told = str(metadata.get("type")) if isinstance(metadata, dict) else ""
    return Flow(path.name, _CONSOLE.get(told, otherwise), found)


def _loaded(text: Any) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
