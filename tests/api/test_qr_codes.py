from urllib.parse import unquote

from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Visitor

PATH = "/api/qr-codes"
EXAMPLES = (Example("POST /api/qr-codes", {"texts": ["http://homeroom.test/"]}, often=0),)


async def test_texts_are_drawn_in_their_order_for_who_is_signed_in(
    people: Cast, visitor: Visitor
) -> None:
    texts = ["http://homeroom.test/reset#token=a", "b", "http://homeroom.test/reset#token=a"]
    drawn = (await people.eve.post(PATH, {"texts": texts}, 200))["qr_codes"]
    assert [one.partition(",")[0] for one in drawn] == ["data:image/svg+xml;charset=utf-8"] * 3
    assert drawn[0] == drawn[2] != drawn[1]
    sizes = [unquote(one).partition("viewBox='0 0 ")[2].partition(" ")[0] for one in drawn]
    assert sizes == ["33", "25", "33"], "of versions 3 and 1, with a white edge"
    problem(await visitor.ask("POST", PATH, {"texts": ["a"]}), 401, "not_signed_in")


async def test_no_more_is_drawn_at_once_than_takes_a_moment(people: Cast) -> None:
    for texts, field in (([], "texts"), (["a"] * 21, "texts"), (["a", "b" * 501], "texts.1")):
        refused = problem(await people.eve.ask("POST", PATH, {"texts": texts}), 400, "invalid")
        assert refused["fields"].keys() == {field}
