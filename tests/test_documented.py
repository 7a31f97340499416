"""What a person reads before the code is complete and true."""

import re
import unicodedata
from pathlib import Path

import pytest

from api.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).parent.parent
SETTINGS = [PREFIX + name.upper() for name in Settings.model_fields]
DOCUMENTS = [
    "README.md", "api/README.md", "instance/README.md", "model/README.md", "tests/README.md",
]  # fmt: skip
LINES_OF_THE_FIRST_PAGE = 200


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
    monkeypatch.setenv("HOMEROOM_ENV_FILE", str(all_set))
    assert load_settings().model_dump() == defaults


def test_every_setting_is_in_the_table_of_the_page_for_operators() -> None:
    page = (ROOT / "instance" / "README.md").read_text()
    assert re.findall(rf"^\| `({PREFIX}\w+)`", page, re.MULTILINE) == SETTINGS


def test_the_first_page_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= LINES_OF_THE_FIRST_PAGE


def anchors(document: Path) -> set[str]:
    """Of its headings, as the web pages of a repository make them."""
    plain = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {
        "".join(char for char in heading.lower().replace(" ", "-") if is_kept(char))
        for heading in headings
    }


def is_kept(char: str) -> bool:
    return char in "-_" or unicodedata.category(char)[0] in "LN"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_between_the_documents_leads_somewhere(name: str) -> None:
    document = ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)", document.read_text())
    assert links
    for path, anchor in links:
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), f"{name}: {path}"
        assert not anchor or anchor in anchors(linked), f"{name}: {path}#{anchor}"
