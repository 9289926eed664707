"""What free text loses on its way to silver, and what it keeps."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.duck import rows
from transforms.scrubbing import scrubbed, unwrapped

WIDE = 0xFEE0  # from a digit to its full-width form


def clean(*texts: str | None) -> list[str | None]:
    table = pa.table({"text": pa.array(texts, pa.string())})
    found: list[str | None] = (
        rows(f"SELECT {scrubbed('text')} AS t FROM lines", lines=table).column("t").to_pylist()
    )
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+1 202 555 0100", "[number]"),
        ("202-555-0100", "[number]"),
        ("call (202) 555-0100 now", "call [number] now"),
        ("call +1 (202) 555 - 0100, or 2025550101", "call [number], or [number]"),
        ("2025550100,2025550101", "[number],[number]"),
        ("202.555.0100/202.555.0101", "[number]"),
        ("5550100", "[number]"),
        ("tel:+12025550100", "tel:[number]"),
        ("tel2025550100", "tel[number]"),
        ("mobile_2025550100", "mobile_[number]"),
        ("phone-202-555-0100", "phone-[number]"),
        ("٢٠٢٥٥٥٠١٠٠", "[number]"),
        ("".join(chr(ord(sign) + WIDE) for sign in "2025550100"), "[number]"),
        ("202\u2010555\u20100100", "[number]"),
        ("202\u200b555\u200b0100", "[number]"),
        ('{"Phone":"202 555 0100"}', '{"Phone":"[number]"}'),
        ("ada@example.com", "[address]"),
        ("mail Ada <ada.sample+x@mail.example.com>!", "mail Ada <[address]>!"),
        ("sip:12025550100@example.com", "sip:[address]"),
    ],
)
def test_numbers_and_addresses_are_taken_out(text, expected):
    assert [expected] == clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "invoice",
        "555010",
        "room 12, floor 3",
        "2024-05-06",
        "2024-05-06T09:00:00.123Z",
        "from 2024-05-06 09:00 to 2024-05-07 10:00:00",
        "74611967-1234-4567-8901-123456789012",
        "ORD1234567",
        "00Q5g00000ABCDEFGH",
        "A1 B2 C3",
        "outage-news",
        "3.5",
        "naïve 料金 📞",
        "a\nb",
    ],
)
def test_everything_else_stays_as_it_is(text):
    assert [text] == clean(text)


def test_null_stays_null():
    assert clean(None) == [None]


separators = st.sampled_from(["", " ", "-", ".", ") ", " - ", "/"])
digits = st.lists(st.tuples(st.sampled_from("0123456789"), separators), min_size=10, max_size=15)


@given(st.text("ab x:,;_#", max_size=5), digits, st.text("ab x:,;_#", max_size=5))
def test_no_ten_digits_come_through_whatever_stands_around_them(before, number, after):
    written = "".join(digit + separator for digit, separator in number[:-1]) + number[-1][0]
    [found] = clean(before + written + after)
    assert sum(sign.isdigit() for sign in found) < 10


def test_a_wrapped_value_is_its_text():
    found = rows(
        f"""SELECT {unwrapped("v")} AS v FROM (VALUES ('{{"ValueString":"x"}}')) AS t(v)"""
    )
    assert found.to_pylist() == [{"v": "x"}]


def test_a_value_that_only_looks_wrapped_stays():
    found = rows(f"""SELECT {unwrapped("v")} AS v FROM (VALUES ('{{"ValueBroken')) AS t(v)""")
    assert found.to_pylist() == [{"v": '{"ValueBroken'}]
