"""Findings speak in sentences and become plain data."""

from striate.core.findings import Finding, Verdict


def test_a_finding_is_said_as_sentences() -> None:
    finding = Finding(check="a", verdict=Verdict.WARN, value=2, detail="two files lie", remedy="look at them")
    assert str(finding) == "Two files lie. Look at them."
    cut = Finding(check="a", verdict=Verdict.FAIL, value=9, detail="such as a, b, ...", remedy="")
    assert str(cut) == "Such as a, b, ..."


def test_a_finding_becomes_plain_data() -> None:
    finding = Finding(check="a", verdict=Verdict.PASS, value=0, detail="none", rows=(1, 2), names=("x", "y"))
    assert finding.to_dict() == {
        "check": "a",
        "verdict": "pass",
        "value": 0,
        "detail": "none",
        "remedy": "",
        "rows": (1, 2),
        "names": ("x", "y"),
    }
