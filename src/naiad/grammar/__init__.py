"""What may come next in a diagram, and how other Mermaid is brought into that form."""

from naiad.grammar.fixing import FixedDiagram, fix
from naiad.grammar.line_grammar import DiagramGrammar, LineForm, LineRefused
from naiad.grammar.reading import Refusal, refusal
from naiad.grammar.registry import GRAMMARS
from naiad.grammar.rewriting.registry import REWRITERS
from naiad.grammar.rewriting.rewriter import Change, Rewriter
from naiad.grammar.undecided import UndecidedDiagram

__all__ = [
    "GRAMMARS",
    "REWRITERS",
    "Change",
    "DiagramGrammar",
    "FixedDiagram",
    "LineForm",
    "LineRefused",
    "Refusal",
    "Rewriter",
    "UndecidedDiagram",
    "fix",
    "refusal",
]
