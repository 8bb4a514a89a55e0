"""All rewriters by the diagram type they bring into the canonical subset."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from naiad.grammar.rewriting.architecture import ArchitectureRewriter
from naiad.grammar.rewriting.block import BlockRewriter
from naiad.grammar.rewriting.c4 import C4_REWRITERS
from naiad.grammar.rewriting.class_diagram import ClassRewriter
from naiad.grammar.rewriting.er import ErRewriter
from naiad.grammar.rewriting.event_modeling import EventModelingRewriter
from naiad.grammar.rewriting.flowchart import FlowchartRewriter
from naiad.grammar.rewriting.gantt import GanttRewriter
from naiad.grammar.rewriting.git_graph import GitGraphRewriter
from naiad.grammar.rewriting.ishikawa import IshikawaRewriter
from naiad.grammar.rewriting.journey import JourneyRewriter
from naiad.grammar.rewriting.kanban import KanbanRewriter
from naiad.grammar.rewriting.mindmap import MindmapRewriter
from naiad.grammar.rewriting.packet import PacketRewriter
from naiad.grammar.rewriting.pie import PieRewriter
from naiad.grammar.rewriting.quadrant_chart import QuadrantChartRewriter
from naiad.grammar.rewriting.radar import RadarRewriter
from naiad.grammar.rewriting.requirement import RequirementRewriter
from naiad.grammar.rewriting.rewriter import Rewriter
from naiad.grammar.rewriting.sankey import SankeyRewriter
from naiad.grammar.rewriting.sequence import SequenceRewriter
from naiad.grammar.rewriting.state import StateRewriter
from naiad.grammar.rewriting.swimlane import SwimlaneRewriter
from naiad.grammar.rewriting.timeline import TimelineRewriter
from naiad.grammar.rewriting.tree_view import TreeViewRewriter
from naiad.grammar.rewriting.treemap import TreemapRewriter
from naiad.grammar.rewriting.venn import VennRewriter
from naiad.grammar.rewriting.wardley import WardleyRewriter
from naiad.grammar.rewriting.xychart import XyChartRewriter
from naiad.grammar.rewriting.zenuml import ZenumlRewriter

_ALL: tuple[type[Rewriter], ...] = (
    FlowchartRewriter,
    SequenceRewriter,
    ClassRewriter,
    StateRewriter,
    ErRewriter,
    GanttRewriter,
    PieRewriter,
    JourneyRewriter,
    GitGraphRewriter,
    MindmapRewriter,
    TimelineRewriter,
    QuadrantChartRewriter,
    RequirementRewriter,
    *C4_REWRITERS,
    SankeyRewriter,
    XyChartRewriter,
    BlockRewriter,
    PacketRewriter,
    KanbanRewriter,
    ArchitectureRewriter,
    ZenumlRewriter,
    RadarRewriter,
    TreemapRewriter,
    TreeViewRewriter,
    VennRewriter,
    WardleyRewriter,
    IshikawaRewriter,
    EventModelingRewriter,
    SwimlaneRewriter,
)
REWRITERS: Mapping[str, type[Rewriter]] = MappingProxyType(
    {rewriter.type: rewriter for rewriter in _ALL}
)
"""Naiad's name of a diagram type -> its rewriter."""
