"""One module a family: other people's Mermaid, brought into the canonical subset."""
