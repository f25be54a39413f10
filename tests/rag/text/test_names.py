"""What in a text is a name."""

from __future__ import annotations

from rag.text.names import names


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    assert names("Yesterday Bob met Anne-Marie O’Neill. He saw NATO.") == {"bob", "anne", "marie", "neill", "nato"}
    assert names("Bob left. “Then he returned,” it says.") == set()
