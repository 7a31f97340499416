"""A thumbnail, as whoever uploads a picture gets it."""

from typing import Any

from PIL import Image

from tests.support.people import Person
from tests.support.pictures import opened


async def small(who: Person, content: bytes, size: int = 64) -> tuple[Any, Image.Image]:
    """What is said of the picture, and its thumbnail."""
    file = await who.upload(content, "picture")
    answer = await who.ask("GET", f"/api/files/{file['id']}/thumbnail?size={size}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp"), answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in answer.headers
    return file["image"], opened(answer.body)
