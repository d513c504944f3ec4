"""Filters answered by bitmaps and columns instead of one entity at a time."""

from ontology.index.entity_index import EntityIndex
from ontology.index.explain import Explanation, Term

__all__ = ["EntityIndex", "Explanation", "Term"]
