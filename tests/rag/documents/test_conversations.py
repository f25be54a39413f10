"""Chats and transcripts: each turn is a paragraph of who said it. Words of one are never given to another."""

from __future__ import annotations

import textwrap

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.reading import read_document
from rag.domain import Role

Told = list[tuple[str, str]]


def told(text: str, name: str = "a.txt") -> Told:
    """Who says what and when, paragraph by paragraph."""
    return [
        (one.said_by, " ".join(one.text.split()))
        for one in read_document(f"documents/{name}", text.encode()).paragraphs
    ]


CHATS = {
    "names": (
        "Ann: We cut the budget.\nBob: Why? I think it is too little.\nAnn: It is what we have.\nBob: Note: I am against it.",
        [("Ann", "We cut the budget."), ("Bob", "Why? I think it is too little."), ("Ann", "It is what we have."),
         ("Bob", "Note: I am against it.")],
    ),
    "a time in brackets": (
        "[10:42] Ann: We cut the budget.\n[10:43] Bob: Why?\n[10:44] Ann: It is all we have.\nand more\n[10:45] Bob: OK\n"
        "Meeting ended.",
        [("Ann, 10:42", "We cut the budget."), ("Bob, 10:43", "Why?"), ("Ann, 10:44", "It is all we have. and more"),
         ("Bob, 10:45", "OK"), ("", "Meeting ended.")],
    ),
    "a time and a dash": (
        "10:42 - Ann: We cut it.\n10:43 - Bob: Why?\n10:44 - Ann: It is all.\n10:45 - Bob: OK",
        [("Ann, 10:42", "We cut it."), ("Bob, 10:43", "Why?"), ("Ann, 10:44", "It is all."), ("Bob, 10:45", "OK")],
    ),
    "WhatsApp on Android": (
        "12/03/2024, 21:04 - Messages and calls are end-to-end encrypted.\n12/03/2024, 21:05 - Ann Lee: 5,000 euros\n\nfor all\n"
        "12/03/2024, 21:06 - bob: ok\n12/03/2024, 21:06 - Ann Lee added Carl\n12/03/2024, 21:07 - Ann Lee: Bob: no\n"
        "12/03/2024, 21:07 - +49 170 1234567: hello?\n12/03/2024, 21:08 - bob: <Media omitted>",
        [("12/03/2024, 21:04", "Messages and calls are end-to-end encrypted."),
         ("Ann Lee, 12/03/2024, 21:05", "5,000 euros for all"), ("bob, 12/03/2024, 21:06", "ok"),
         ("12/03/2024, 21:06", "Ann Lee added Carl"), ("Ann Lee, 12/03/2024, 21:07", "Bob: no"),
         ("+49 170 1234567, 12/03/2024, 21:07", "hello?"), ("bob, 12/03/2024, 21:08", "<Media omitted>")],
    ),
    "WhatsApp on an iPhone": (
        "[12.03.24, 21:05:12] Ann Lee: \u200e5,000 euros\n\u200e[12.03.24, 21:06:12] ~Bob: ok\n"
        "[12.03.24, 9:07:12\u202fPM] Ann Lee: good\n[12.03.24, 21:08:12] ~Bob: bye\nto all",
        [("Ann Lee, 12.03.24, 21:05:12", "5,000 euros"), ("~Bob, 12.03.24, 21:06:12", "ok"),
         ("Ann Lee, 12.03.24, 9:07:12\u202fPM", "good"), ("~Bob, 12.03.24, 21:08:12", "bye to all")],
    ),
    "IRC": (
        "10:42 -!- bob [~b@h] has joined\n10:42 <ann> shall we cut it?\n10:43 <@bob> no\n10:44 <ann> ok\n10:45 <@bob> bye",
        [("10:42", "bob [~b@h] has joined"), ("ann, 10:42", "shall we cut it?"), ("bob, 10:43", "no"), ("ann, 10:44", "ok"),
         ("bob, 10:45", "bye")],
    ),
    "IRC without times": (
        "<ann> shall we cut it?\n<bob> no\n* ann waves\n<ann> ok\n<bob> bye",
        [("ann", "shall we cut it?"), ("bob", "no"), ("ann", "ann waves"), ("ann", "ok"), ("bob", "bye")],
    ),
    "copied from Slack": (
        "Ann Lee\n  10:42 AM\nShall we cut it?\nI think so.\nBob Ray\n  10:43 AM\nNo way.\nAnn Lee\n  10:50 AM\nOK.\n"
        "Bob Ray\n  11:00 AM\nThanks",
        [("Ann Lee, 10:42 AM", "Shall we cut it? I think so."), ("Bob Ray, 10:43 AM", "No way."),
         ("Ann Lee, 10:50 AM", "OK."), ("Bob Ray, 11:00 AM", "Thanks")],
    ),
    "copied from Discord": (
        "Ann — Today at 10:42 AM\nshall we?\nBob — Today at 10:43 AM\nyes\nAnn — Today at 10:44 AM\nnow\n"
        "Bob — Today at 10:45 AM\nok",
        [("Ann, Today at 10:42 AM", "shall we?"), ("Bob, Today at 10:43 AM", "yes"), ("Ann, Today at 10:44 AM", "now"),
         ("Bob, Today at 10:45 AM", "ok")],
    ),
    "Otter": (
        "Budget meeting\n\nAnn Lee  0:12\nShall we cut it?\n\nBob Ray  0:45\nNo way.\n\nAnn Lee  1:02\nOK.\n\n"
        "Speaker 3  1:30\nThanks\n\nBob Ray  1:40\nBye\n\nTranscribed by a machine.",
        [("", "Budget meeting"), ("Ann Lee, 0:12", "Shall we cut it?"), ("Bob Ray, 0:45", "No way."), ("Ann Lee, 1:02", "OK."),
         ("Speaker 3, 1:30", "Thanks"), ("Bob Ray, 1:40", "Bye"), ("", "Transcribed by a machine.")],
    ),
    "the chat of Zoom": (
        "10:42:05\t From Ann Lee to Everyone : shall we?\n10:42:15\t From Bob Ray to Everyone : yes\n"
        "10:43:05\t From Ann Lee to Everyone : now\n10:44:05\t From Bob Ray to Everyone : ok",
        [("Ann Lee, 10:42:05", "shall we?"), ("Bob Ray, 10:42:15", "yes"), ("Ann Lee, 10:43:05", "now"),
         ("Bob Ray, 10:44:05", "ok")],
    ),
    "a court": (
        "THE COURT: Be seated.\n\nMR. JONES: Thank you.\n\nQ. Where were you?\n\nA. I was at home.\n\nMR. JONES: Objection.\n\nTHE COURT: Overruled.\n\n"
        "Q. Alone?\n\nA. Yes.\n\nMR. JONES: Thank you.",
        [("THE COURT", "Be seated."), ("MR. JONES", "Thank you."), ("Q", "Where were you?"), ("A", "I was at home."), ("MR. JONES", "Objection."),
         ("THE COURT", "Overruled."), ("Q", "Alone?"), ("A", "Yes."), ("MR. JONES", "Thank you.")],
    ),
    "an interview": (
        "Q. Where were you born?\nA. I was born in Lagos.\nQ. Why did you leave?\nA. My family had no choice.",
        [("Q", "Where were you born?"), ("A", "I was born in Lagos."), ("Q", "Why did you leave?"),
         ("A", "My family had no choice.")],
    ),
    "Markdown, with a narrator": (
        "We met in May.\n\n**Bob:** What did you do?\n\n**Ann Lee:** I built\nthe hall.\n\nShe laughs.\n\n**Bob:** And we?\n\n"
        "**Ann Lee:** You paid.\n\nThat was all.",
        [("", "We met in May."), ("Bob", "What did you do?"), ("Ann Lee", "I built the hall."), ("", "She laughs."),
         ("Bob", "And we?"), ("Ann Lee", "You paid."), ("", "That was all.")],
    ),
    "Zoom, saved": (
        "10:02:11 From Hanna to Everyone:\n\tIt is kept for 90 days\n10:03:40 From Igor Moe to Hanna (Direct Message):\n"
        "\tThanks! And you?\n10:04:02 From Hanna to Everyone:\n\tThe wiki\n",
        [("Hanna, 10:02:11", "It is kept for 90 days"), ("Igor Moe, 10:03:40", "Thanks! And you?"),
         ("Hanna, 10:04:02", "The wiki")],
    ),
    "Teams, three turns": (
        "[10:02 AM] Ruth Adler\nThe limit is 4,000 francs.\n\n[10:05 AM] Sven Moe\nWho signs above that?\n\n"
        "[10:06 AM] Ruth Adler\nThe treasurer signs.\n",
        [("Ruth Adler, 10:02 AM", "The limit is 4,000 francs."), ("Sven Moe, 10:05 AM", "Who signs above that?"),
         ("Ruth Adler, 10:06 AM", "The treasurer signs.")],
    ),
    "WhatsApp, of whom one comes back": (
        "[12/03/2024, 09:15:22] Maria Lopez: Who takes the van?\n[12/03/2024, 09:16:22] Jonas: I can\n"
        "[12/03/2024, 09:17:22] Maria Lopez: Great\n[12/03/2024, 09:18:22] Petra: It has a flat tyre",
        [("Maria Lopez, 12/03/2024, 09:15:22", "Who takes the van?"), ("Jonas, 12/03/2024, 09:16:22", "I can"),
         ("Maria Lopez, 12/03/2024, 09:17:22", "Great"), ("Petra, 12/03/2024, 09:18:22", "It has a flat tyre")],
    ),
    "German": (
        "Anna: Wir kürzen das Budget.\nJörg: Warum denn?\nAnna: Hinweis: ich weiß es nicht.\nJörg: Dann frage ich dich morgen.",
        [("Anna", "Wir kürzen das Budget."), ("Jörg", "Warum denn?"), ("Anna", "Hinweis: ich weiß es nicht."),
         ("Jörg", "Dann frage ich dich morgen.")],
    ),
    "Chinese": (
        "李明：我们为什么要削减预算？\n王芳：钱不够吗？\n李明：不够。\n王芳：好的？",
        [("李明", "我们为什么要削减预算？"), ("王芳", "钱不够吗？"), ("李明", "不够。"), ("王芳", "好的？")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CHATS.values(), ids=CHATS)
def test_each_turn_is_a_paragraph_with_who_says_it_and_when(text: str, expected: Told) -> None:
    assert told(text) == expected


THREAD = """# Prune deletes what is in use · #911

**opal-fox**, 2 Sep 2025:
After the first trip I miss 212 chunks. Is that me?

**dagny_t** (maintainer), 3 Sep 2025:
No, it is ours. Sorry.

Until there is a release, set the time to nothing.

| old | new |
|---|---|
| 12 h | 36 h |

**opal-fox**, 30 Sep 2025:
I can't wait that long.

**dagny_t** (maintainer), 2 Oct 2025:
Released.

See also the notes.
"""
TRACKED = [
    ("opal-fox, 2 Sep 2025", "After the first trip I miss 212 chunks. Is that me?"),
    ("dagny_t, 3 Sep 2025", "No, it is ours. Sorry."),
    ("dagny_t, 3 Sep 2025", "Until there is a release, set the time to nothing."),
    ("opal-fox, 30 Sep 2025", "I can't wait that long."),
    ("dagny_t, 2 Oct 2025", "Released."),
]


@pytest.mark.parametrize("wrote", [", {}:", " commented on {}", " wrote on {}", " opened this on {}"])
def test_comments_of_a_tracker_are_those_of_who_wrote_them_paragraph_by_paragraph(wrote: str) -> None:
    text = regex.sub(r"(?m), (\d+ \w+ 2025):$", lambda day: wrote.format(day[1]), THREAD)
    spoken = [one for one in told(text, "issue.md") if one[0]]
    assert spoken == TRACKED


def test_what_stands_behind_the_last_comment_is_nobodys() -> None:
    assert ("", "See also the notes.") in told(THREAD, "issue.md")


NONE = {
    "bold settings": "**max-size**: We allow 5 MB.\n\n**min-size**: You need 1 KB.\n\n**retry_after**: 30, I think.\n\n"
    "**log-level**: Do you want more?\n",
    "bold dates": "**3.2.0**, 2 April 2026\n\nWe changed our defaults.\n\n**3.1.3**, 9 March 2026\n\nWe fixed it for you.\n\n"
    "**3.1.2**, 2 February 2026\n\nDo you use it?\n\n**3.1.1**, 1 February 2026\n\nI like it.\n",
    "notes and warnings": (
        "Note: You can leave it out.\n\nWarning: I would not do that.\n\nNote: Will you ask us first?\n\n"
        "Warning: Do you know what you do?"
    ),
    "myths": (
        "Myth: Do we use a tenth of our brain?\nFact: We use all of it, even if I sleep.\nMyth: Do I need eight glasses?\n"
        "Fact: You do not, I say."
    ),
    "words that are written small elsewhere": (
        "Novice: Do I start with our pan?\nMaster: I take a wok, do you?\nNovice: Shall I cook rice?\nMaster: Cook what you "
        "like.\n\nA novice is not a master."
    ),
    "records": (
        "Owner: Ann Lee\nStatus: blocked by you\nBuyer: us\n\nOwner: Bob Ray\nStatus: done?\nBuyer: me\n\nOwner: Carl\n"
        "Status: ours?\nBuyer: you"
    ),
    "records with labels that nobody listed": (
        "Zork: I am?\nPlum: you?\nQuux: we?\nZork: I?\nPlum: us\nQuux: me?\nZork: you?\nPlum: our?\nQuux: my?"
    ),
    "settings": "Host: example.org\nUser: ann\nHost: other.org\nUser: you\nHost: me.org\nUser: us",
    "steps": "Step 1: Do you see the key?\nStep 2: I take it.\nStep 1: You open our box?\nStep 2: We close it.",
    "systems": "Windows: Do I press a key?\nMac: We press Command.\nWindows: Do you see it?\nMac: I do.",
    "questions and answers": (
        "Q: How do I return a book?\nA: You bring it to our desk.\n\nQ: Can I borrow more?\nA: Yes, if you ask us.\n\n"
        "Q: Where are you?\nA: We are at the harbour."
    ),
    "questions and answers with full stops": (
        "Q. How do I return a book?\nA. You bring it to the desk.\nQ. Can I borrow more?\nA. Yes, if you ask.\n"
        "Q. Do I pay?\nA. You do not."
    ),
    "levels of a log": (
        "10:42:01 INFO: Started\n10:42:02 ERROR: Cannot open your file\n10:42:03 INFO: You are in\n10:42:04 ERROR: Who are you?"
    ),
    "two programs": (
        "2024-03-12 10:42:01 Nginx: started\n2024-03-12 10:42:02 Postgres: ready\n2024-03-12 10:42:03 Nginx: 200\n"
        "2024-03-12 10:42:04 Postgres: slow query\n2024-03-12 10:42:05 Nginx: 500"
    ),
    "two programs with dates as in WhatsApp": (
        "[12/03/2024, 10:42:01] nginx: started\n[12/03/2024, 10:42:02] postgres: ready\n[12/03/2024, 10:42:03] nginx: 200\n"
        "[12/03/2024, 10:42:04] postgres: slow"
    ),
    "three entries with dates as in WhatsApp": (
        "[12/03/2024, 10:42:01] Nginx: started\n[12/03/2024, 10:42:02] Postgres: ready\n[12/03/2024, 10:42:03] Nginx: 200"
    ),
    "two entries": "[12/03/2024, 10:42:01] Ann: Who are you?\n[12/03/2024, 10:42:02] Bob: I am Bob",
    "an agenda": (
        "09:00 - Ann Lee: Opening\n09:30 - Bob Ray: The budget\n10:00 - Ann Lee: The shed\n10:30 - Bob Ray: Elections"
    ),
    "results of a race": "Ann Lee  12:34\nBob Ray  12:40\nAnn Lee  13:01\nBob Ray  13:20",
    "verses": (
        "John 3:16 For God so loved you.\nMark 4:12 That seeing you may see?\nJohn 3:17 I sent not.\nMark 5:1 And we came.\n\n"
        "John 3:16\nFor God so loved you.\nMark 4:12\nThat I may see?\nJohn 3:17\nHe sent me.\nMark 5:1\nThey came to us."
    ),
    "a glossary": "Budget: What we may spend.\nCharter: Who are we?\nShed: Where I find our tools.\nBoard: Whom do you elect?",
    "a recipe": "Prep time: 10 min\nServes: us\nTip: Do you have oil?\nMethod: I mix it.\nTip: Ask me.\nMethod: We bake it?",
    "tags": "<item> are you here?\n<name> who are you?\n<item> we are\n<name> you</name>\n<item> I am</item>",
    "one who speaks": "Ann: Who am I?\nAnn: I am Ann.\nAnn: Are you Bob?\nAnn: I see you.",
    "each once": "Ann: Who am I?\nBob: I am Bob.\nCarl: Are you Dora?\nDora: I see you.",
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.log"])
def test_what_only_looks_like_speech_has_no_speakers(text: str, name: str) -> None:
    assert {who for who, _ in told(text, name)} == {""}


def test_comments_under_an_article_stay_their_readers_own() -> None:
    text = (
        "The hedge was cut.\n\n3 Comments\n\nAnn: I do not like it.\nBob: Why? You said so.\nAnn: I did.\nBob: You did."
    )
    spoken = [p for p in read_document("documents/a.txt", text.encode()).paragraphs if p.speaker]
    assert [(p.speaker, p.role) for p in spoken] == [(who, Role.COMMENT) for who in ("Ann", "Bob", "Ann", "Bob")]


def test_a_heading_between_turns_is_nobodys() -> None:
    text = "[10:42] Ann: Do I?\n## The budget\n[10:43] Bob: You do.\n[10:44] Ann: Do we?\n[10:45] Bob: I say so."
    assert told(text, "a.md")[:2] == [("Ann, 10:42", "Do I?"), ("", "## The budget")]


def test_a_log_that_people_wrote_is_a_chat() -> None:
    assert told("<ann> shall we?\n<bob> no\n<ann> ok\n<bob> bye", "irc.log")[0] == ("ann", "shall we?")


def test_names_in_angle_brackets_behind_a_time_speak_also_of_things() -> None:
    words = [("ann", "the mirror is slow"), ("bob", "yes, disk full"), ("ann", "how long will it take"), ("bob", "three hours"), ("cy", "new disks: 610 euros"), ("ann", "who signs that"), ("cy", "petra")]  # fmt: skip
    chat = "\n".join(f"[21:0{i}] <{who}> {said}" for i, (who, said) in enumerate(words))
    assert told(chat, "irc.log") == [(f"{who}, 21:0{i}", said) for i, (who, said) in enumerate(words)]


def test_what_is_quoted_in_a_chat_is_said_by_who_quotes_it() -> None:
    quoted = "\n".join(f"{who}: Do I know you?" for who in ("Carl", "Dora") * 5)
    chat = [f"12/03/2024, 21:0{i} - {who}: Well?" for i, who in enumerate(("Ann", "Bob") * 2)]
    found = told("\n".join([chat[0], quoted, *chat[1:]]))
    assert [who.split(",")[0] for who, _ in found] == ["Ann", "Bob", "Ann", "Bob"]
    assert found[0][1].count("Do I know you?") == 10


@pytest.mark.parametrize("line", ["bob: no", "Bob and Carl: no", "Bob:", "[laughs]", "She laughs."])
def test_a_line_that_may_be_somebody_elses_is_nobodys(line: str) -> None:
    chat = f"Ann: Do I know why we have to pay for all of this\n{line}\nBob: I do.\nAnn: Do you?\nBob: I say so."
    assert [said for who, said in told(chat) if who == "Ann"] == [
        "Do I know why we have to pay for all of this",
        "Do you?",
    ]


def test_a_word_and_a_colon_where_a_line_was_wrapped_stay_in_their_sentence() -> None:
    wrapped = "Ann: I asked everybody, and do you know what the letter that Mr. X wrote\n  says: no, and no again."
    assert told(f"{wrapped}\nBob: Is it?\nAnn: I say so.\nBob: Do you?")[0] == (
        "Ann",
        "I asked everybody, and do you know what the letter that Mr. X wrote says: no, and no again.",
    )


def test_a_label_where_a_line_was_wrapped_is_nobody() -> None:
    wrapped = (
        "Ann: I have looked at all of it, every page of every paper, and this is my\nBudget: it is far too big for us."
    )
    assert ("Budget", "it is far too big for us.") not in told(f"{wrapped}\nBob: Is it?\nAnn: I say so.\nBob: Do you?")


NAMES = st.sampled_from(["Ann", "Bob Ray", "Zoë van der Berg", "MR. SMITH", "O'Neil", "Speaker 2", "李明"])
PIECES = ["I know", "Bob: no", "Note: it", "10:42", "is it?", "- a bullet", "* star", "“quoted”", "Mr. X says:", "🙂", "3 Comments",
          "Share this", "by Ann Lee", "12 May 2020", "<b>bold</b>", "# heading", "| a | b |", "\t", "From: Carl", "…"]  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(" ".join).filter(str.strip)
LAYOUTS = {
    "dated": "{day}/03/2024, 21:{minute:02} - {who}: {words}",
    "bracketed": "[{day}.03.24, 21:{minute:02}:11] {who}: {words}",
    "timed": "[21:{minute:02}] {who}: {words}",
    "above": "{who}  21:{minute:02}:00\n{words}",
    "named": "{who}: {words}",
}


@st.composite
def conversations(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A text, and what each says in it."""
    kind = draw(st.sampled_from(sorted(LAYOUTS)))
    one, other = draw(st.lists(NAMES, min_size=2, max_size=2, unique=True))
    said = [(one, "Do I know?"), (other, "I do."), (one, "Are you sure?"), (other, "We are.")]
    more = draw(st.lists(st.tuples(st.sampled_from([one, other]), WORDS), max_size=6))
    turns = [(who, words.strip()) for who, words in [*said, *more]]
    if kind in ("dated", "bracketed"):
        going_on = draw(st.lists(WORDS, min_size=len(turns), max_size=len(turns)))
        turns = [(who, f"{words}\n{more.strip()}") for (who, words), more in zip(turns, going_on, strict=True)]
    lines = [LAYOUTS[kind].format(day=12, minute=i, who=who, words=words) for i, (who, words) in enumerate(turns)]
    if kind == "named":
        lines = ["\n".join(textwrap.wrap(line, 70, subsequent_indent="  ", break_long_words=False)) for line in lines]
    return draw(st.sampled_from(["\n", "\n\n"])).join(lines), turns


@given(conversations())
def test_every_turn_is_its_speakers_and_no_others(conversation: tuple[str, list[tuple[str, str]]]) -> None:
    text, turns = conversation
    parsed = read_document("documents/a.txt", text.encode())
    assert [(p.speaker, p.text.split()) for p in parsed.paragraphs] == [(who, words.split()) for who, words in turns]
    assert [p.number for p in parsed.paragraphs] == list(range(1, len(turns) + 1))
    assert all(parsed.document.text[p.start : p.end] == p.text for p in parsed.paragraphs)
    assert read_document("documents/a.txt", text.encode()) == parsed, "reading is deterministic"


def test_minutes_are_fields_and_items_with_the_title_and_the_actions_their_own() -> None:
    text = (
        "Minutes of the garden group, 3 May 2024\n\nPresent: Ann Lee, Bob Ray\nApologies: Dora Fox\n\n"
        "1. Budget. Ann reported that 5,000 euros are left.\n2. Shed. The roof leaks.\n\n"
        "Action: Bob to repair the roof by Friday\nAction: Carl to buy paint by 10 May\n\nNext meeting: 7 June 2024\n"
    )
    parsed = read_document("documents/minutes.txt", text.encode())
    assert parsed.document.title == "Minutes of the garden group, 3 May 2024"
    assert parsed.document.date is None, "the next meeting's is not its date"
    assert [p.role.value for p in parsed.paragraphs] == ["title", "body", "list", "list", "body", "body"]
