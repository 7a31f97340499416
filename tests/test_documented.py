"""What a person reads before the code is complete and true."""

import re
from pathlib import Path

import pytest

from api.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
SETTINGS = [PREFIX + name.upper() for name in Settings.model_fields]


def test_every_setting_is_in_the_example_in_order_and_with_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = (ROOT / ".env.example").read_text()
    assert re.findall(rf"^#({PREFIX}\w+)=", example, re.MULTILINE) == SETTINGS
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    all_set = tmp_path / "env"
    all_set.write_text(re.sub(rf"^#(?={PREFIX})", "", example, flags=re.MULTILINE))
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert Settings(_env_file=all_set).model_dump() == defaults


def test_every_setting_is_in_the_readmes_table() -> None:
    readme = (ROOT / "README.md").read_text()
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("|")]
    named = re.findall(rf"`({PREFIX}\w+)`", " ".join(rows))
    assert sorted(named) == sorted(SETTINGS)
