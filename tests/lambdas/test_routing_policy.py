import pytest

from lambdas.routing.policy import DEFAULT, Lender, Policy, PolicyError, changed


def test_a_policy_is_changed_where_it_is_said():
    said = {"n": 5, "hold_s": 20, "offer_busy": True, "requires": {"x": {"a:b": 2}}, "version": "s"}
    expected = Policy(n=5, hold_s=20.0, offer_busy=True, requires={"x": {"a:b": 2.0}}, version="s")
    assert changed(DEFAULT, said) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 0),
        ("n", 11),
        ("n", 2.5),
        ("n", True),
        ("n", "3"),
        ("cap", 0),
        ("unit", -1),
        ("hold_s", float("nan")),
        ("hold_s", 0),
        ("widen_after_s", float("inf")),
        ("offer_busy", "yes"),
        ("version", ""),
        ("version", "a\nb"),
        ("requires", ["x"]),
        ("requires", {"x": {"a:b": "high"}}),
        ("requires", {"x": 3}),
        ("lenders", ["cards"]),
        ("lenders", {"claims": "cards"}),
        ("lenders", {"claims": ["cards"]}),
        ("lenders", {"claims": [{}]}),
        ("lenders", {"claims": [{"call_type": "cards", "tau": 3}]}),
        ("lenders", {"claims": [{"call_type": "claims"}]}),
        ("lenders", {"claims": [{"call_type": "cards"}, {"call_type": "cards"}]}),
        ("lenders", {"claims": [{"call_type": name} for name in "abcd"]}),
        ("reserve", {"claims": [{"call_type": "cards", "reserve": -1}]}),
        ("reserve", {"claims": [{"call_type": "cards", "reserve": 21}]}),
        ("reserve", {"claims": [{"call_type": "cards", "reserve": 1.5}]}),
        ("reserve", {"claims": [{"call_type": "cards", "reserve": None}]}),
        *(
            ("lenders", {name: [{"call_type": "cards"}]})
            for name in ("", "NONE", "a,b", "$.x", " a", "a\n", "x" * 129, 7)
        ),
        ("lenders", {"claims": [{"call_type": "a,b"}]}),
        ("nn", 3),
    ],
)
def test_a_number_that_cannot_be_meant_is_named(name, value):
    field = "lenders" if name == "reserve" else name
    with pytest.raises(PolicyError, match=f"routing policy: .*{name}"):
        changed(DEFAULT, {field: value})


def test_nobody_lends_unless_the_policy_says_who():
    assert DEFAULT.lenders == {}


def test_a_lender_keeps_one_agent_back_unless_the_policy_says_how_many():
    said = {"claims": [{"call_type": "cards"}, {"call_type": "loans", "reserve": 3.0}]}
    expected = {"claims": (Lender("cards", 1), Lender("loans", 3))}
    assert changed(DEFAULT, {"lenders": said}).lenders == expected


def test_the_lenders_of_a_policy_can_be_said_again():
    held = changed(DEFAULT, {"lenders": {"claims": [{"call_type": "cards", "reserve": 2}]}})
    assert changed(DEFAULT, {"lenders": held.lenders}) == held
