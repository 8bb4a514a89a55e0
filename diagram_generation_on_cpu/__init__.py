"""The tutorial's entry points, thin over the package `naiad`."""
