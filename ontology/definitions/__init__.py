"""What is a kind of what: defs, Xeto specs, and the markers that make an entity one of them."""

from ontology.definitions.model import Def, Definitions, Spec
from ontology.definitions.science_table import KINDS_OF_QUANTITY
from ontology.definitions.standard import STANDARD

__all__ = ["KINDS_OF_QUANTITY", "STANDARD", "Def", "Definitions", "Spec"]
