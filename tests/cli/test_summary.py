import json

from striate.zoo.catalog import MODELS


def test_a_line_a_stage_with_shares_and_the_whole(call):
    lines = call("summary", "resnet20").output.splitlines()
    assert lines[0] == "resnet20, for a picture of 3x32x32"
    table = {line.split()[0]: line for line in lines if line}
    assert {"stem", "stages.0", "stages.1", "stages.2", "head", "in"} <= set(table)
    assert table["stages.2"].split()[-2:] == ["4", "0"]
    assert "75.5 %" in table["stages.2"]
    assert "269,722" in table["in"]
    assert "40,551,040" in table["in"]
    assert any("training in batches of 32" in line for line in lines)


def test_depth_unfolds_layers_and_names_what_is_in_none(call):
    output = call("summary", "googlenet", "--image-size", "64", "--depth", "4", "--num-classes", "5").output
    assert "      conv  " in output
    assert "the rest" in output
    assert "note: googlenet for pictures of 64 x 64 begins with" in output
    assert "parameters of auxiliary are not read at inference" in output


def test_json_has_every_layer_in_plain_numbers(call):
    found = json.loads(call("summary", "lenet5", "--json").output)
    assert (found["macs"], found["parameters"]) == (MODELS["lenet5"].macs, MODELS["lenet5"].parameters)
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["stages.1.c3"] | {"activations": 0} == {
        "name": "stages.1.c3", "kind": "TableConv2d", "level": 2, "calls": 1, "output": [16, 10, 10],
        "parameters": 1516, "macs": 150_000, "activations": 0,
        "field": [14, 14], "stride": [2.0, 2.0], "offset": [6.5, 6.5], "whole": False,
    }  # fmt: skip
    assert layers["head.f6"]["whole"]
    assert layers["head.f6"]["stride"] == [None, None]
    assert found["memory"]["total"] > found["memory"]["activations"] > 0


def test_what_does_not_work_is_said_with_the_remedy(call):
    for arguments, message in (
        (["resnt20"], "did you mean resnet20"),
        (["resnet50", "--image-size", "4"], "takes pictures of 8 x 8 and more"),
        (["resnet20", "--depth", "0"], "--depth 0"),
    ):
        outcome = call("summary", *arguments)
        assert outcome.status == 2
        assert message in outcome.errors
