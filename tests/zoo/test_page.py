from pathlib import Path

from striate.zoo import MODELS
from striate.zoo.page import models_page


def test_docs_models_is_what_the_catalog_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "models.md"
    assert page.read_text() == models_page(), "stale: run `python -m striate.zoo.page docs/models.md`"


def test_the_page_names_every_model_with_its_parameters() -> None:
    page = models_page()
    for row in MODELS.values():
        assert f"| `{row.name}` | {row.year} |" in page
        assert f"| {row.parameters:,} | {row.macs:,} |" in page
    assert "option `pool` (of lenet5_modern): max or average; by default max" in page
    assert "option `dropout`: a number from 0 up to, but not including, 1; by default 0.0, 0.5 for mlp" in page
