"""What became of a photo, in the line that the command line has for it."""

from __future__ import annotations

from darkroom.report import Report, reasons, weight


def line(report: Report) -> str:
    """What was done to a photo, or why nothing was, and what the file weighed and weighs."""
    sizes = [weight(file.bytes) for file in (report.source, report.result) if file and file.bytes is not None]
    return "; ".join([_gist(report), *([" → ".join(sizes)] if sizes else [])])


def _gist(report: Report) -> str:
    if report.review and (report.review.share == 0 or not report.steps):
        return f"left as it is: {report.review.why}"
    if not report.steps:
        if report.diagnosis is None:
            return "left as it is"
        found = {defect.name for defect in report.diagnosis.present}
        left = [decision.why for decision in report.decisions if decision.defect in found]
        return f"left as it is: {'; '.join(left) or 'fine'}"
    if report.treated:
        return "; ".join(decision.why for decision in report.decisions if decision.chosen)
    answers = [reason.words for reason in reasons(report) if reason.about == "found"]
    return "; ".join([", ".join(step.name.replace("_", " ") for step in report.steps), *answers])
