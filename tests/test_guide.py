"""The guide is true: what it shows makes polls, in a copy of the project."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.documents import blocks, named_blocks
from tests.support.server import ROOT
from tests.support.typed import typed

GUIDE, OF_TESTS = "model/README.md", "tests/README.md"
NEW = {"model/poll.py", "api/polls.py", "tests/model/test_poll.py", "tests/api/test_polls.py"}
OLD = {"api/app.py"}
TOO_SLOW = {"test_whatever_is_asked_is_answered_as_documented"}  # it asks every route there is
# On SQLite, with one seed each; on PostgreSQL the statements of the model
ONE_SEED = " and ".join(["not postgresql", *(f"not sqlite-{seed}" for seed in range(1, 10))])
CHOSEN = f"({ONE_SEED}) or (test_poll.py and postgresql-0)"
NOT_COPIED = shutil.ignore_patterns(".*", "instance", "node_modules")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which somebody has done what the guide says."""
    copy = tmp_path_factory.mktemp("guide") / "project"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    for name, parts in (named_blocks(GUIDE, "python") | named_blocks(OF_TESTS, "python")).items():
        (copy / name).write_text("\n\n".join(parts))
    for name, changes in named_blocks(GUIDE, "diff").items():
        for change in changes:
            apply(change, copy / name)
    (migrate,) = [block for block in blocks(GUIDE, "sh") if "migration-new" in block]
    typed(copy, "sh", "-c", migrate.replace(".venv/bin/python", sys.executable))
    (migration,) = (copy / "model" / "migrations" / "versions").glob("*_polls.py")
    assert migration.stat().st_mode & 0o044, "others may read code, such as the server's user"
    return copy


def apply(change: str, file: Path) -> None:
    """As `patch` does: lines that begin with - or a blank become those with + or a blank."""
    lines = change.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    code = file.read_text()
    assert code.count(old) == 1, f"{file.name} has it no longer:\n{old}"
    file.write_text(code.replace(old, new))


def test_the_guide_touches_one_old_file() -> None:
    assert named_blocks(GUIDE, "python").keys() == NEW
    assert named_blocks(GUIDE, "diff").keys() == OLD
    assert not [name for name in NEW if (ROOT / name).exists()]


def test_what_the_guide_shows_is_in_style(project: Path) -> None:
    ruff = (sys.executable, "-m", "ruff")
    typed(project, *ruff, "check", "--no-cache", *NEW, *OLD)
    typed(project, *ruff, "format", "--no-cache", "--check", *NEW, *OLD)


def test_polls_that_use_the_session_pass_the_same_tests(project: Path, tmp_path: Path) -> None:
    (with_session,) = [block for block in blocks(GUIDE, "python") if "db.session" in block]
    copy = tmp_path / "project"
    shutil.copytree(project, copy, ignore=NOT_COPIED)
    polls = copy / "model" / "poll.py"
    polls.write_text(f"{polls.read_text()}\n\n{with_session}")
    own = [name for name in sorted(NEW) if name.startswith("tests/")]
    in_style = ("ruff", "check", "--no-cache", "--ignore", "F811")  # they come a second time
    typed(copy, sys.executable, "-m", *in_style, "model/poll.py")
    typed(copy, sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "model/poll.py")
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    typed(copy, *pytest, f"--basetemp={tmp_path / 'tmp'}", "-k", CHOSEN, *own)


def test_polls_pass_their_tests_and_those_of_all_resources(project: Path) -> None:
    """Of those of all resources the ones that the guide names, for what is forgotten."""
    named = set(re.findall(r"^\| .* \| `(test_\w+)`", (ROOT / GUIDE).read_text(), re.MULTILINE))
    defined = {
        name: file.relative_to(project).as_posix()
        for file in sorted((project / "tests").rglob("test_*.py"))
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert named - defined.keys() == set(), "there are no such tests"
    asked = [f"{defined[name]}::{name}" for name in sorted(named - TOO_SLOW)]
    own = [name for name in sorted(NEW) if name.startswith("tests/")]
    own += named_blocks(OF_TESTS, "python")
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    typed(project, *pytest, f"--basetemp={project.parent / 'tmp'}", "-k", CHOSEN, *own, *asked)
