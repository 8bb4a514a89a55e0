"""Drawing: Mermaid source to SVG and PNG, without a browser and without the network.

The real Mermaid draws, in the judge's version, in a child process that is killed when it is late
or grows too large (isolation.py). What comes back is cut down to what is safe (svg_safety.py).
The child stays for the next diagram and starts each one on a fresh page.

How the drawing differs from the one in a browser: labels are measured in DejaVu Sans and set in
it, or in Verdana where a viewer lacks it; there are no links, embedded fonts or remote images;
formulas (`$$x$$`) stay text; Font Awesome icons, which a page has to load, are missing. PNGs are
painted by novasvg with DejaVu Sans: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian and Georgian
letters, no Chinese, Japanese, Korean or Indic ones, no colour emoji. An SVG leaves fonts to its
viewer and shows them all. Its ground is transparent; a PNG's is white unless another is asked for.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, get_args

from naiad.errors import ConfigError, InputError, RendererUnavailable, RenderFailed
from naiad.mermaid.isolation import (
    WorkerDied,
    WorkerError,
    WorkerNotStarted,
    WorkerOutOfMemory,
    WorkerProcess,
    WorkerRefused,
    WorkerTimedOut,
    python_worker,
)
from naiad.mermaid.svg_safety import UnsafeSvg, safe_svg
from naiad.mermaid.themes import Theme

MERMAID_VERSION = "12.3.0"
ZENUML_VERSION = "4.7.2"
RENDERER = f"mermaid {MERMAID_VERSION} in QuickJS"
"""Who draws, as messages name it. ZenUML diagrams go on to @zenuml/core 4.7.2."""
RASTERIZER = "novasvg"
"""Who paints PNGs, as messages name it."""

_JS_SHARE = 0.75
"""Of the memory limit, what JavaScript may use: the rest is Python, fonts and the answer."""
_MIN_MEMORY_LIMIT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class RenderConfig:
    """How a diagram is drawn and what drawing it may cost."""

    theme: Theme | None = None
    """Mermaid's theme; None leaves it to Mermaid, and a diagram's own `theme` wins over both."""
    timeout_s: float = 30.0
    """Seconds a diagram may take before the renderer is killed."""
    memory_limit_bytes: int = 1024 * 1024 * 1024
    """Resident memory at which the renderer is killed."""
    max_source_bytes: int = 256 * 1024
    """Longest source that is tried, in bytes of UTF-8; what the judge tries too."""
    today: date | None = None
    """Day that gantt charts take for today, None for the current one (UTC)."""

    def __post_init__(self) -> None:
        problems = []
        if self.theme is not None and self.theme not in get_args(Theme):
            problems.append(f"theme is {self.theme!r}, not one of {', '.join(get_args(Theme))}")
        if self.timeout_s <= 0:
            problems.append(f"timeout_s is {self.timeout_s:g}, not above 0")
        if self.memory_limit_bytes < _MIN_MEMORY_LIMIT_BYTES:
            problems.append(
                f"memory_limit_bytes is {self.memory_limit_bytes:,}, below the "
                f"{_MIN_MEMORY_LIMIT_BYTES:,} that the renderer needs for itself"
            )
        if self.max_source_bytes <= 0:
            problems.append(f"max_source_bytes is {self.max_source_bytes}, not above 0")
        if problems:
            raise ConfigError("; ".join(problems))


DEFAULT_CONFIG = RenderConfig()


def render_svg(source: str, config: RenderConfig = DEFAULT_CONFIG) -> str:
    """The diagram as one safe, self-contained `<svg>` on a transparent ground.

    The same source, configuration and day give the same text. The first diagram of a process
    takes about 2 CPU-seconds, most others 1. Raises InputError when the source is empty or too
    long, RenderFailed when Mermaid refuses it, hangs or dies, RendererUnavailable.
    """
    size_bytes = len(source.encode("utf-8", "surrogatepass"))
    if size_bytes > config.max_source_bytes:
        raise InputError(
            f"the diagram has {size_bytes:,} bytes; at most {config.max_source_bytes:,} are drawn",
            hint="split it into smaller diagrams",
        )
    if not source.strip():
        raise InputError("there is nothing to draw: the source is empty")
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    today = config.today or datetime.now(UTC).date()
    request = {
        "source": source,
        # Ids and styles of two drawings in one web page must not meet.
        "svg_id": f"naiad-{digest[:8]}",
        "theme": config.theme,
        "today": today.isoformat(),
        "max_chars": config.max_source_bytes,
    }
    markup = _ask(RENDERER, "draw", request, config)["svg"]
    try:
        return safe_svg(markup)
    except UnsafeSvg as error:
        raise RenderFailed(
            f"{RENDERER} drew something that is not safe to open: {error}"
        ) from error


def rasterize(
    svg: str,
    *,
    scale: float = 2.0,
    background: str = "white",
    config: RenderConfig = DEFAULT_CONFIG,
) -> bytes:
    """`svg` as a PNG with `scale` pixels for each of its units.

    background: a colour name, #rrggbb or #rrggbbaa, or "transparent". Only what safe_svg leaves of
    `svg` is painted, so no file and no address is read. Raises InputError for text that is not
    SVG or a scale that is not above 0, RenderFailed for more pixels than are painted and when the
    painter hangs or dies, RendererUnavailable.
    """
    if not scale > 0:
        raise InputError(f"scale is {scale:g}, not above 0")
    try:
        markup = safe_svg(svg)
    except UnsafeSvg as error:
        raise InputError(f"not an SVG that can be painted: {error}") from error
    request = {"svg": markup, "scale": scale, "background": background}
    return base64.b64decode(_ask(RASTERIZER, "rasterize", request, config)["png"])


def close_renderer() -> None:
    """End the renderer processes of this process; the next diagram starts one."""
    for memory_limit_bytes in list(_started):
        _worker(memory_limit_bytes).close()


def renderer_pid(config: RenderConfig = DEFAULT_CONFIG) -> int | None:
    """Process id of the running renderer, None while there is none."""
    return _worker(config.memory_limit_bytes).pid


_started: set[int] = set()
"""The memory limits for which `_worker` has made a process."""


@cache
def _worker(memory_limit_bytes: int) -> WorkerProcess:
    _started.add(memory_limit_bytes)
    js_limit_bytes = int(memory_limit_bytes * _JS_SHARE)
    return WorkerProcess(
        [
            *python_worker("naiad.mermaid.render_worker"),
            f"--memory-limit-bytes={js_limit_bytes}",
        ],
        name="the renderer",
        memory_limit_bytes=memory_limit_bytes,
        # Dates without a zone mean the same everywhere.
        environment={"TZ": "UTC"},
    )


def _ask(who: str, action: str, request: dict[str, Any], config: RenderConfig) -> dict[str, Any]:
    worker = _worker(config.memory_limit_bytes)
    try:
        try:
            answer = worker.call({action: request}, config.timeout_s)
        except WorkerDied:
            # An idle process may have been killed from outside; a second death is the diagram's.
            answer = worker.call({action: request}, config.timeout_s)
    except WorkerNotStarted as error:
        raise RendererUnavailable(
            f"the renderer could not be started: {error}", hint="reinstall naiad"
        ) from error
    except WorkerError as error:
        message, hint = _loss(who, error, config)
        raise RenderFailed(message, hint=hint) from error
    if "problem" in answer:
        raise RenderFailed(f"{who} cannot draw this: {answer['problem']}")
    return answer


def _loss(who: str, error: WorkerError, config: RenderConfig) -> tuple[str, str]:
    """What to say, and what to do, about a worker that gave no answer."""
    match error:
        case WorkerTimedOut():
            return (
                f"{who} had no drawing after {config.timeout_s:g} s and was stopped",
                "allow more time with --timeout, or simplify the diagram",
            )
        case WorkerOutOfMemory():
            return (
                f"{who} used more than {config.memory_limit_bytes:,} bytes of memory "
                "and was stopped",
                "simplify the diagram",
            )
        case WorkerDied() | WorkerRefused():
            return f"{who} failed on this diagram: {error}", "simplify the diagram"
    return f"{who} gave no drawing: {error}", ""
