"""Front matter and directives in their canonical form.

Front matter goes to blocks of two spaces a level, directives to one line of JSON, which is what
Mermaid makes of their single quotes itself. YAML of any other kind (lists, flow mappings, texts
of several lines) stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from naiad.grammar.line_grammar import is_comment
from naiad.grammar.preamble import YAML_INDENT

_ENTRY = re.compile(
    r"""(?P<quote>["']?)(?P<key>[A-Za-z_]\w*)(?P=quote)\s*:(?:\s+(?P<value>.*?))?"""
)
_YAML_COMMENT = re.compile(r"(?:^|\s)#.*$")
_QUOTED = re.compile(r"""("[^"\\]*"|'[^'\\"]*')\s*(?:#.*)?""")
_PLAIN = re.compile(r"""[^\s"'\[\]{}>|*&!%#`@,?:-](?:[^\s:#]|\s+(?=[^\s#])|:(?=\S)|(?<=\S)#)*""")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_WORDS = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})
_READ = frozenset({"title", "displayMode", "config"})
"""The keys of front matter that Mermaid reads; it passes over others."""
_SECURE = frozenset(
    {"secure", "securityLevel", "startOnLoad", "maxTextSize", "suppressErrorRendering", "maxEdges"}
)
"""Settings that Mermaid does not take from a diagram."""
_DIRECTIVE = re.compile(r"%%\{\s*(?:init|initialize)\s*:\s*(?P<settings>\{.*\})\s*\}%%", re.DOTALL)

_Entry = tuple[int, str, str]
"""(level, key, value); the value of a section is empty."""


def canonical_preamble(lines: Sequence[str]) -> list[str]:
    """The lines above the header, without blank ones."""
    filled = [line.rstrip() for line in lines if line.strip()]
    if not filled or lines[0].strip() != "---":
        return _canonical_directives(filled)
    last = next((at for at, line in enumerate(lines) if at and line.strip() == "---"), None)
    if last is None:
        return filled
    entries = _canonical_yaml([line for line in lines[1:last] if line.strip()])
    # A blank line may be part of a text in YAML of another kind.
    front_matter = list(lines[: last + 1]) if entries is None else ["---", *entries, "---"]
    kept = front_matter if len(front_matter) > 2 else []
    return kept + _canonical_directives([line for line in lines[last + 1 :] if line.strip()])


def _canonical_yaml(lines: Sequence[str]) -> list[str] | None:
    """Entries with two spaces a level and without empty sections; None for other YAML."""
    entries: list[_Entry] = []
    widths: list[int] = []
    for line in lines:
        text = line.strip()
        if text.startswith("#"):
            continue
        entry = _ENTRY.fullmatch(text)
        value = _canonical_value(entry["value"] or "") if entry else None
        if entry is None or value is None:
            return None
        width = len(line) - len(line.lstrip())
        while widths and widths[-1] > width:
            widths.pop()
        if not widths or widths[-1] < width:
            widths.append(width)
        entries.append((len(widths) - 1, entry["key"], value))
    return list(_without_empty_sections(_read_by_mermaid(entries)))


def _canonical_value(value: str) -> str | None:
    """A scalar as YAML reads it, "" for a section; None for what is neither."""
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        text = quoted[1][1:-1]
        return text if _WORD.fullmatch(text) and text not in _NOT_WORDS else f'"{text}"'
    value = _YAML_COMMENT.sub("", value).strip()
    if value in ("", "{}"):
        return ""
    return value if _PLAIN.fullmatch(value) or value.replace(".", "", 1).isdigit() else None


def _read_by_mermaid(entries: list[_Entry]) -> list[_Entry]:
    """The entries without the top-level keys that it passes over."""
    kept, is_read = [], True
    for level, key, value in entries:
        is_read = key in _READ if level == 0 else is_read
        if is_read and not (level == 1 and key in _SECURE):
            kept.append((level, key, value))
    return kept


def _without_empty_sections(entries: list[_Entry]) -> Iterator[str]:
    kept: list[_Entry] = []
    for level, key, value in reversed(entries):
        if value or (kept and kept[-1][0] > level):
            kept.append((level, key, value))
    for level, key, value in reversed(kept):
        yield f"{' ' * (YAML_INDENT * level)}{key}:{' ' if value else ''}{value}"


def _canonical_directives(lines: Sequence[str]) -> list[str]:
    """Comments as they are, and all directives as one line, as far as they are JSON."""
    written: list[str] = []
    settings: dict[str, Any] = {}
    for directive in _statements(lines):
        read = _settings_of(directive) if directive.startswith("%%{") else None
        if read is None:
            written.append(directive)
        else:
            _merge(settings, read)
    if settings:
        written.append(f"%%{{init: {json.dumps(settings, ensure_ascii=False)}}}%%")
    return written


def _statements(lines: Sequence[str]) -> Iterator[str]:
    """Comments and directives, each on one line."""
    held: list[str] = []
    for line in lines:
        held.append(line.strip())
        if is_comment(held[0]) or held[-1].endswith("}%%"):
            yield " ".join(held)
            held = []
    yield from held


def _settings_of(directive: str) -> dict[str, Any] | None:
    found = _DIRECTIVE.fullmatch(directive)
    if found is None:
        return None
    try:
        settings = json.loads(found["settings"].replace("'", '"'))
    except (ValueError, RecursionError):
        return None
    if not isinstance(settings, dict):
        return None
    return _filled({key: value for key, value in settings.items() if key not in _SECURE})


def _filled(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings without empty sections."""
    inner = {
        key: _filled(value) if isinstance(value, dict) else value for key, value in settings.items()
    }
    return {key: value for key, value in inner.items() if value != {}}


def _merge(settings: dict[str, Any], later: dict[str, Any]) -> None:
    for key, value in later.items():
        if isinstance(value, dict) and isinstance(settings.get(key), dict):
            _merge(settings[key], value)
        else:
            settings[key] = value
