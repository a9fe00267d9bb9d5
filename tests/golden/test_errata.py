"""The list of the sources' mistakes names the tests that show them; those tests must exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_page_names_exists():
    page = (ROOT / "docs" / "mathematics.md").read_text("utf-8")
    errata = page[page.index("\n## Mistakes of the sources") :]
    files = set(re.findall(r"`((?:unit|golden|properties)/[\w/]+\.py)`", errata))
    names = set(re.findall(r"`(test_\w+)`", errata))
    assert len(names) > 10
    tests = "".join((ROOT / "tests" / file).read_text("utf-8") for file in files)
    assert [name for name in sorted(names) if f"def {name}(" not in tests] == []
