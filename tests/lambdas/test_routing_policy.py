import pytest

from lambdas.routing.policy import DEFAULT, Policy, PolicyError, changed


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
        ("nn", 3),
    ],
)
def test_a_number_that_cannot_be_meant_is_named(name, value):
    with pytest.raises(PolicyError, match=f"routing policy: .*{name}"):
        changed(DEFAULT, {name: value})
