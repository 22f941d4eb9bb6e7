import re

from PIL import Image

from striate.report.figures import BLUE, blank, save_png, style, to_svg


def drawn(title: str):
    with style():
        figure = blank()
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=BLUE)
        axes.set_title(title)
    return figure


def test_colors_follow_the_page_and_fonts_the_reader():
    text = to_svg(drawn("loss"), "loss", "a line")
    assert "var(--blue)" in text
    assert "var(--sans)" in text
    assert BLUE not in text
    assert "DejaVu" not in text


def test_the_element_carries_its_description_and_nothing_from_outside():
    text = to_svg(drawn("loss"), "loss", 'from "2" to <1>')
    assert text.startswith('<svg role="img" aria-label="from &quot;2&quot; to &lt;1&gt;"')
    assert "http" not in text
    assert "<metadata" not in text


def test_identifiers_are_prefixed_so_that_figures_can_share_a_page():
    text = to_svg(drawn("loss"), "loss", "a line")
    identifiers = re.findall(r'\bid="([^"]*)"', text)
    assert identifiers
    assert all(name.startswith("loss-") for name in identifiers)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]*)', text)) <= set(identifiers)


def test_the_same_figure_gives_the_same_bytes():
    assert to_svg(drawn("loss"), "loss", "a line") == to_svg(drawn("loss"), "loss", "a line")


def test_a_name_full_of_markup_is_text_in_both_forms(tmp_path):
    figure = drawn("<script>alert(1)</script> $x^2$ 🦊")
    save_png(figure, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == (896, 496)
    text = to_svg(figure, "loss", "a line")
    assert "<script" not in text
    assert "$x^2$" in text
