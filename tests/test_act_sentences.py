"""Every kind of act has its place: a sentence on the board, and a choice in the audit."""

import re
from pathlib import Path

from model.audit import AUDIT_KINDS

ROOT = Path(__file__).parent.parent
RECORDED, AUDITED = (
    re.compile(rf'record_(?:{where}|channel)_act\(\s*db,[^"]*"([a-z_]+\.[a-z_]+)"')
    for where in ("group", "server")
)
AUDITED_BY_NAME = {
    "group.archived", "group.unarchived", "channel.edited", "channel.opened", "report.settled",
    "post.pinned", "post.unpinned",
}  # fmt: skip
IN_PRIVATE_CHANNELS_ALONE = {"channel.entered", "channel_member.added", "channel_member.removed"}


def recorded_in(folder: str, how: re.Pattern[str]) -> set[str]:
    code = [file.read_text() for file in (ROOT / folder).rglob("*.py")]
    return {kind for text in code for kind in how.findall(text)}


def test_every_act_in_a_group_has_a_sentence() -> None:
    recorded = recorded_in("model", RECORDED)
    assert len(recorded) > 15
    sentences = (ROOT / "static" / "group" / "act_sentences.js").read_text()
    said = re.findall(r'^  "([a-z_.]+)": ', sentences, re.MULTILINE)
    assert len(said) == len(set(said))
    assert recorded - set(said) - IN_PRIVATE_CHANNELS_ALONE == set()


def test_every_act_in_the_audit_can_be_looked_for() -> None:
    recorded = recorded_in("model", AUDITED) | recorded_in("api", AUDITED) | AUDITED_BY_NAME
    assert len(recorded) > 20
    assert recorded == {*AUDIT_KINDS}
