"""What is kept of answers: what was asked for last, within a bound."""

from api.kept import ENTRY_BYTES, KeptLists

KIB = bytes(1024)


def found(kept: KeptLists, lists: str, tag: str = "1") -> str:
    return "".join(which for which in lists if kept.find(which, tag) is not None)


def test_what_nobody_has_asked_for_the_longest_gives_way() -> None:
    kept = KeptLists(max_bytes=3 * (1024 + ENTRY_BYTES))
    for which in "abc":
        kept.keep(which, "1", KIB)
    assert found(kept, "abc") == "abc"
    assert found(kept, "a") == "a"
    kept.keep("d", "1", KIB)
    assert found(kept, "abcd") == "acd"


def test_of_a_list_only_the_newest_answer_is_kept() -> None:
    kept = KeptLists(max_bytes=2 * (1024 + ENTRY_BYTES))
    for tag in "12345":
        kept.keep("a", tag, KIB)
    kept.keep("b", "5", KIB)
    assert [kept.find("a", tag) for tag in "145"] == [None, None, KIB]
    assert found(kept, "ab", tag="5") == "ab"


def test_an_answer_that_is_larger_than_all_may_be_is_not_kept() -> None:
    kept = KeptLists(max_bytes=ENTRY_BYTES + 1000)
    kept.keep("a", "1", KIB)
    assert kept.find("a", "1") is None
    small = KIB[:100]
    kept.keep("b", "1", small)
    assert kept.find("b", "1") == small
