"""How findings are said: the worst first, each with its number, some of its pictures and its remedy."""

from collections.abc import Iterable

from striate.cli.printing import say
from striate.core.findings import Finding, Verdict

_ORDER = {Verdict.FAIL: "fails", Verdict.WARN: "warnings", Verdict.UNDECIDABLE: "not decidable", Verdict.PASS: "passes"}
_NAMES_SHOWN = 3


def show(findings: Iterable[Finding]) -> None:
    """Print `findings` grouped by verdict; what passed takes one line."""
    found = list(findings)
    for verdict, heading in _ORDER.items():
        same = [finding for finding in found if finding.verdict is verdict]
        if not same:
            continue
        if verdict is Verdict.PASS:
            say(f"{heading}: {', '.join(finding.check for finding in same)}", "")
            continue
        say(f"{heading}:")
        for finding in same:
            say(*_lines(finding))
        say("")


def failed(findings: Iterable[Finding]) -> bool:
    """Say whether any of `findings` fails."""
    return any(finding.verdict is Verdict.FAIL for finding in findings)


def _lines(finding: Finding) -> list[str]:
    lines = [f"  {finding.check}: {finding.detail}"]
    shown = finding.names[:_NAMES_SHOWN]
    if shown:
        more = max(len(finding.rows), len(finding.names)) - len(shown)
        lines.append(f"    {', '.join(shown)}" + (f" and {more:,} more" if more else ""))
    if finding.remedy:
        lines.append(f"    -> {finding.remedy}")
    return lines
