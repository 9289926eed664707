"""Texts as SQL literals come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transforms.duck import literal, rows


@given(st.text(st.sampled_from("a'\"\\;-\n%"), max_size=12))
def test_a_literal_is_the_text_that_it_was_made_of(text):
    assert rows(f"SELECT {literal(text)} AS text").to_pylist() == [{"text": text}]
