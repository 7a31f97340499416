"""The curves as one SVG, drawn by hand: both axes logarithmic, in light and in dark."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from tests.bench.growth.curve import Curve, Growth, Shape

WIDTH, HEIGHT = 380, 250  # of the square that the curves are in
LEFT, TOP, LINE, BETWEEN = 64, 56, 18, 40
COLUMNS = 2
LIGHT = (
    "#1b6ac9",
    "#c2410c",
    "#15803d",
    "#7e22ce",
    "#a16207",
    "#be185d",
    "#0e7490",
    "#52525b",
    "#b91c1c",
)
DARK = (
    "#7ab8ff",
    "#ff9b6a",
    "#6ee7a0",
    "#d3a6ff",
    "#f2cf63",
    "#ff93c4",
    "#67e0f2",
    "#c4c4cc",
    "#fca5a5",
)
DECADES = ("1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s")


def draw(growths: Sequence[Growth]) -> str:
    costs = [cost for of in growths for curve in of.curves for cost in curve.points.values()]
    decades = range(floor(log10(min(costs))), ceil(log10(max(costs))) + 1)
    panels, width, height = [], LEFT + WIDTH + BETWEEN, 0
    for first in range(0, len(growths), COLUMNS):
        beside = growths[first : first + COLUMNS]
        for column, growth in enumerate(beside):
            lines = "".join(_panel(growth, decades))
            panels.append(f'<g transform="translate({column * width},{height})">{lines}</g>')
        height += TOP + HEIGHT + (max(len(growth.curves) for growth in beside) + 3) * LINE
    size = f'width="{COLUMNS * width}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            "<title>Processor time of a worker as things grow</title>",
            _style(),
            '<rect class="paper" width="100%" height="100%"/>',
            *panels,
            "</svg>\n",
        ]
    )


def _style() -> str:
    def colours(of: Sequence[str]) -> str:
        return "".join(f".c{i} {{ stroke: {colour} }} " for i, colour in enumerate(of))

    return (
        "<style>"
        "text { font: 12px system-ui, sans-serif; fill: #27272a } .title { font-weight: 600 } "
        ".paper { fill: #fff } .grid { stroke: #e4e4e7 } "
        f"path {{ fill: none; stroke-width: 2 }} {colours(LIGHT)}"
        "@media (prefers-color-scheme: dark) { text { fill: #e4e4e7 } .paper { fill: #18181b } "
        f".grid {{ stroke: #3f3f46 }} {colours(DARK)}}}"
        "</style>"
    )


def _panel(growth: Growth, decades: range) -> Iterator[str]:
    sizes = list(growth.curves[0].points)
    low, high = decades[0], decades[-1]

    def place(size: float, cost: float) -> tuple[float, float]:
        across = log10(size / sizes[0]) / log10(sizes[-1] / sizes[0])
        return LEFT + across * WIDTH, TOP + HEIGHT * (high - log10(cost)) / (high - low)

    yield _text(LEFT, TOP - 30, f"Processor time, by {growth.of}", "start", "title")
    for decade in decades:
        _, y = place(sizes[0], 10**decade)
        yield f'<path class="grid" d="M{LEFT},{y:.1f}h{WIDTH}" style="stroke-width:1"/>'
        yield _text(LEFT - 8, y + 4, DECADES[decade], "end")
    for size in sizes:
        x, y = place(size, 10**low)
        yield f'<path class="grid" d="M{x:.1f},{TOP}v{HEIGHT}" style="stroke-width:1"/>'
        yield _text(x, y + LINE, f"{size:,}", "middle")
    for number, curve in enumerate(growth.curves):
        yield _line(number, curve, [place(*point) for point in curve.points.items()])
        yield from _key(number, curve)


def _line(number: int, curve: Curve, places: Sequence[tuple[float, float]]) -> str:
    dashes = ' stroke-dasharray="6 3"' if curve.must_be is Shape.LINEAR else ""
    return f'<path class="c{number % len(LIGHT)}" d="M{_joined(places)}"{dashes}/>'


def _key(number: int, curve: Curve) -> Iterator[str]:
    y = TOP + HEIGHT + (number + 2.5) * LINE
    yield _line(number, curve, [(LEFT, y - 4), (LEFT + 30, y - 4)])
    yield _text(LEFT + 38, y, f"{curve.what}: {curve.must_be}", "start")


def _joined(places: Iterable[tuple[float, float]]) -> str:
    return " L".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    given = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{given}>{escape(text)}</text>'
