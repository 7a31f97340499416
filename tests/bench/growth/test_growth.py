"""What grows too fast is told, and the picture shows all that was measured."""

from xml.etree import ElementTree

import pytest

from tests.bench.growth.curve import Curve, Growth, Shape
from tests.bench.growth.picture import draw

SIZES = (1, 10, 100, 1000)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("must_be", "costs", "is_right"),
    [
        (Shape.FLAT, [900, 1000, 950, 1000], True),
        (Shape.FLAT, [900, 1000, 1200, 1500], False),
        (Shape.LINEAR, [1000, 1100, 2000, 11_000], True),
        (Shape.LINEAR, [1000, 1010, 1100, 11_000], False),
        (Shape.LINEAR, [1000, 1000, 1000, 1000], True),
    ],
)
def test_what_grows_too_fast_is_told(must_be: Shape, costs: list[float], is_right: bool) -> None:
    curve = Curve("read one", must_be, dict(zip(SIZES, costs, strict=True)))
    assert curve.is_as_it_must_be == is_right
    assert ("NOT" in Growth("posts", [curve]).table()) != is_right


def test_the_picture_has_a_line_and_a_name_for_each_curve() -> None:
    curves = [Curve(f"read < {n}", Shape.FLAT, dict.fromkeys(SIZES, 500.0)) for n in range(3)]
    drawn = draw([Growth("posts", curves)])
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - it is our own
    texts = {text.text for text in picture.iter(f"{SVG}text")}
    assert {"read < 0: flat", "read < 1: flat", "read < 2: flat", "1,000", "100 µs"} <= texts
    lines = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "c2"]
    assert len(lines) == 2, "the curve, and its key"
