"""What a spreadsheet may see of a text: never something that it would run."""

from __future__ import annotations

# What makes a spreadsheet take a text for a formula, in any width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def inert(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet would run it, else as it is.

    Blanks before a formula do not stop one. Source: OWASP, CSV injection.
    """
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text
