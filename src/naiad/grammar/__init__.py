"""What may come next in a diagram, and how other Mermaid is brought into that form."""

from naiad.grammar.line_grammar import DiagramGrammar, LineForm, LineRefused
from naiad.grammar.reading import Refusal, refusal
from naiad.grammar.registry import GRAMMARS
from naiad.grammar.rewriting.registry import REWRITERS
from naiad.grammar.rewriting.rewriter import Change, Rewriter

__all__ = [
    "GRAMMARS",
    "REWRITERS",
    "Change",
    "DiagramGrammar",
    "LineForm",
    "LineRefused",
    "Refusal",
    "Rewriter",
    "refusal",
]
