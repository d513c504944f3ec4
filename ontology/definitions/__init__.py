"""What is a kind of what: defs, Xeto specs, and the markers that make an entity one of them."""

from ontology.definitions.model import Def, Definitions, Spec
from ontology.definitions.standard import STANDARD

__all__ = ["STANDARD", "Def", "Definitions", "Spec"]
