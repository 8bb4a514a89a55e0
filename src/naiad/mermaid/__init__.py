"""Mermaid: its diagram types, the official parser as judge, and drawing."""

from naiad.mermaid.diagram_types import (
    DIAGRAM_TYPES,
    DiagramType,
    diagram_type_of,
    requested_type,
)
from naiad.mermaid.judge import Judge, JudgeLimits, validate
from naiad.mermaid.render import RenderConfig, rasterize, render_svg
from naiad.mermaid.source import extract_diagram
from naiad.mermaid.structure import (
    Structure,
    same_structure,
    structure_difference,
    structure_of,
)
from naiad.mermaid.verdict import Problem, Verdict

__all__ = [
    "DIAGRAM_TYPES",
    "DiagramType",
    "Judge",
    "JudgeLimits",
    "Problem",
    "RenderConfig",
    "Structure",
    "Verdict",
    "diagram_type_of",
    "extract_diagram",
    "rasterize",
    "render_svg",
    "requested_type",
    "same_structure",
    "structure_difference",
    "structure_of",
    "validate",
]
