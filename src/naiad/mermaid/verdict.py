"""What a judge says of a diagram."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a diagram."""

    message: str
    """What is wrong, one line, no line-number prefix."""
    line: int | None = None
    """1-based line of the source, None where the judge names none."""
    judge: str = ""
    """Who found it, with version: `mermaid 12.3.0`, `@zenuml/core 4.7.2`, `naiad`."""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.message}"


@dataclass(frozen=True)
class Verdict:
    """The judgement on one diagram. It is valid exactly when there are no problems."""

    type: str | None
    """Diagram type in Naiad's names (`flowchart`, `C4Context` …), None if not recognised."""
    problems: tuple[Problem, ...] = ()
    judge: str = ""
    """Who judged, with version."""

    @property
    def valid(self) -> bool:
        return not self.problems
