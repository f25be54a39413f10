"""What is changed in a conversation while it is being answered: the answer that comes takes it up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ui.web.conversation import new_conversation
from ui.web.tab import Meanwhile

ASKED = new_conversation("0123456789ab").asking("Why?")


def test_an_answer_under_way_takes_up_what_was_changed_last() -> None:
    meanwhile = Meanwhile()
    with meanwhile.answering(ASKED) as changes:
        renamed = meanwhile.changed(ASKED, title="Reasons")
        meanwhile.changed(renamed, scope=("documents/a.md",))
        meanwhile.changed(renamed, title="All reasons")
        answered = replace(ASKED, **changes)
    assert renamed.title == "Reasons"
    assert (answered.title, answered.scope) == ("All reasons", ("documents/a.md",))


def test_what_is_changed_in_another_conversation_or_at_another_time_is_not_taken_up() -> None:
    meanwhile = Meanwhile()
    meanwhile.changed(ASKED, title="Before")
    with meanwhile.answering(ASKED) as changes:
        assert meanwhile.changed(new_conversation("0123456789ab"), title="Another").title == "Another"
        assert dict(changes) == {}
    meanwhile.changed(ASKED, title="After")
    with meanwhile.answering(ASKED) as changes:
        assert dict(changes) == {}


def test_an_answer_that_fails_leaves_nothing_behind() -> None:
    meanwhile = Meanwhile()
    with pytest.raises(RuntimeError), meanwhile.answering(ASKED):
        meanwhile.changed(ASKED, title="Reasons")
        raise RuntimeError
    with meanwhile.answering(ASKED) as changes:
        assert dict(changes) == {}


def test_a_conversation_has_gone_on_while_another_question_is_answered_in_it() -> None:
    meanwhile = Meanwhile()
    more = ASKED.asking("And then?")
    more = replace(more, exchanges=(*more.exchanges[:-1], replace(more.exchanges[-1], asked="later")))
    assert not meanwhile.has_gone_on(ASKED)
    with meanwhile.answering(ASKED):
        assert not meanwhile.has_gone_on(ASKED)
    with meanwhile.answering(more):
        assert meanwhile.has_gone_on(ASKED)
        assert not meanwhile.has_gone_on(new_conversation("0123456789ab").asking("Why?"))
    assert not meanwhile.has_gone_on(ASKED)
