"""Haystack filters: text, tree and meaning."""

from ontology.filter.match import holds, is_a, is_spec, markers_of, ordered, parse_filter, walk
from ontology.filter.nodes import And, Compare, Has, IsA, Missing, Node, Or, Path
from ontology.filter.parse import parse

__all__ = [
    "And", "Compare", "Has", "IsA", "Missing", "Node", "Or", "Path",
    "holds", "is_a", "is_spec", "markers_of", "ordered", "parse", "parse_filter", "walk",
]  # fmt: skip
