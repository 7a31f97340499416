"""Frames are what any client of WebSockets reads."""

import pytest
from wsproto.connection import CLIENT, Connection
from wsproto.events import TextMessage

from model.live.frame import Frame, in_one_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
@pytest.mark.parametrize("character", ["x", "é", "🌍"])
def test_a_client_reads_the_text_whatever_its_length(size: int, character: str) -> None:
    bytes_each = len(character.encode())
    text = character * (size // bytes_each) + "x" * (size % bytes_each)
    client = Connection(CLIENT)
    client.receive_data(Frame(text).encoded)
    (message,) = client.events()
    assert isinstance(message, TextMessage)
    assert message.message_finished
    assert message.data == text


def test_several_messages_are_an_array() -> None:
    assert in_one_frame(["{}"]).text == "{}"
    assert in_one_frame(["{}", "[1]"]).text == "[{},[1]]"
