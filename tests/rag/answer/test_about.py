"""What people type that is no question about a fact, and what only looks like it."""

from __future__ import annotations

import pytest

from rag.answer.about import Kind, Request, classify

TITLES = [
    "In Rare Victory, Syrian Army breaks ISIL siege of West Aleppo",
    "Russian Airstrikes Pave Way for Syrian Regime’s Advance on Aleppo",
]


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        (Kind.GREETING, "hello"),
        (Kind.GREETING, "Hi there!"),
        (Kind.GREETING, "Good morning"),
        (Kind.GREETING, "Guten Tag"),
        (Kind.THANKS, "thanks a lot!"),
        (Kind.THANKS, "Danke schön"),
        (Kind.THANKS, "ok"),
        (Kind.ABILITIES, "help"),
        (Kind.ABILITIES, "What can you do?"),
        (Kind.ABILITIES, "who are you?"),
        (Kind.ABILITIES, "How does this work?"),
        (Kind.CATALOGUE, "Which documents do you have?"),
        (Kind.CATALOGUE, "How many articles are there?"),
        (Kind.CATALOGUE, "list all the documents"),
        (Kind.CATALOGUE, "show me your sources"),
        (Kind.CATALOGUE, "what's in the folder?"),
        (Kind.CATALOGUE, "What are the documents?"),
        (Kind.CATALOGUE, "Which files are in the folder?"),
        (Kind.CATALOGUE, "Which documents can you search?"),
    ],
)
def test_small_talk_and_questions_about_the_collection_are_told_apart(kind: Kind, question: str) -> None:
    assert classify(question, TITLES) == Request(kind)


@pytest.mark.parametrize(
    ("question", "which"),
    [
        ("What is this about?", ()),
        ("What are these articles about?", ()),
        ("What is the article about?", ()),
        ("what is the story about", ()),
        ("tl;dr", ()),
        ("summary", ()),
        ("Summarise everything, please", ()),
        ("What are the main points of the articles?", ()),
        ("What does this document say?", ()),
        ("Summarize the second article", (1,)),
        ("Can you summarise the first article please?", (0,)),
        ("give me a short summary of the last document", (1,)),
        ("What is the second one about?", (1,)),
        ("Summarise the siege of West Aleppo", (0,)),
        ("What is the Russian airstrikes article about?", (1,)),
    ],
)
def test_a_summary_is_of_the_documents_that_are_meant(question: str, which: tuple[int, ...]) -> None:
    assert classify(question, TITLES) == Request(Kind.SUMMARY, which)


@pytest.mark.parametrize(
    ("question", "which", "topic"),
    [
        ("Compare the two articles", (), None),
        ("please compare all documents", (), None),
        ("Compare both.", (), None),
        ("compare and contrast these texts", (), None),
        ("What are the differences between the articles?", (), None),
        ("What's the main difference between the two documents?", (), None),
        ("How do the articles differ?", (), None),
        ("Do the sources agree?", (), None),
        ("Do both articles contradict each other?", (), None),
        ("Compare the two articles on the siege of Aleppo", (), "the siege of Aleppo"),
        ("Compare the articles' views on Russia.", (), "Russia"),
        ("Compare what the articles say about Russia", (), "Russia"),
        ("How do the two articles differ on Russia?", (), "Russia"),
        ("Do the sources agree on the number of casualties?", (), "the number of casualties"),
        ("What do the articles say about Kweires air base?", (), "Kweires air base"),
        ("What do both documents report on Russia?", (), "Russia"),
        ("Compare the first article with the second one", (0, 1), None),
        ("Compare the siege of West Aleppo to the Russian airstrikes article", (0, 1), None),
        ("How does the first article differ from the last one?", (0, 1), None),
        ("What is the difference between the first one and the second article?", (0, 1), None),
    ],
)
def test_a_comparison_means_several_documents_and_maybe_a_topic(
    question: str, which: tuple[int, ...], topic: str | None
) -> None:
    assert classify(question, TITLES) == Request(Kind.COMPARISON, which, topic)


@pytest.mark.parametrize(
    "question",
    [
        "What is the siege about to do?",
        "Who are you fighting?",
        "what is the main city in the article about?",
        "Hello Kitty's creator?",
        "Help the rebels?",
        "What documents are in the folder of the minister?",
        "Which articles of the constitution can you amend without a vote?",
        "Which documents can you take abroad?",
        "Which stories are in the Bible?",
        "How many pages are in the report?",
        "What files did the spy steal?",
        "What do you know about Aleppo?",
        "What does the article say about Aleppo?",
        "What is the main point of contention?",
        "Is it about to rain?",
        "Summarise the third article",
        "What is the third article about?",
        "summary judgement",
        "Compare the prices of the two houses",
        "Compare Assad and Putin",
        "Compare this article with life",
        "What is the difference between the two sources of income?",
        "How do they differ?",
        "What do the articles of the constitution say about slavery?",
        "Do the two armies agree on a ceasefire?",
        "Thanks to whom was the road reopened?",
        "When did the siege begin?",
        "",
        "   ",
        "?",
    ],
)
def test_ordinary_questions_are_left_to_retrieval(question: str) -> None:
    assert classify(question, TITLES) is None


