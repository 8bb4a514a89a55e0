"""Naiad: plain language to Mermaid diagrams with a small language model on a CPU."""

__version__ = "0.1.0"
