"""What the record of a group can hold, the board says in a sentence."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECORDED = re.compile(r'record_(?:group|channel)_act\(\s*db,[^"]*"([a-z_]+\.[a-z_]+)"')
IN_PRIVATE_CHANNELS_ALONE = {"channel.entered", "channel_member.added", "channel_member.removed"}


def test_every_act_in_a_group_has_a_sentence() -> None:
    code = [file.read_text() for file in (ROOT / "model").rglob("*.py")]
    recorded = {kind for text in code for kind in RECORDED.findall(text)}
    assert len(recorded) > 15
    sentences = (ROOT / "static" / "group" / "act_sentences.js").read_text()
    said = set(re.findall(r'^  "([a-z_.]+)": ', sentences, re.MULTILINE))
    assert recorded - said - IN_PRIVATE_CHANNELS_ALONE == set()
