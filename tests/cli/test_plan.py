import json


def test_every_candidate_is_a_line_and_one_is_chosen(call):
    outcome = call("plan", "lenet1", "--channels", "1", "--seconds", "0", "--batch-size", "8")
    assert outcome.status == 0
    lines = outcome.output.splitlines()
    assert lines[0].split()[0] == "plan"
    assert sum(line.endswith("chosen") for line in lines) == 2  # in the table, and in the sentence
    assert any(line.startswith("float32, contiguous, 1 thread") and " 1.00 " in line for line in lines)
    assert "not offered here: " in outcome.output
    assert outcome.errors.startswith("measuring lenet1 on ")


def test_json_has_every_candidate_with_its_seconds(call):
    outcome = call(
        "plan", "mlp_300", "--image-size", "8", "--seconds", "0", "--set", "plan.precision=float32", "--json"
    )
    found = json.loads(outcome.output)
    assert [plan["chosen"] for plan in found["plans"]].count(True) == 1
    assert {plan["precision"] for plan in found["plans"]} == {"float32"}
    assert all(plan["seconds"] > 0 for plan in found["plans"])
    assert found["plans"][0]["pictures_per_second"] == 32 / found["plans"][0]["seconds"]


def test_what_the_machine_lacks_is_an_error_with_its_remedy(call):
    outcome = call("plan", "lenet1", "--set", "plan.precision=fp16", "--set", "plan.device=cpu")
    assert outcome.status == 2
    assert "use --set plan.precision=auto" in outcome.errors


def test_a_word_that_is_no_plan_names_the_choices(call):
    outcome = call("plan", "lenet1", "--set", "plan=fastest")
    assert outcome.status == 2
    assert "choose auto, reference, or fields" in outcome.errors


def test_a_network_of_one_s_own_is_measured_like_any_other(call, own_module):
    text = (
        "def build(num_classes, in_channels):\n    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), "
        "nn.Linear(16 * in_channels, num_classes))\n"
    )
    name = f"{own_module(text)}:build"
    outcome = call("plan", name, "--seconds", "0", "--set", "plan.precision=float32", "--batch-size", "2", "--json")
    assert json.loads(outcome.output)["model"] == name
