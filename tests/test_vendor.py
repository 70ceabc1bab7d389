"""Files taken from elsewhere are the very files their README names."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("static/vendor", "static/fonts", "tests/support/vendor")
ROW = re.compile(r"^\| (?P<path>\S+@[\d.]+/\S+) \| (?P<sha256>[0-9a-f]{64}) \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_lists_every_file_with_its_hash(folder: str) -> None:
    base = ROOT / folder
    listed = {row["path"]: row["sha256"] for row in ROW.finditer((base / "README.md").read_text("utf-8"))}
    found = {
        path.relative_to(base).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in base.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert listed == found


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_vendored_package_brings_its_licence(folder: str) -> None:
    for package in (path for path in (ROOT / folder).iterdir() if path.is_dir()):
        assert any(path.stem in ("LICENSE", "OFL") for path in package.iterdir()), package.name
