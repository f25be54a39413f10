"""Who may read what: as a file grants it, to nobody else, and to nobody at all where the file is wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ServerError
from rag.settings import Settings
from ui.web.readers import Reader, Readers, read_readers
from ui.web.serve import prepared

DOCUMENTS = ["public/a.md", "hr/b.md", "hr/secret/c.md", "board/hr/d.md", "e.md"]


def granted(path: Path, text: str, user: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    reader = Readers(path).reader(user)
    assert reader.problem is None
    return [name for name in DOCUMENTS if reader.may_read(f"documents/{name}")]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ('["hr/"]', ["hr/b.md", "hr/secret/c.md", "board/hr/d.md"]),
        ('["/hr/"]', ["hr/b.md", "hr/secret/c.md"]),
        ('["*"]', DOCUMENTS),
        ('["*", "!hr/"]', ["public/a.md", "e.md"]),
        ('["hr/", "!hr/secret/"]', ["hr/b.md", "board/hr/d.md"]),
        ('["!hr/secret/", "/hr/"]', ["hr/b.md", "hr/secret/c.md"]),
        ('["/*.md"]', ["e.md"]),
        ('["hr/*.md"]', ["hr/b.md"]),
        ("[]", []),
    ],
)
def test_patterns_are_those_of_ibidignore_and_the_last_one_decides(
    tmp_path: Path, patterns: str, names: list[str]
) -> None:
    assert granted(tmp_path / "readers.toml", f"anna = {patterns}\n", "anna") == names


def test_what_is_everybodys_comes_beside_ones_own_and_nobody_else_reads_anything(tmp_path: Path) -> None:
    text = '"*" = ["public/"]\nanna = ["/hr/"]\n"ben@example.org" = ["!public/"]\n'
    path = tmp_path / "readers.toml"
    assert granted(path, text, "anna") == ["public/a.md", "hr/b.md", "hr/secret/c.md"]
    assert granted(path, text, "ben@example.org") == []
    for stranger in ("carl", "Anna", "anna ", "*", "ben"):
        assert granted(path, text, stranger) == ["public/a.md"]
    assert granted(path, 'anna = ["*"]\n', "carl") == []
    assert granted(path, "", "anna") == []


def test_uploads_are_their_owners_and_the_old_ones_everybodys_who_may_read_at_all(tmp_path: Path) -> None:
    path = tmp_path / "readers.toml"
    path.write_text('anna = ["public/"]\n')
    readers = Readers(path)
    anna, carl, operator = (readers.reader(user) for user in ("anna", "carl", None))
    assert [reader.may_read("uploads-anna/x.md") for reader in (anna, carl, operator)] == [True, False, True]
    assert [reader.may_read("uploads-carl/x.md") for reader in (anna, carl, operator)] == [False, True, True]
    assert [reader.may_read("uploads/x.md") for reader in (anna, carl, operator)] == [True, False, True]
    alone = Readers(None).reader("anna")
    assert alone == Reader(user="anna")
    assert [alone.may_read(one) for one in ("documents/x.md", "uploads/x.md", "uploads-anna/x.md")] == [True] * 3
    assert not alone.may_read("uploads-carl/x.md")


WRONG = [
    ('anna = ["hr/"]\nben = "public/"\n', "line 2: “ben” needs a list of patterns"),
    ('# who\n\nanna = [\n  "hr/",\n  3,\n]\n', "line 3: “anna” needs a list of patterns"),
    ("anna.b = ['hr/']\n", "line 1: “anna” needs a list of patterns"),
    ('anna = ["hr/"]\nben@example.org = ["x"]\n', "line 2: "),
    ('anna = ["hr/"]\nanna = ["x"]\n', "line 2: "),
    ('anna = ["hr/"', "line 1: "),
    ('anna = ["hr/"]\nben = ["!"]\n', "line 2: the pattern “!” names nothing"),
    ('anna = ["/"]\n', "line 1: the pattern “/” names nothing"),
    ('anna = ["#hr"]\n', "line 1: the pattern “#hr” names nothing"),
    ('anna = ["a\\nb"]\n', "line 1: the pattern"),
    ('anna = ["hr/"]\n\xff\n', "line 2: is not UTF-8"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_wrong_file_lets_nobody_read_says_where_and_refuses_to_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, told: str
) -> None:
    path = tmp_path / "readers.toml"
    path.write_bytes(text.encode("latin-1") if "\xff" in text else text.encode())
    with caplog.at_level(logging.ERROR):
        readers = Readers(path)
        reader = readers.reader("anna")
        readers.reader("ben")
    (record,) = caplog.records
    assert told in record.getMessage()
    assert "\n" not in record.getMessage()
    assert reader.problem is not None
    assert told.partition(":")[0] in reader.problem
    assert not any(reader.may_read(f"documents/{name}") for name in DOCUMENTS)
    assert not reader.may_read("uploads-anna/x.md")
    assert readers.reader(None).may_read("documents/hr/b.md")
    settings = Settings(documents=tmp_path, home=tmp_path / "home", auth="anna:x", readers=path)  # type: ignore[arg-type]
    with (
        pytest.raises(ServerError, match=r"IBID_READERS=.*readers\.toml: line \d") as refused,
        prepared(settings, "127.0.0.1", 0),
    ):
        pass
    assert told in str(refused.value)


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused_in_a_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("readers") / "readers.toml"
    path.write_bytes(data)
    try:
        assert all(isinstance(patterns, tuple) for patterns in read_readers(path).values())
    except ValueError as error:
        assert str(error).startswith("line ")


def test_the_file_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "readers.toml"
    path.write_text('anna = ["hr/"]\n')
    readers = Readers(path)

    def may() -> bool:
        return readers.reader("anna").may_read("documents/hr/b.md")

    assert may()
    path.write_text('anna = ["xx/"]\n')
    assert not may()
    (tmp_path / "new").write_text('anna = ["hr/"]\n')
    (tmp_path / "new").replace(path)
    assert may()
    path.unlink()
    assert not may()
    assert "cannot be read: No such file" in caplog.text
    assert not may()
    assert len(caplog.records) == 1
    path.write_text('anna = ["hr/"]\n')
    assert may()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"readers": "readers.toml"}, "nobody has a name here"),
        ({"user_header": "X-Forwarded-User"}, "go together"),
        ({"proxy": "127.0.0.1"}, "go together"),
        ({"auth": "anna:x", "readers": "never.toml"}, "cannot be read: No such file"),
        ({"auth": f"{'Ä' * 60}:x"}, "a user's name is too long"),
    ],
)
def test_half_a_setting_refuses_to_start_in_a_line(tmp_path: Path, more: dict[str, str], told: str) -> None:
    (tmp_path / "readers.toml").write_text('anna = ["hr/"]\n')
    given = {name: str(tmp_path / value) if name == "readers" else value for name, value in more.items()}
    settings = Settings(documents=tmp_path, home=tmp_path / "home", **given)  # type: ignore[arg-type]
    with pytest.raises(ServerError, match=told) as refused, prepared(settings, "127.0.0.1", 0):
        pass
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user_header", "X User"),
        ("user_header", "Authorization"),
        ("proxy", "10.0.0.1/8"),
        ("proxy", "nginx"),
        ("proxy", "10.0.0.1,x"),
    ],
)
def test_a_header_or_an_address_that_is_none_is_refused_with_what_to_write(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"[Ww]rite|Choose another"):
        Settings(**{name: value})
