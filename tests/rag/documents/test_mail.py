"""Messages and mailboxes."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.mail import load_mail, load_mailbox
from rag.documents.reading import read_document
from rag.errors import DocumentError
from tests.rag.documents.making import assert_holds_together, told


def message(text: str = "The pump was replaced.", subject: str = "The north well") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ann Lee <ann@example.org>"
    made["To"] = "bo@example.org"
    made["Date"] = "Sun, 4 May 2025 09:30:00 +0000"
    made["Subject"] = subject
    made.set_content(text)
    return made


HEAD = [
    ("title", "The north well"),
    ("byline", "Ann Lee, 4 May 2025"),
    ("boilerplate", "From: Ann Lee <ann@example.org>"),
    ("boilerplate", "To: bo@example.org"),
]


def test_a_message_names_its_writer_and_day() -> None:
    loaded = load_mail(message("The pump was replaced.\n\nIt runs.").as_bytes())
    assert told(loaded) == [*HEAD, ("None", "The pump was replaced."), ("None", "It runs.")]
    assert_holds_together(loaded)
    document = read_document("documents/a.eml", message().as_bytes()).document
    assert (document.title, document.author, str(document.date)) == ("The north well", "Ann Lee", "2025-05-04")


def test_of_two_forms_of_a_text_the_plain_one_is_read_and_a_page_where_there_is_no_other() -> None:
    both = message("Plain words.")
    both.add_alternative("<p>Page words.</p>", subtype="html")
    assert told(load_mail(both.as_bytes()))[-1] == ("None", "Plain words.")
    page = message()
    page.set_content("<p>Page <b>words</b>.</p><script>x</script>", subtype="html")
    assert told(load_mail(page.as_bytes()))[-1] == ("body", "Page words.")


@pytest.mark.parametrize(
    ("named", "encoding"),
    [
        pytest.param("iso-8859-1", "cp1252", id="what programs write as latin-1"),
        pytest.param("gb2312", "gb18030", id="what programs write as GB 2312"),
        pytest.param("us-ascii", "utf-8", id="UTF-8 that says it is ASCII"),
        pytest.param("x-unknown", "utf-8", id="a name that nobody knows"),
    ],
)
def test_a_text_is_read_in_the_encoding_that_the_name_of_its_own_stands_for(named: str, encoding: str) -> None:
    text = "“The well” is dry."
    head = f"Subject: x\nContent-Type: text/plain; charset={named}\nContent-Transfer-Encoding: 8bit\n\n"
    assert told(load_mail(head.encode() + text.encode(encoding)))[-1] == ("None", text)


def test_attached_files_are_named_and_not_read() -> None:
    made = message()
    made.add_attachment(b"x,y", maintype="text", subtype="csv", filename="costs.csv")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="well.png")
    loaded = load_mail(made.as_bytes())
    assert loaded.warning == "attached files are not read: costs.csv, well.png"
    assert told(loaded) == [*HEAD, ("None", "The pump was replaced.")]


def test_a_forwarded_message_follows_with_its_own_head() -> None:
    made = message("See below.", "Fwd: the well")
    made.add_attachment(message("It leaks.", "A leak"))
    assert told(load_mail(made.as_bytes()))[4:] == [
        ("None", "See below."),
        ("heading", "A leak"),
        *HEAD[1:],
        ("None", "It leaks."),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_message_kept_in_another_encoding_is_not_empty(encoding: str) -> None:
    assert told(load_mail(message().as_string().encode(encoding))) == [*HEAD, ("None", "The pump was replaced.")]


def test_a_mailbox_has_a_heading_for_each_message() -> None:
    data = b"".join(
        b"From ann@example.org Sun May  4 09:30:00 2025\n"
        + message(f"Text {i}.\n\n>From here on", f"Subject {i}").as_bytes()
        + b"\n"
        for i in (1, 2)
    )
    found = told(load_mailbox(data))
    assert [text for role, text in found if role == "heading"] == ["Subject 1", "Subject 2"]
    assert ("None", "From here on") in found


def test_an_encrypted_message_is_refused() -> None:
    with pytest.raises(DocumentError, match="is encrypted: save it unlocked"):
        load_mail(b"Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\n\nMIAG")


@given(st.binary(max_size=400))
def test_any_bytes_after_a_head_stand_together_or_are_refused(data: bytes) -> None:
    try:
        assert_holds_together(load_mail(b"Subject: x\nFrom: a@b\n\n" + data))
    except DocumentError as error:
        assert str(error)