@pytest.mark.parametrize(
    "question", ["Who sent the mail about the away game?", "Who wrote the email on the away game?"]
)
def test_what_kind_of_document_it_is_need_not_stand_in_its_title(question: str) -> None:
    assert classify(question, ["Re: Bus for the away game", "Board minutes"]) == Request(Kind.AUTHOR, (0,))


def test_a_summary_of_something_no_title_names_is_an_ordinary_question() -> None:
    assert classify("Summarise the siege", ["Boiler pressure", "Counting swifts"]) is None
    assert classify("Summarise the siege", []) is None


def test_titles_that_fit_equally_well_are_all_meant() -> None:
    assert classify("Summarise the siege", ["The siege of Homs", "Swifts", "A siege ends"]) == (
        Request(Kind.SUMMARY, (0, 2))
    )


RULES = ["Working from Home remote-work", "Working from Home (2023) remote-work-2023", "Sailing in bad weather"]


@pytest.mark.parametrize(
    ("question", "which"),
    [
        ("Which version of the working from home policy is newer?", (0, 1)),
        ("Which of the two working from home policies is newer?", (0, 1)),
        ("Which is newer, Working from Home or Working from Home (2023)?", (0, 1)),
        ("Which is newer, working from home or sailing in bad weather?", (0, 1, 2)),
        ("Which sailing is the latest?", None),
        ("Which is newer, the ferry or the terminal?", None),
        ("What is the latest version of Photoprism?", None),
    ],
)
def test_which_is_newer_is_asked_of_several_documents_that_titles_name(
    question: str, which: tuple[int, ...] | None
) -> None:
    assert classify(question, RULES) == (None if which is None else Request(Kind.NEWEST, which))


@pytest.mark.parametrize(
    ("question", "request_"),
    [
        ("hello, what can you do?", Request(Kind.ABILITIES)),
        ("thanks, and which documents do you have?", Request(Kind.CATALOGUE)),
        ("What do readers say about the toll?", Request(Kind.READERS, (), "the toll")),
        ("and what do readers think of it?", Request(Kind.READERS, (), "it")),
        ("do readers mention the ferry?", Request(Kind.READERS, (), "the ferry")),
        ("which documents mention the toll?", Request(Kind.MENTIONS, (), "the toll")),
        ("Which articles are about Homs?", Request(Kind.MENTIONS, (), "Homs")),
        ("Is there anything about kayaks?", Request(Kind.MENTIONS, (), "kayaks")),
        ("tell me more", Request(Kind.MORE)),
        ("what else?", Request(Kind.MORE)),
        ("summarise it", Request(Kind.SUMMARY, (), None, "one")),
        ("who wrote it?", Request(Kind.AUTHOR, (), None, "one")),
        ("What are these articles about?", Request(Kind.SUMMARY, (), None, "several")),
        ("What else does he do?", None),
        ("Tell me more lies?", None),
    ],
)
def test_in_a_conversation_requests_lean_on_what_was_quoted(question: str, request_: Request | None) -> None:
    assert classify(question, TITLES, goes_on=True) == request_


DATED = [
    "Rates rates 2023",
    "Rates rates 2024",
    "House plan plan v1 version 1",
    "House plan plan v2 version 2",
    "Frequently asked questions returns FAQ",
    "Returns policy returns policy",
    "Minutes, 3 May minutes",
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("compare the rates of 2023 and 2024", Request(Kind.COMPARISON, (0, 1))),
        ("what is the difference between plan version 1 and version 2?", Request(Kind.COMPARISON, (2, 3))),
        ("Compare plan v1 with plan v2", Request(Kind.COMPARISON, (2, 3))),
        ("Compare the returns policy and the FAQ on returns", Request(Kind.COMPARISON, (4, 5))),
        ("what changed between the two versions of the plan?", Request(Kind.CHANGES, (2, 3))),
        ("what are the latest minutes?", Request(Kind.NEWEST, (6,))),
        ("Which is newer, the one on rates or the one on the house plan?", Request(Kind.NEWEST, (0, 1, 2, 3))),
        ("what is the latest price?", None),
        # Half of the words are of several documents, and so of none.
        ("What is the difference between a plan and a discount on the rates?", None),
    ],
)  # fmt: skip
def test_documents_are_meant_by_what_both_are_called(question: str, expected: Request | None) -> None:
    assert classify(question, DATED) == expected
