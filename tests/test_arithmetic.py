"""The page of worked figures: what its lines print is what it says they print, and no number stands in prose alone."""

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "arithmetic.md"
NUMBER = re.compile(r"\d[\d,]*\d{2}(?:\.\d+)?|\d+\.\d+")  # of three digits and more, or with a fraction


def test_every_line_of_the_page_prints_what_stands_under_it() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.failed == 0
    assert results.attempted > 60


def test_every_figure_in_the_prose_is_also_computed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    prose = re.sub(r"```python\n.*?```", "", text, flags=re.DOTALL)
    assert NUMBER.findall(prose)
    known = {number.replace(",", "") for number in NUMBER.findall(code)}
    assert [number for number in NUMBER.findall(prose) if number.replace(",", "") not in known] == []


def test_the_figures_of_the_lectures_are_there() -> None:
    printed = "\n".join(
        example.want for example in doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8"))
    )
    figures = ("[608, 3216, 544]", "14.4 billion, 3.2 million, 27", "112.9M, 5.27M", "(18, 25)", "(6, 9)", "(3, 7, 15)")
    assert [figure for figure in figures if figure not in printed] == []
