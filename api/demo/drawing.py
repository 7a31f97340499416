"""What the class of the demo has drawn, photographed and printed: made by code, with Pillow."""

import math
import random
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from api.demo.people import Look

Point = tuple[float, float]

_FACE = 512


def face(look: Look) -> bytes:
    """The picture of a person, as a PNG."""
    image = Image.new("RGB", (_FACE, _FACE), look.background)
    draw = ImageDraw.Draw(image)
    if look.hair in {"long", "scarf"}:
        draw.rounded_rectangle((132, 96, 380, 420), 120, look.hair_colour)
    elif look.hair == "bob":
        draw.rounded_rectangle((136, 92, 376, 322), 110, look.hair_colour)
    elif look.hair == "bun":
        draw.ellipse((204, 26, 308, 130), look.hair_colour)
    elif look.hair == "curly":
        for step in range(13):
            turn = math.pi * (0.86 + 1.28 * step / 12)
            x, y = 256 + 112 * math.cos(turn), 208 + 116 * math.sin(turn)
            draw.ellipse((x - 48, y - 48, x + 48, y + 48), look.hair_colour)
    draw.rounded_rectangle((84, 388, 428, 620), 120, look.shirt)
    draw.rounded_rectangle((216, 300, 296, 430), 40, look.skin)
    draw.ellipse((160, 108, 352, 352), look.skin)
    _draw_fringe(draw, look)
    for eye in (218, 294):
        draw.ellipse((eye - 11, 222, eye + 11, 246), "#2a2320")
    draw.arc((214, 238, 298, 306), 25, 155, "#8a4b3c", 8)
    return _png(image)


def _draw_fringe(draw: ImageDraw.ImageDraw, look: Look) -> None:
    if look.hair == "scarf":
        draw.chord((146, 84, 366, 330), 196, 344, look.hair_colour)
    elif look.hair == "short":
        draw.chord((150, 86, 362, 318), 184, 356, look.hair_colour)
    else:
        draw.chord((152, 90, 360, 330), 190, 350, look.hair_colour)


def cells() -> bytes:
    """Leaf cells under a microscope, as a PNG."""
    rng = random.Random(7)  # noqa: S311 - a drawing
    image = Image.new("RGB", (1200, 800), "#cfe6b4")
    draw = ImageDraw.Draw(image)
    for row in range(-1, 9):
        for column in range(-1, 12):
            x = column * 112 + (row % 2) * 56 + rng.uniform(-9, 9)
            y = row * 98 + rng.uniform(-9, 9)
            _draw_cell(draw, x, y, rng)
    return _png(image)


def _draw_cell(draw: ImageDraw.ImageDraw, x: float, y: float, rng: random.Random) -> None:
    corners = [
        (x + rng.uniform(60, 67) * math.sin(turn), y + rng.uniform(60, 67) * math.cos(turn))
        for turn in [math.pi * step / 3 for step in range(6)]
    ]
    green = rng.choice(("#8cc46a", "#93ca72", "#9bd07c", "#86be63"))
    draw.polygon(corners, green, "#4f8a3c", 5)
    for _ in range(rng.randint(7, 11)):
        turn, far = rng.uniform(0, 2 * math.pi), rng.uniform(20, 42)
        _draw_dot(draw, x + far * math.cos(turn), y + far * math.sin(turn), 5, "#3f7d2f")
    _draw_dot(draw, x + rng.uniform(-10, 10), y + rng.uniform(-10, 10), 11, "#6d4f7d")


def _draw_dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: str) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


def seedlings(heights_cm: Sequence[float]) -> bytes:
    """Sunflowers in pots on a window sill, one of each height, as a PNG."""
    image = Image.new("RGB", (1200, 800), "#dcebf3")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1200, 240), "#eaf4f9")
    draw.ellipse((930, 60, 1080, 210), "#ffe08a")
    draw.rectangle((0, 660, 1200, 800), "#c9a276")
    draw.rectangle((0, 660, 1200, 676), "#b28a5e")
    for number, height in enumerate(heights_cm):
        middle = 1200 * (number + 0.5) / len(heights_cm)
        top = 560 - height * 18
        draw.line((middle, 570, middle, top), "#5a9a45", 11)
        for leaf in range(1, 1 + int(height // 5)):
            y, side = 560 - leaf * 84, 1 if leaf % 2 else -1
            edge = sorted((middle, middle + side * 66))
            draw.ellipse((edge[0], y - 20, edge[1], y + 20), "#6cb353")
        draw.ellipse((middle - 54, top - 24, middle, top + 16), "#7cc061")
        draw.ellipse((middle, top - 24, middle + 54, top + 16), "#7cc061")
        pot = ((middle - 66, 560), (middle + 66, 560), (middle + 46, 690), (middle - 46, 690))
        draw.polygon(pot, "#c5683f")
        draw.rectangle((middle - 74, 540, middle + 74, 572), "#d47a4e")
        _write(draw, (middle, 628), f"{number + 1}", 40, "#fff4ec")
    return _png(image)


def chart(title: str, lines: Sequence[tuple[str, str, Sequence[float]]]) -> bytes:
    """A chart of what grows from day to day, each line with its label and colour, as a PNG."""
    image = Image.new("RGB", (1200, 750), "white")
    draw = ImageDraw.Draw(image)
    left, right, top, bottom = 110.0, 980.0, 120.0, 660.0
    most = max(max(values) for _, _, values in lines) * 1.1
    _write(draw, (600, 55), title, 40, "#26302c")
    for step in range(6):
        y = bottom - (bottom - top) * step / 5
        draw.line((left, y, right, y), "#dfe4e1", 2)
        _write(draw, (left - 45, y), f"{most * step / 5:.0f} cm", 24, "#66716c")
    for label, colour, values in lines:
        across = (right - left) / (len(values) - 1)
        points: list[Point] = [
            (left + across * day, bottom - (bottom - top) * value / most)
            for day, value in enumerate(values)
        ]
        draw.line(points, colour, 7, joint="curve")
        for x, y in points:
            _draw_dot(draw, x, y, 9, colour)
        _write(draw, (right + 105, points[-1][1]), label, 28, colour)
    _write(draw, ((left + right) / 2, 705), "school days", 26, "#66716c")
    return _png(image)


def _write(draw: ImageDraw.ImageDraw, at: Point, text: str, size: int, colour: str) -> None:
    draw.text(at, text, colour, ImageFont.load_default(size), anchor="mm")


def sheet(lines: Sequence[str]) -> bytes:
    """A page to print, as a PDF. Its text is ASCII without parentheses."""
    shown = "".join(f"({line}) Tj T* " for line in lines)
    content = f"BT /F1 14 Tf 20 TL 70 760 Td {shown}ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made, places = "%PDF-1.4\n", list[int]()
    for number, described in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{described}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    return f"{made}xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode("ascii")


def _png(image: Image.Image) -> bytes:
    made = BytesIO()
    image.save(made, "PNG")
    return made.getvalue()
