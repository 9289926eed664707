"""Customers are keyed tokens: no phone number goes further than the raw zone.

A plain hash of a number is no protection (an area code is searched in seconds), so a token is an
HMAC under a key that is kept away from the lake.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.errors import LakeError

KEY_BYTES = 32
LEAST_KEY_BYTES = 16


class CustomerKeyError(LakeError):
    """The key of the customer tokens is missing, unreadable or open to others."""

    exit_code = 12


def _keypad(word: str) -> str:
    letters = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
    return word.translate(letters)


# Carriers send a hidden caller as the word's digits on a phone's keypad.
_HIDDEN = frozenset(
    _keypad(word) for word in ("ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
)
_EXTENSION = re.compile(r"(;|,|#|ext|x).*$", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"^(tel|callto|sips?):(//)?", re.IGNORECASE)
_TRUNK_ZERO = re.compile(r"(?<=\d)\s*\(0\)")
_WRITTEN_PLAINLY = re.compile(r"\+[0-9]+")
_SEPARATORS = re.compile(r"[\s().\-/]+")


def e164(text: str | None, country_code: str | None = None) -> str | None:
    """The number as `+` and 7 to 15 digits, or None when it names no reachable caller.

    Spaces, brackets, dots, dashes, `tel:` and `sip:` forms and extensions do not matter; `00` means
    `+`. A number without either is a number only with a `country_code` (digits, such as "1").
    Hidden callers and short codes are None: they would make strangers one customer.
    """
    plain = _plain(text or "")
    if plain.startswith("+"):
        digits = plain[1:]
    elif plain.startswith("00"):
        digits = plain[2:]
    elif country_code:
        digits = _with_country(plain, country_code)
    else:
        return None
    is_number = re.fullmatch(r"[1-9][0-9]{6,14}", digits) is not None
    return f"+{digits}" if is_number and digits not in _HIDDEN else None


def _plain(text: str) -> str:
    if _WRITTEN_PLAINLY.fullmatch(text):  # as nearly always; the rest takes ten times as long
        return text
    shown = "".join(_ascii(sign) for sign in unicodedata.normalize("NFKC", text)).strip()
    user = _SCHEME.sub("", shown).partition("@")[0]
    return _SEPARATORS.sub("", _TRUNK_ZERO.sub("", _EXTENSION.sub("", user)))


def _ascii(sign: str) -> str:
    """The sign with every script's digits as 0-9, dashes as `-`, and invisible marks left out."""
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.digit(sign))
    return {"Pd": "-", "Cf": ""}.get(category, sign)


def _with_country(national: str, country_code: str) -> str:
    """North America dials 1 before the area code and 011 to go abroad; most others 0 and 00."""
    if country_code == "1":
        if national.startswith("011"):
            return national[3:]
        national = national.removeprefix("1")
        return f"1{national}" if len(national) == 10 else ""
    return country_code + national.removeprefix("0") if len(national) > 6 else ""


@dataclass(frozen=True)
class Tokens:
    """Customer tokens under one key; `version` names the key, so that it can be rotated.

    `former`: those under the key before it, while both are in use.
    """

    key: bytes = field(repr=False)
    version: str = "1"
    former: "Tokens | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < LEAST_KEY_BYTES:
            raise CustomerKeyError(
                f"customer key: {len(self.key)} bytes are too few, give {KEY_BYTES}"
            )
        if not re.fullmatch(r"[A-Za-z0-9]{1,16}", self.version):
            raise CustomerKeyError("customer key version: use 1 to 16 letters or digits")
        if self.former and self.former.version == self.version:
            raise CustomerKeyError(
                f"customer key: both keys are version {self.version}, give the new one another "
                "in CUSTOMER_KEY_VERSION"
            )

    @property
    def each(self) -> "tuple[Tokens, ...]":
        """Those under the present key, then those under the former one."""
        return (self, *(self.former.each if self.former else ()))

    def known_as(self, address: str | None, customer_id: str | None) -> list[str]:
        """Every token of a customer, best first: by number, then by id, present key first."""
        numbers = [keyed.token(address) for keyed in self.each]
        ids = [keyed.customer_id_token(customer_id) for keyed in self.each]
        return [token for token in (*numbers, *ids) if token]

    def token(self, address: str | None, country_code: str | None = None) -> str | None:
        """`c<version>_` and 32 hex digits for a phone number in any spelling, else None."""
        number = e164(address, country_code)
        return None if number is None else self._named(self.key, number)

    def customer_id_token(self, customer_id: str | None) -> str | None:
        """The like for a customer known by an id (a chat, a case), never equal to a number's."""
        name = (customer_id or "").strip()
        purpose = hmac.digest(self.key, b"customer-id", hashlib.sha256)
        return self._named(purpose, name) if name else None

    def _named(self, key: bytes, value: str) -> str:
        mac = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"c{self.version}_{mac.hexdigest()[:32]}"


KEY_VARIABLES = tuple(
    f"CUSTOMER_KEY{which}{part}" for which in ("", "_OLD") for part in ("", "_SECRET", "_VERSION")
)
"""What `tokens_from` reads."""


def tokens_from(
    environment: Mapping[str, str],
    secret: Callable[[str], str],
    own: Callable[[], bytes] | None = None,
) -> Tokens | None:
    """The tokens under the keys that the environment names; None if it names no present one.

    A key is CUSTOMER_KEY, else the secret that CUSTOMER_KEY_SECRET names, else `own`; its version
    is CUSTOMER_KEY_VERSION. The former key likewise, with `CUSTOMER_KEY_OLD` before it all.
    Raises CustomerKeyError.
    """
    former = _keyed(environment, "CUSTOMER_KEY_OLD", secret)
    return _keyed(environment, "CUSTOMER_KEY", secret, own, former)


def _keyed(
    environment: Mapping[str, str],
    name: str,
    secret: Callable[[str], str],
    own: Callable[[], bytes] | None = None,
    former: Tokens | None = None,
) -> Tokens | None:
    version = environment.get(f"{name}_VERSION") or "1"
    if text := environment.get(name):
        return Tokens(key_from_text(text), version, former)
    if named := environment.get(f"{name}_SECRET"):
        return Tokens(key_from_text(secret(named)), version, former)
    return Tokens(own(), version, former) if own else None


def key_from_text(text: str) -> bytes:
    """The key written as hex or base64, as in `CUSTOMER_KEY`; raises CustomerKeyError."""
    written = text.strip()
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", written):
        return bytes.fromhex(written)
    try:
        return base64.b64decode(written.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        raise CustomerKeyError("customer key: neither hex nor base64, see CUSTOMER_KEY") from None


def read_or_make_key(path: Path) -> bytes:
    """The key in the file, made on first use (hex text, mode 0600).

    Raises CustomerKeyError for a file that others may read: its tokens protect nobody.
    """
    if not path.exists():
        _make_key(path)
    with path.open(encoding="ascii", errors="replace") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise CustomerKeyError(
                f"customer key {path}: others may read it, run: chmod 600 {path}"
            )
        return Tokens(key_from_text(file.read())).key


def _make_key(path: Path) -> None:
    """Links a finished file into place, so that of two first runs one wins and none reads half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
