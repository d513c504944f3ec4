"""The page of all rules says what the rules do."""

from __future__ import annotations

from pathlib import Path

from agent.rules.page import rules_page
from agent.rules.table import RULES
from ontology.defs import ROLE

PAGE = Path(__file__).parents[3] / "docs" / "reference-rules.md"


def test_the_page_is_the_rule_table() -> None:
    hint = "write it again: python -m agent.rules.page > docs/reference-rules.md"
    assert PAGE.read_text(encoding="utf-8") == rules_page(), hint


def test_every_rule_says_its_source_its_causes_and_their_checks() -> None:
    for rule in RULES:
        assert rule.source, rule.id
        assert rule.causes, rule.id
        assert all(cause.check for cause in rule.causes), rule.id
        assert abs(sum(cause.prior for cause in rule.causes) - 1) < 1e-6, rule.id


def test_rules_ask_only_for_roles_that_exist() -> None:
    asked = {need.rpartition(".")[2].rpartition(":")[2] for rule in RULES for need in rule.reads}
    assert asked <= ROLE.keys()
