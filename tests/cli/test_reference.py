from pathlib import Path

from striate.cli import VERBS
from striate.cli.reference import markdown
from striate.train.recipe import field_names


def test_docs_cli_md_is_what_the_verbs_say():
    page = Path(__file__).parents[2] / "docs" / "cli.md"
    assert page.read_text(encoding="utf-8") == markdown(), "docs/cli.md is out of date: make docs"


def test_every_verb_has_a_section_and_every_field_a_row():
    page = markdown()
    for verb in VERBS:
        assert f"\n## {verb}\n" in page
    for field in field_names():
        assert f"| `{field}` |" in page


def test_no_option_lacks_its_explanation_or_the_name_of_its_value():
    assert "None" not in markdown().split("## Fields")[0]
