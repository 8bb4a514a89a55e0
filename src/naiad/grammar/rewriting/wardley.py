"""wardley-beta: names in quotes, what is declared before what needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_NAME = r"(?:\"(?P<{0}>[^\"]*)\"|(?P<{0}_bare>[A-Za-z0-9_(][\w()&.' -]*?))"
_NUMBER = r"-?\d+(?:\.\d+)?%?"
_PLACE = rf"[\[(]\s*(?P<y>{_NUMBER})\s*,\s*(?P<x>{_NUMBER})\s*[\])]"
_LABEL = r"(?:\s*label\s*\[\s*(?P<dx>-?\s*\d+)\s*,\s*(?P<dy>-?\s*\d+)\s*\])?"
_COMPONENT = re.compile(
    rf"(?P<kind>component|anchor)\s+{_NAME.format('name')}\s*{_PLACE}{_LABEL}"
    r"(?:\s*\((?P<strategy>build|buy|outsource|market)\))?(?P<inertia>\s*\(?inertia\)?)?;?"
)
_PART = re.compile(rf"component\s+{_NAME.format('name')}\s*\[\s*(?P<x>{_NUMBER})\s*\]{_LABEL};?")
_PIPELINE = re.compile(rf"pipeline\s+{_NAME.format('name')}\s*(?P<brace>\{{)?")
_EVOLVE = re.compile(rf"evolve\s+{_NAME.format('name')}\s+(?P<x>{_NUMBER});?")
_REMARK = re.compile(
    rf"(?P<kind>note|accelerator|deaccelerator)\s+{_NAME.format('name')}\s*{_PLACE};?"
)
_ANNOTATION = re.compile(rf"annotation\s+(?P<number>\d+)\s*,\s*{_PLACE}\s*{_NAME.format('name')};?")
_ANNOTATIONS = re.compile(rf"annotations\s*{_PLACE};?")
_SIZE = re.compile(r"size\s*\[\s*(?P<width>\d+)\s*,\s*(?P<height>\d+)\s*\];?")
_STAGES = re.compile(r"evolution\s+(?P<stages>.+->.+)")
_STAGE = re.compile(
    rf"\s*{_NAME.format('name')}\s*(?:@\s*(?P<x>{_NUMBER}))?\s*(?:/\s*{_NAME.format('second')})?\s*"
)
_TITLE = re.compile(r"title\s+(?P<text>.+)")
_ACCESSIBILITY = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.+)")
_LINK = re.compile(
    rf"{_NAME.format('left')}\s*(?:\+'(?P<flow>[^']*)')?"
    rf"(?P<arrow>-\.->|-->|->|>|\+<>|\+<|\+>|<>|<)\s*"
    rf"{_NAME.format('right')}\s*(?P<port>\+<>|\+<|\+>)?\s*(?:;\s*(?P<label>.+?)\s*)?"
)
_FLOWS = {"<>": "+<>", "<": "+<"}


class WardleyRewriter(Rewriter):
    """Mermaid reads all components first; the canonical text has them before their links."""

    type = "wardley-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._names: set[str] = set()
        self._waiting: list[tuple[set[str], str]] = []
        self._in_pipeline = False

    def header(self, text: str) -> Iterator[str]:
        yield self.type
        rest = re.sub(r"^wardley(?:-beta)?[\s:;]*", "", text)
        if rest:
            yield from self.statement(rest, 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self.repairing:
            text = re.sub(r"^[-*+]\s+(?=\w)", "", text)
        if self._in_pipeline:
            yield from self._inside(text)
            return
        for pattern, write in (
            (_TITLE, self._title),
            (_ACCESSIBILITY, self._accessibility),
            (_SIZE, self._size),
            (_STAGES, self._stages),
            (_COMPONENT, self._component),
            (_PIPELINE, self._pipeline),
            (_EVOLVE, self._evolve),
            (_REMARK, self._remark),
            (_ANNOTATION, self._annotation),
            (_ANNOTATIONS, self._annotations),
            (_LINK, self._link),
        ):
            if match := pattern.fullmatch(text):
                yield from write(match)
                return
        yield f"    {text}"

    def finish(self) -> Iterator[str]:
        if self._in_pipeline and self.repairing:
            self.note("closed the pipeline")
            yield "    }"
        yield from (line for _, line in self._waiting)

    def _inside(self, text: str) -> Iterator[str]:
        part = _PART.fullmatch(text)
        if text == "}":
            self._in_pipeline = False
            yield "    }"
            yield from self._released()
        elif part is not None:
            name = _said(part, "name")
            self._names.add(name)
            yield f'        component "{name}" [{_share(part["x"])}]{_offset(part)}'
        elif text != "{":
            yield f"        {text}"

    def _title(self, match: re.Match[str]) -> Iterator[str]:
        yield f"    title {escaped(match['text'])}"

    def _accessibility(self, match: re.Match[str]) -> Iterator[str]:
        yield f"    {match['key']}: {match['text'].strip()}"

    def _size(self, match: re.Match[str]) -> Iterator[str]:
        yield f"    size [{match['width']}, {match['height']}]"

    def _stages(self, match: re.Match[str]) -> Iterator[str]:
        stages = [_STAGE.fullmatch(each) for each in match["stages"].split("->")]
        written = []
        for stage in stages:
            if stage is None:
                yield f"    {match[0]}"
                return
            at = f"@{_share(stage['x'])}" if stage["x"] else ""
            second = _said(stage, "second")
            written.append(f'"{_said(stage, "name")}"{at}' + (f' / "{second}"' if second else ""))
        yield f"    evolution {' -> '.join(written)}"

    def _component(self, match: re.Match[str]) -> Iterator[str]:
        name = _said(match, "name")
        self._names.add(name)
        line = f'    {match["kind"]} "{name}" {_place(match)}'
        if match["kind"] == "component":
            line += _offset(match)
            line += f" ({match['strategy']})" if match["strategy"] else ""
            line += " (inertia)" if match["inertia"] else ""
        yield line
        yield from self._released()

    def _pipeline(self, match: re.Match[str]) -> Iterator[str]:
        if match["brace"] is None and not self.repairing:
            yield f"    {match[0]}"
            return
        self._in_pipeline = True
        yield f'    pipeline "{_said(match, "name")}" {{'

    def _evolve(self, match: re.Match[str]) -> Iterator[str]:
        name = _said(match, "name")
        yield from self._in_turn({name}, f'    evolve "{name}" {_share(match["x"])}')

    def _remark(self, match: re.Match[str]) -> Iterator[str]:
        yield f'    {match["kind"]} "{_said(match, "name")}" {_place(match)}'

    def _annotation(self, match: re.Match[str]) -> Iterator[str]:
        place, name = _place(match), _said(match, "name")
        yield f'    annotation {match["number"]}, {place} "{name}"'

    def _annotations(self, match: re.Match[str]) -> Iterator[str]:
        yield f"    annotations {_place(match)}"

    def _link(self, match: re.Match[str]) -> Iterator[str]:
        left, right = _said(match, "left"), _said(match, "right")
        arrow = match["port"] or match["arrow"]
        if match["flow"] is not None:
            arrow = _FLOWS.get(arrow, "+>")
        elif arrow in ("-->", ">"):
            arrow = "->"
        label = match["flow"] or match["label"]
        line = f'    "{left}" {arrow} "{right}"' + (f"; {escaped(label)}" if label else "")
        yield from self._in_turn({left, right}, line)

    def _in_turn(self, needs: set[str], line: str) -> Iterator[str]:
        """The line, or nothing yet when it or one before it waits for a component."""
        if self._waiting or not needs <= self._names:
            self._waiting.append((needs, line))
        else:
            yield line

    def _released(self) -> Iterator[str]:
        while self._waiting and self._waiting[0][0] <= self._names:
            yield self._waiting.pop(0)[1]


def _said(match: re.Match[str], name: str) -> str:
    return escaped(match[name] or match[f"{name}_bare"] or "")


def _share(number: str) -> str:
    """A place between 0 and 1 with a point in it: Mermaid takes more than 1 for per cent."""
    value = float(number.rstrip("%"))
    value = value / 100 if value > 1 or number.endswith("%") else value
    written = f"{min(max(value, 0.0), 1.0):.3f}".rstrip("0")
    return f"{written}0" if written.endswith(".") else written


def _place(match: re.Match[str]) -> str:
    return f"[{_share(match['y'])}, {_share(match['x'])}]"


def _offset(match: re.Match[str]) -> str:
    if match["dx"] is None:
        return ""
    return f" label [{match['dx'].replace(' ', '')}, {match['dy'].replace(' ', '')}]"
