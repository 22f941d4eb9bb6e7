import json
from pathlib import Path

import pytest

from striate.cli.printing import as_json, document, table, unreadable


def test_a_table_lines_up_its_columns_and_numbers_are_flush_right(capsys):
    table(("name", "count"), [("a", "1,200"), ("bcdef", "3")], right=("count",))
    assert capsys.readouterr().out.splitlines() == ["name   count", "a      1,200", "bcdef      3"]


def test_names_are_printed_as_they_are(capsys):
    name = "[red]:smile:" + "x" * 300
    table(("name",), [(name,)])
    assert capsys.readouterr().out.splitlines()[1] == name


def test_wide_characters_take_two_columns(capsys):
    table(("name", "n"), [("日本", "1"), ("abcd", "2")])
    assert capsys.readouterr().out.splitlines()[1:] == ["日本  1", "abcd  2"]


def test_a_document_is_json_in_ascii_with_paths_as_text(capsys):
    document({"run": Path("runs/été")})
    text = capsys.readouterr().out
    assert text.isascii()
    assert json.loads(text) == {"run": "runs/été"}


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"loss": float("nan")})


def test_something_without_a_place_in_json_is_a_bug():
    with pytest.raises(TypeError, match="object"):
        as_json(object())


def test_of_many_unreadable_pictures_the_first_are_named_and_the_rest_counted(capsys):
    unreadable([(f"{i}.jpg", "truncated") for i in range(12)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "unreadable: 0.jpg: truncated"
    assert len(lines) == 11
    assert "2 more" in lines[-1]
