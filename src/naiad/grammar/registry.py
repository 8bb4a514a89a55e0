"""All grammars by the diagram type they write."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from naiad.grammar.families.architecture import ArchitectureGrammar
from naiad.grammar.families.block import BlockGrammar
from naiad.grammar.families.c4 import C4_GRAMMARS
from naiad.grammar.families.class_diagram import ClassGrammar
from naiad.grammar.families.er import ErGrammar
from naiad.grammar.families.event_modeling import EventModelingGrammar
from naiad.grammar.families.flowchart import FlowchartGrammar
from naiad.grammar.families.gantt import GanttGrammar
from naiad.grammar.families.git_graph import GitGraphGrammar
from naiad.grammar.families.ishikawa import IshikawaGrammar
from naiad.grammar.families.journey import JourneyGrammar
from naiad.grammar.families.kanban import KanbanGrammar
from naiad.grammar.families.mindmap import MindmapGrammar
from naiad.grammar.families.packet import PacketGrammar
from naiad.grammar.families.pie import PieGrammar
from naiad.grammar.families.quadrant_chart import QuadrantChartGrammar
from naiad.grammar.families.radar import RadarGrammar
from naiad.grammar.families.requirement import RequirementGrammar
from naiad.grammar.families.sankey import SankeyGrammar
from naiad.grammar.families.sequence import SequenceGrammar
from naiad.grammar.families.state import StateGrammar
from naiad.grammar.families.swimlane import SwimlaneGrammar
from naiad.grammar.families.timeline import TimelineGrammar
from naiad.grammar.families.tree_view import TreeViewGrammar
from naiad.grammar.families.treemap import TreemapGrammar
from naiad.grammar.families.venn import VennGrammar
from naiad.grammar.families.wardley import WardleyGrammar
from naiad.grammar.families.xychart import XyChartGrammar
from naiad.grammar.families.zenuml import ZenumlGrammar
from naiad.grammar.line_grammar import DiagramGrammar

_ALL: tuple[type[DiagramGrammar], ...] = (
    FlowchartGrammar,
    SequenceGrammar,
    ClassGrammar,
    StateGrammar,
    ErGrammar,
    GanttGrammar,
    PieGrammar,
    JourneyGrammar,
    GitGraphGrammar,
    MindmapGrammar,
    TimelineGrammar,
    QuadrantChartGrammar,
    RequirementGrammar,
    *C4_GRAMMARS,
    SankeyGrammar,
    XyChartGrammar,
    BlockGrammar,
    PacketGrammar,
    KanbanGrammar,
    ArchitectureGrammar,
    ZenumlGrammar,
    RadarGrammar,
    TreemapGrammar,
    TreeViewGrammar,
    VennGrammar,
    WardleyGrammar,
    IshikawaGrammar,
    EventModelingGrammar,
    SwimlaneGrammar,
)
GRAMMARS: Mapping[str, type[DiagramGrammar]] = MappingProxyType(
    {grammar.type: grammar for grammar in _ALL}
)
"""Naiad's name of a diagram type -> its grammar, in the order of DIAGRAM_TYPES."""
