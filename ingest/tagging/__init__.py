"""Raw point names -> proposed tags and equipment, a review people edit, and the entities they accept."""

from ingest.tagging.entities import entities_of
from ingest.tagging.learning import Lessons, lessons_of
from ingest.tagging.names import read_names
from ingest.tagging.propose import propose
from ingest.tagging.raw import Equipment, Proposal, RawName
from ingest.tagging.review import Accepted, read_review, write_review

__all__ = [
    "Accepted", "Equipment", "Lessons", "Proposal", "RawName", "entities_of", "lessons_of", "propose", "read_names",
    "read_review", "write_review",
]  # fmt: skip
