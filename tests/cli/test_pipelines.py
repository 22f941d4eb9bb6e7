"""Classic pipelines on the command line: beside networks in every verb that takes a recognizer."""

import json

import pytest

FAST = ("--set", "options.classifier=nearest-mean", "--set", "split.test=0.1")


@pytest.fixture
def runs(call, tmp_path):
    """A pipeline's run and a network's, on the same split."""
    pipeline, network = str(tmp_path / "hog"), str(tmp_path / "linear")
    assert call("train", "digits", "--model", "hog-svm", "--out", pipeline, *FAST).status == 0
    split = f"split.file={tmp_path / 'hog' / 'split.parquet'}"
    arguments = ("--model", "linear", "--epochs", "2", "--out", network, "--set", split, "--set", "plan.threads=1")
    assert call("train", "digits", *arguments).status == 0
    return pipeline, network


def test_a_pipeline_is_evaluated_and_answers_in_an_ensemble_with_a_network(call, runs, tmp_path):
    measured = json.loads(call("evaluate", runs[0], "--json").output)
    assert measured["metrics"]["accuracy"]["value"] > 0.8
    both = str(tmp_path / "both")
    assert call("ensemble", *runs, "--out", both).status == 0
    assert json.loads(call("evaluate", both, "--json").output)["metrics"]["pictures"] > 100


def test_two_pipelines_and_a_network_are_compared_within_a_budget(call, tmp_path):
    out = tmp_path / "compared"
    models = "color-linear,pixels-knn,linear"
    settings = ("--set", "plan.threads=1", "--set", "batch_size=256", "--set", "split.test=0.1")
    outcome = call("compare", "digits", "--models", models, "--budget", "60s", "--out", str(out), *settings, "--json")
    assert outcome.status == 0, outcome.errors
    found = json.loads(outcome.output)
    names = {recognizer["name"]: recognizer for recognizer in found["recognizers"]}
    assert set(names) == set(models.split(","))
    assert names["pixels-knn"]["accuracy"]["value"] > names["color-linear"]["accuracy"]["value"]
    jobs = json.loads((out / "jobs.json").read_text(encoding="utf-8"))
    assert jobs["needs"]["pixels-knn"]["epochs"] is None
    assert [job["epochs"] for job in jobs["jobs"]][:2] == [None, None]


def test_pipelines_are_listed_after_the_networks_and_shown_alone(call):
    assert "hog-svm" in call("models").output
    shown = call("models", "hog-svm").output
    assert "features__cell" in shown
    assert "nearest-mean" in shown
    assert "features__seed" not in shown


@pytest.mark.parametrize("verb", ["summary", "plan"])
def test_verbs_of_networks_refuse_a_pipeline_with_the_reason(call, verb):
    outcome = call(verb, "hog-svm")
    assert outcome.status == 2
    assert "hog-svm is a classic pipeline" in outcome.errors
