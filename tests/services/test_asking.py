"""What the running server refuses is told at the command line in the server's own words."""

from ontology.errors import Refused
from services.api.errors import problem
from services.asking import error_of


def test_a_refusal_of_the_server_says_what_was_refused_and_not_only_that() -> None:
    said = error_of(problem(Refused("there is no relation 'iaq_807'", hint="nearest: fcu_807")))
    assert isinstance(said, Refused)
    assert (str(said), said.hint) == ("there is no relation 'iaq_807'", "nearest: fcu_807")
    run = error_of({"type": "error", "code": "refused", "message": "no", "hint": "why"})
    assert (str(run), run.hint) == ("no", "why")


def test_an_error_told_by_a_server_comes_back_with_its_hint() -> None:
    import ontology.store.sql_engine  # noqa: F401  (its error has no code of its own)

    told = error_of({"code": "bad-request", "message": "too long", "hint": "ask shorter"})
    assert (str(told), told.hint) == ("too long", "ask shorter")
