import pytest
from botocore.exceptions import ReadTimeoutError

from lambdas.routing.config import Config, Settings, settings
from lambdas.routing.policy import DEFAULT, Lender, Policy, PolicyError

OTHER = {"M": {"version": {"S": "v3"}, "n": {"N": "5"}}}
SHADOW = {"M": {"version": {"S": "v4"}}}


class Source:
    """An item that changes, and a clock; `reads` counts."""

    def __init__(self, item=None):
        self.item, self.now_s, self.reads = item or {}, 0.0, 0
        self.config = Config(self.read, Policy(n=4), clock=lambda: self.now_s)

    def read(self):
        self.reads += 1
        if isinstance(self.item, Exception):
            raise self.item
        return self.item


def killed(value):
    return settings({"kill": value}, DEFAULT).is_killed


def test_without_an_item_the_base_policy_is_in_force():
    assert settings({}, Policy(n=4)) == Settings(Policy(n=4))


def test_an_item_changes_the_base_policy():
    item = {"policy": {"M": {"n": {"N": "2"}, "hold_s": {"N": "12.5"}, "version": {"S": "v9"}}}}
    assert settings(item, Policy(n=4)).policy == Policy(n=2, hold_s=12.5, version="v9")


def test_an_item_names_lenders_as_a_list_for_a_call_type():
    lender = {"M": {"call_type": {"S": "cards"}, "reserve": {"N": "2"}}}
    item = {"policy": {"M": {"lenders": {"M": {"claims": {"L": [lender]}}}}}}
    assert settings(item, DEFAULT).policy.lenders == {"claims": (Lender("cards", 2),)}


def test_lenders_that_make_no_sense_leave_the_last_settings_in_force():
    lend = {"claims": {"L": [{"M": {"call_type": {"S": "cards"}}}]}}
    source = Source({"policy": {"M": {"lenders": {"M": lend}}}})
    last = source.config.current()
    source.item = {"policy": {"M": {"lenders": {"M": {"claims": {"S": "cards"}}}}}}
    source.now_s = 31
    read = source.config.current()
    assert (read.policy, "lenders must" in read.fault) == (last.policy, True)


def test_other_policies_differ_from_the_policy_where_it_is_said():
    item = {"policy": {"M": {"hold_s": {"N": "20"}}}, "other": OTHER, "shadow": SHADOW}
    read = settings(item, DEFAULT)
    assert read.other == Policy(hold_s=20, n=5, version="v3")
    assert read.shadow == Policy(hold_s=20, version="v4")


@pytest.mark.parametrize("name", ["other", "shadow"])
def test_policies_need_versions_of_their_own(name):
    with pytest.raises(PolicyError, match="version of its own"):
        settings({name: {"M": {"n": {"N": "5"}}}}, DEFAULT)


@pytest.mark.parametrize("share", [{"N": "1.1"}, {"N": "-0.1"}, {"S": "half"}, {"BOOL": True}])
def test_a_share_is_a_number_from_0_to_1(share):
    with pytest.raises(PolicyError, match="otherShare"):
        settings({"other": OTHER, "otherShare": share}, DEFAULT)


@pytest.mark.parametrize(
    "value", [{"BOOL": True}, {"S": "true"}, {"S": "ON"}, {"N": "1"}, {"S": "stop it"}]
)
def test_whatever_is_not_a_clear_off_kills(value):
    assert killed(value)


@pytest.mark.parametrize(
    "value",
    [{"BOOL": False}, {"S": "false"}, {"S": " Off "}, {"N": "0"}, {"NULL": True}, {"S": ""}],
)
def test_a_clear_off_does_not_kill(value):
    assert not killed(value)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_contacts_are_under_the_other_policy_in_its_share(share):
    read = settings({"other": OTHER, "otherShare": {"N": str(share)}}, DEFAULT)
    count = sum(read.policy_for(f"c-{place}") == read.other for place in range(2000))
    assert count / 2000 == pytest.approx(share, abs=0.03)


def test_a_contact_stays_under_its_policy():
    read = settings({"other": OTHER, "otherShare": {"N": "0.5"}}, DEFAULT)
    assert len({read.policy_for("c-1") for _ in range(10)}) == 1


def test_a_contact_without_an_id_is_under_the_policy():
    read = settings({"other": OTHER, "otherShare": {"N": "1"}}, DEFAULT)
    assert read.policy_for(None) == DEFAULT


def test_the_item_is_read_again_within_a_minute():
    source = Source()
    source.config.current()
    source.item = {"kill": {"BOOL": True}}
    seen = {}
    for source.now_s in range(61):
        seen[source.now_s] = source.config.current().is_killed
    assert (seen[29], seen[30], source.reads) == (False, True, 3)


FAULT = ReadTimeoutError(endpoint_url="http://127.0.0.1:9")


def test_an_item_that_was_never_readable_leaves_the_base_policy():
    read = Source(FAULT).config.current()
    assert (read.policy, read.is_killed, read.fault) == (Policy(n=4), False, "ReadTimeoutError")


def test_an_item_that_is_no_longer_readable_leaves_the_last_settings():
    source = Source({"kill": {"BOOL": True}, "policy": OTHER})
    last = source.config.current()
    source.item, source.now_s = FAULT, 31
    assert source.config.current() == last._replace(fault="ReadTimeoutError")


def test_an_unreadable_item_is_tried_again_soon_but_not_at_every_contact():
    source = Source(FAULT)
    for source.now_s in (0, 1, 2, 4.9, 5, 6):
        source.config.current()
    assert source.reads == 2


@pytest.mark.parametrize("is_killed", [True, False])
def test_the_kill_switch_counts_even_beside_a_policy_that_makes_no_sense(is_killed):
    source = Source({"policy": {"M": {"n": {"N": "7"}}}, "kill": {"BOOL": not is_killed}})
    source.config.current()
    source.item = {"policy": {"M": {"n": {"N": "700"}}}, "kill": {"BOOL": is_killed}}
    source.now_s = 31
    read = source.config.current()
    assert (read.policy.n, read.is_killed, "n must be" in read.fault) == (7, is_killed, True)


@pytest.mark.parametrize("policy", [{"S": "v3"}, {"M": {"n": {"S": "many"}}}, {"L": []}])
def test_a_policy_of_another_form_is_an_error(policy):
    with pytest.raises(PolicyError):
        settings({"policy": policy}, DEFAULT)
