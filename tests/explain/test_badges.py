from dataclasses import replace

import pytest

from striate.explain.badges import badges, signed
from striate.explain.evidence import Areas, Estimate, Evidence
from striate.report.words import MINUS


def areas(gain, center, random):
    return Areas("blur", 0.2, 0.2 + gain, gain, center, Estimate(random, random - 0.02, random + 0.02))


GOOD = Evidence(
    "rise", constant=False, randomized=Estimate(0.03, -0.1, 0.2), randomized_absolute=Estimate(0.3, 0.2, 0.4),
    cascade=(("stem", 0.03),), areas=(areas(0.4, 0.1, 0.0), areas(0.3, 0.1, 0.0)), completeness=0.0002,
    seeds=Estimate(0.98, 0.97, 0.99),
)  # fmt: skip


def verdicts(evidence):
    return [badge.verdict for badge in badges(evidence)]


def test_good_evidence_is_said_with_its_numbers():
    said = badges(GOOD)
    assert [badge.verdict for badge in said] == ["pass"] * 4
    assert said[0].claim == "changes with the weights"
    drawn = f"rank correlation 0.03 ({MINUS}0.10 to 0.20) after its weights are drawn anew"
    assert said[0].numbers == f"{drawn}: not disproved"  # a network at chance gets as much
    assert "0.40 over a blur (middle 0.10, random 0.00)" in said[1].numbers
    assert said[2].numbers.replace("\u202f", " ") == "its sum misses the change of the score by 0.02 %"
    assert [badge.mark for badge in said] == ["✓"] * 4


@pytest.mark.parametrize(("correlation", "verdict"), [(0.95, "fail"), (-0.9, "fail"), (0.5, "warn"), (-0.1, "pass")])
def test_a_map_that_stays_alike_with_other_weights_is_accused(correlation, verdict):
    assert verdicts(replace(GOOD, randomized=Estimate(correlation, correlation, correlation)))[0] == verdict


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((areas(0.4, 0.1, 0.0), areas(0.05, 0.1, 0.0)), "warn"),  # under one cover the middle is better
        ((areas(0.01, 0.1, 0.0), areas(0.0, 0.1, 0.0)), "fail"),  # no better than at random, within their range
    ],
)
def test_a_map_is_held_against_the_middle_and_chance_under_every_cover(found, verdict):
    assert verdicts(replace(GOOD, areas=found))[1] == verdict


def test_where_covering_changes_nothing_nothing_can_be_told():
    still = Areas("blur", 0.0, 0.001, 0.001, 0.0, Estimate(0.0, 0.0, 0.0))
    assert verdicts(replace(GOOD, areas=(still, still)))[1] == "undecidable"


def test_what_is_not_measured_is_not_claimed_and_a_constant_map_claims_nothing():
    assert len(badges(replace(GOOD, completeness=None, seeds=None))) == 2
    assert verdicts(replace(GOOD, constant=True)) == ["undecidable"]
    assert verdicts(replace(GOOD, completeness=0.3, seeds=Estimate(0.6, 0.5, 0.7)))[2:] == ["warn", "warn"]


def test_no_minus_stands_before_zero():
    assert [signed(value) for value in (-0.004, -0.006, 0.0, 1.0)] == ["0.00", f"{MINUS}0.01", "0.00", "1.00"]
