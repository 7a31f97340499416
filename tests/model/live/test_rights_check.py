"""What became of a reader while its right was judged."""

from model.live.rights_check import RightsCheck
from model.live.subscription import Subscription
from tests.model.live.test_presence import CLASS, Following


def test_a_session_that_was_renewed_meanwhile_signs_nobody_out() -> None:
    reader = Following(5)
    check = RightsCheck.of(reader, "account")
    assert check.is_signed_out({})
    assert not check.is_signed_out({reader.session_id: reader.person})
    reader.session_id = 2
    assert not check.is_signed_out({})


def test_what_was_subscribed_anew_meanwhile_was_judged_by_itself() -> None:
    reader = Following(5)
    check = RightsCheck.of(reader, "removed")
    assert check.lost(set()) == [CLASS]
    assert check.lost({CLASS}) == []
    reader.subscriptions[CLASS] = Subscription(CLASS, 7)
    assert check.lost(set()) == []
