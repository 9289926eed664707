"""What may be kept of free text: nothing that names a caller.

The rule. An e-mail or SIP address becomes `[address]`. Seven or more digits in a row, of any
script, with up to three spaces, dots, dashes, slashes or brackets between two of them, become
`[number]`. Kept as they are: shorter numbers; dates written 2024-05-06, with or without a time;
UUIDs; and words of letters and digits in which no ten digits stand in a row (order numbers and the
like). So an amount of seven digits is lost, and a number glued to a word is not kept.
"""

from __future__ import annotations

from collections.abc import Collection

from transforms.duck import literal

EVERYTHING = "*"
_KINDS = ("String", "Integer", "Map", "List", "Arn")

_ADDRESS = r"""[^\s@"'<>,;:()]+@[^\s@"'<>,;:()]+"""
_UUID = r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
_DATE = (
    r"\b(?:19|20|21)\d\d-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?\b"
)
_WORD = r"(?:[0-9]{0,9}\pL)+[0-9]{0,9}\b"
_GAP = r"[\s\p{Z}().\p{Pd}\p{Cf}/]"
_SEVEN_DIGITS = rf"\p{{Nd}}(?:{_GAP}{{0,3}}\p{{Nd}}){{6"
_NUMBER = rf"\+?\(?{_SEVEN_DIGITS},}}"
# What is kept comes first and is put between marks; a number leaves the marks with nothing between.
_PATTERN = f"({_UUID}|{_DATE}|{_WORD})|{_NUMBER}"
_MARKED = rf"(?:(?i:tel|callto|sips?):(?://)?[+(]?|[+\x{{FF0B}}]\(?|\(){_SEVEN_DIGITS},}}"
_EDGE = r"[\s\p{Z}\p{Cf}]*"
_WHOLE = rf"{_EDGE}{_MARKED}(?:\s*(?:[;,#@xX]|(?i:ext)).*)?{_EDGE}"
_OPEN, _CLOSE = "\x02", "\x03"
_SUSPECT = rf"[@{_OPEN}{_CLOSE}]|{_SEVEN_DIGITS}}}"


def scrubbed(text: str) -> str:
    """SQL for a text without numbers and addresses; null stays null."""
    bare = f"translate({text}, {literal(_OPEN + _CLOSE)}, '')"
    without_addresses = f"regexp_replace({bare}, {literal(_ADDRESS)}, '[address]', 'g')"
    marked = (
        f"regexp_replace({without_addresses}, {literal(_PATTERN)}, "
        f"{literal(_OPEN + chr(92) + '1' + _CLOSE)}, 'g')"
    )
    numbered = f"replace({marked}, {literal(_OPEN + _CLOSE)}, '[number]')"
    clean = f"translate({numbered}, {literal(_OPEN + _CLOSE)}, '')"
    # One look tells nearly every text; replacing in all of them would take five times as long.
    return f"CASE WHEN regexp_matches({text}, {literal(_SUSPECT)}) THEN {clean} ELSE {text} END"


def unless_number(text: str) -> str:
    """SQL for a name or an id: `[number]` where it is, as a whole, written as a phone number is.

    That is with a plus sign, a bracket, `tel:` or `sip:` before it. Digits alone, and groups of
    them, are an employee's or a case's number, which must stay.
    """
    return f"CASE WHEN regexp_full_match({text}, {literal(_WHOLE)}) THEN '[number]' ELSE {text} END"


def chosen(key: str, keys: Collection[str], prefix: str = "") -> str:
    """SQL for whether an entry of a map is kept: its key is among `keys` or begins with `prefix`.

    With `*` among the keys every entry is kept whose key would not be scrubbed itself.
    """
    if EVERYTHING in keys:
        return f"{key} = {scrubbed(key)}"
    conditions = [f"{key} IN ({', '.join(map(literal, sorted(keys)))})"] if keys else []
    conditions += [f"starts_with({key}, {literal(prefix)})"] if prefix else []
    return " OR ".join(conditions) or "false"


def unwrapped(value: str) -> str:
    """SQL for a value as a text also where it is `{"ValueString": …}`."""
    return f"""CASE WHEN starts_with({value}, '{{"Value') AND json_valid({value})
        THEN coalesce({", ".join(f"{value}->>'$.Value{kind}'" for kind in _KINDS)}, {value})
        ELSE {value} END"""
