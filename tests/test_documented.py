"""What a person reads before the code is complete and true."""

import re
from collections import defaultdict
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


def guide() -> dict[str, list[str]]:
    """The blocks of Python of "Adding a resource", by the file that is linked last before each."""
    chapter = (ROOT / "README.md").read_text().partition("\n## Adding a resource\n")[2]
    chapter = chapter.partition("\n## ")[0]
    shown, linked = defaultdict(list), ""
    for link, margin, block in re.findall(
        r"\]\(([^)#]+)\)|^( *)```python\n(.*?)^ *```$", chapter, re.MULTILINE | re.DOTALL
    ):
        linked = link or linked
        if block:
            shown[linked].append(re.sub(f"^{margin}", "", block, flags=re.MULTILINE))
    return shown


def test_the_guide_shows_the_code_as_it_is() -> None:
    shown = guide()
    assert shown.keys() >= {"model/score.py", "api/scores.py", "tests/api/test_scores.py"}
    for name, blocks in shown.items():
        code = (ROOT / name).read_text()
        for block in blocks:
            assert block in code, f"{name} has it no longer, or README.md another way:\n{block}"


def test_the_guide_leaves_nothing_out_of_the_model_and_the_routes() -> None:
    shown = guide()
    for name in ("model/score.py", "api/scores.py"):
        code = (ROOT / name).read_text()
        for block in shown[name]:
            code = code.replace(block, "", 1)
        assert code.split() == [], f"README.md does not show of {name}: {code}"
