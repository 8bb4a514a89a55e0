"""One module a family: which lines may come next in such a diagram."""
