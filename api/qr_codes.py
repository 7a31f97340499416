"""QR codes of what is shown once, such as links that a page prints: nothing of it is kept."""

import asyncio
from typing import Annotated

import segno
from pydantic import Field, StringConstraints
from quart import Blueprint
from quart_schema import document_response, validate_request
from typing_extensions import TypedDict

from api.context import read
from api.forms import Form

_MOST_AT_ONCE = 20  # which takes an eighth of a second
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]

qr_codes = Blueprint("qr_codes", __name__)


class QrCodeForm(Form):
    texts: Annotated[list[Text], Field(min_length=1, max_length=_MOST_AT_ONCE)]


class QrCodeList(TypedDict):
    """Pictures as `data:` addresses of SVG, in the order of the texts."""

    qr_codes: list[str]


@qr_codes.post("/qr-codes")
@validate_request(QrCodeForm)
@document_response(QrCodeList)
async def create(data: QrCodeForm) -> QrCodeList:
    """Draw texts as QR codes, for whoever is signed in."""
    async with read():
        pass  # whoever has signed out meanwhile is not
    return {"qr_codes": await asyncio.to_thread(drawn, data.texts)}


def drawn(texts: list[str]) -> list[str]:
    """Pictures of texts, black on white in dark colours, too: some cameras read no others."""
    codes = [segno.make(text, error="m", micro=False) for text in texts]
    return [code.svg_data_uri(omitsize=True, border=2, dark="#000", light="#fff") for code in codes]
