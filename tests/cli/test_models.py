import json

from striate.zoo.catalog import MODELS


def test_every_model_is_a_line_with_its_exact_parameters(call):
    lines = call("models").output.splitlines()
    assert len(lines) == len(MODELS) + 1
    resnet20 = next(line for line in lines if line.startswith("resnet20 "))
    assert "269,722" in resnet20
    assert "3x32x32" in resnet20


def test_json_has_every_row_with_the_fields_that_the_design_names(call):
    rows = json.loads(call("models", "--json").output)
    assert [row["name"] for row in rows] == list(MODELS)
    assert {"name", "family", "year", "parameters", "macs", "image_size"} <= set(rows[0])
