import json

from striate.zoo.about import about
from striate.zoo.catalog import MODELS


def test_one_model_is_shown_with_its_paper_options_and_results(call):
    said = call("models", "resnet34").output
    assert about(MODELS["resnet34"]) in said
    assert "21,797,672 parameters, 3,663,761,408 MACs, 34 layers deep" in said
    assert "shortcut  B        A or B or C" in said
    words = [" ".join(line.split()) for line in said.splitlines()]
    assert "ImageNet 24.52 7.46 10 crops paper paper, Table 3; shortcuts B" in words
    assert "10 crops: four corners and the center, each also mirrored, scores averaged" in said
    assert "144 crops:" not in said


def test_a_model_without_options_and_results_says_so(call):
    said = call("models", "perceptron").output
    assert "Options" not in said
    assert "No published error is known for it." in said


def test_json_is_one_object_with_what_the_options_take(call):
    shown = json.loads(call("models", "lenet5", "--json").output)
    assert shown["parameters"] == 60_000
    assert shown["takes"] == {"codes": "auto or digits or orthogonal"}
    assert [result["top1_error"] for result in shown["results"]] == [0.95, 0.8]


def test_an_unknown_model_is_refused_with_the_nearest_name(call):
    outcome = call("models", "resnet5")
    assert outcome.status == 2
    assert "no model named 'resnet5': did you mean" in outcome.errors


def test_a_name_and_filters_are_refused_together(call):
    outcome = call("models", "resnet50", "--year", "2015")
    assert outcome.status == 2
    assert "leave NAME or the filters out" in outcome.errors
