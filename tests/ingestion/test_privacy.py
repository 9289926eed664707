import stat
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.privacy import (
    CustomerKeyError,
    Tokens,
    e164,
    key_from_text,
    read_or_make_key,
)

KEY = bytes(range(32))
NUMBER = "+12025550100"
SPELLINGS = [
    "+12025550100",
    " +1 202 555 0100 ",
    "+1 (202) 555-0100",
    "+1.202.555.0100",
    "+1/202/555/0100",
    "tel:+12025550100",
    "TEL:+1-202-555-0100;ext=12",
    "+12025550100 ext. 12",
    "+1 202 555 0100 x12",
    "+12025550100,,12#",
    "0012025550100",
    "00 1 202 555 0100",
    "+1 (0)202 555 0100",
    "+1\u2011202\u2011555\u20110100",
    "+1\u00a0202\u00a0555\u00a00100",
    "\u202a+12025550100\u202c",
    "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
    "+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0660",
    "sip:+12025550100@example.com;user=phone",
]
NOT_CALLERS = [
    None,
    "",
    "   ",
    "anonymous",
    "Withheld",
    "private",
    "unknown",
    "+266696687",
    "+86282452253",
    "+7378742833",
    "sip:anonymous@anonymous.invalid",
    "911",
    "+911",
    "00911",
    "2025550100",
    "12025550100",
    "+02025550100",
    "+1202555010012345",
    "+1202CALLNOW",
    "++12025550100",
    "customer-7",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_number(spelling):
    assert e164(spelling) == NUMBER


@pytest.mark.parametrize("text", NOT_CALLERS)
def test_what_reaches_no_caller_is_no_number(text):
    assert e164(text) is None


@pytest.mark.parametrize(
    ("text", "country_code", "expected"),
    [
        ("(202) 555-0100", "1", NUMBER),
        ("1-202-555-0100", "1", NUMBER),
        ("011 1 202 555 0100", "1", NUMBER),
        ("555-0100", "1", None),
        ("0202 555 0100", "49", "+492025550100"),
        ("112", "49", None),
        ("+1 202 555 0100", "49", NUMBER),
    ],
)
def test_a_national_number_needs_a_country(text, country_code, expected):
    assert e164(text, country_code) == expected


@given(st.text())
def test_any_text_is_a_number_or_none(text):
    number = e164(text)
    assert number is None or (number[0] == "+" and set(number[1:]) <= set(string.digits))


@given(st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z"))
def test_a_normal_form_is_its_own_normal_form(number):
    assert e164(number) in {number, None}


def test_every_spelling_has_one_token():
    tokens = Tokens(KEY, "1")
    assert {tokens.token(spelling) for spelling in SPELLINGS} == {tokens.token(NUMBER)}


def test_a_token_names_its_key_version_and_is_the_hmac_of_the_number():
    # echo -n +12025550100 | openssl dgst -sha256 -mac HMAC -macopt hexkey:<KEY.hex()>
    assert Tokens(KEY, "7").token(NUMBER) == "c7_c057384f6bcded956f48965330993439"


def test_another_key_gives_another_token():
    assert Tokens(KEY).token(NUMBER) != Tokens(KEY[::-1]).token(NUMBER)


def test_a_hidden_caller_has_no_token():
    assert Tokens(KEY).token("anonymous") is None


def test_an_id_that_looks_like_a_number_has_a_token_of_its_own():
    tokens = Tokens(KEY)
    assert tokens.customer_id_token(NUMBER) != tokens.token(NUMBER)


@pytest.mark.parametrize("customer_id", [None, "", "  "])
def test_no_id_has_no_token(customer_id):
    assert Tokens(KEY).customer_id_token(customer_id) is None


def test_blanks_around_an_id_do_not_matter():
    tokens = Tokens(KEY)
    assert tokens.customer_id_token(" chat-7 ") == tokens.customer_id_token("chat-7")


def test_the_key_is_not_shown():
    assert repr(Tokens(KEY)) == "Tokens(version='1')"


def test_a_short_key_is_refused():
    with pytest.raises(CustomerKeyError, match="8 bytes are too few"):
        Tokens(b"8 bytes.")


def test_a_key_version_that_would_break_a_token_is_refused():
    with pytest.raises(CustomerKeyError, match="letters or digits"):
        Tokens(KEY, "1_")


@pytest.mark.parametrize(
    "text",
    [KEY.hex(), KEY.hex().upper() + "\n", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
)
def test_a_key_is_written_as_hex_or_base64(text):
    assert key_from_text(text) == KEY


@pytest.mark.parametrize("text", ["not a key", "äöü"])
def test_other_text_is_no_key_and_is_not_repeated(text):
    with pytest.raises(CustomerKeyError) as caught:
        key_from_text(text)
    assert text not in str(caught.value)


def test_a_key_is_made_once_and_read_again(tmp_path):
    path = tmp_path / "keys" / "customer.key"
    assert read_or_make_key(path) == read_or_make_key(path)


def test_a_new_key_is_for_its_owner_only(tmp_path):
    path = tmp_path / "customer.key"
    read_or_make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_making_a_key_leaves_nothing_else_behind(tmp_path):
    read_or_make_key(tmp_path / "customer.key")
    assert [path.name for path in tmp_path.iterdir()] == ["customer.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_touch_is_refused(tmp_path, mode):
    path = tmp_path / "customer.key"
    read_or_make_key(path)
    path.chmod(mode)
    with pytest.raises(CustomerKeyError, match="chmod 600"):
        read_or_make_key(path)


def test_an_empty_key_file_is_refused(tmp_path):
    path = tmp_path / "customer.key"
    path.touch(mode=0o600)
    with pytest.raises(CustomerKeyError, match="0 bytes"):
        read_or_make_key(path)
