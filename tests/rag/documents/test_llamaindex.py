"""Readers of LlamaIndex as loaders: a real one, and some of our own that do what readers may do."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.documents import reading
from rag.documents.apart import Parsers
from rag.documents.layout import Place
from rag.documents.reading import ParsedDocument, load, read_document, revision_of
from rag.errors import DocumentError
from rag.plugged import Plugged

NOTEBOOK = json.dumps({"cells": [{"source": "The pump at the north well was replaced in May."}]}).encode()
JSON = "llama_index.core.readers.json:JSONReader"

MINE = '''
    import os, tempfile, time
    from pathlib import Path
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document


    class Pages(BaseReader):
        """Pages parted by form feeds; the first line of the file is its title."""

        def load_data(self, file, extra_info=None):
            title, _, rest = Path(file).read_text().partition("\\n")
            for i, page in enumerate(rest.split("\\f")):
                told = {"file_name": Path(file).name, "page_label": ("iv", "2", "3", "0")[i], "title": title}
                yield Document(text=page, metadata=told)


    class Told(BaseReader):
        """Does what its file says."""

        def load_data(self, file):
            return eval(Path(file).read_text())


    class Lazy(BaseReader):
        def lazy_load_data(self, path):
            yield Document(text=path.suffix)


    class Needing(BaseReader):
        def __init__(self, key):
            pass


    class NoReader:
        pass


    def documents(*texts):
        return [Document(text=text) for text in texts]


    def litter():
        Path("here").write_text("x")
        handle, name = tempfile.mkstemp()
        return documents(f"I wrote {os.getcwd()} and {name}")


    def fails(path=None):
        """As what is tried several times does, which hides why."""
        try:
            raise ValueError(f"{path} is no image") if path else ImportError("pip install olefile.")
        except (ImportError, ValueError) as error:
            raise RuntimeError("tried three times") from error


    def kept():
        memory = ["x" * 50_000_000 for _ in range(100)]
        return documents(str(len(memory)))
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of modules of one's own, where Python looks for them."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "mine.py").write_text(textwrap.dedent(MINE))
    (folder / "lacking.py").write_text("import a_package_that_is_not_there")
    (folder / "broken.py").write_text("def broken(:")
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def readers(mine: Path) -> Iterator[None]:
    """The processes that read with them, started after the folder was known."""
    reading.READERS.close()
    yield
    reading.READERS.close()


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    return tmp_path / "tmp"


def read(reader: str, data: bytes | str, temporary: Path, ending: str = ".x") -> ParsedDocument:
    plugged = Plugged(readers={ending: reader}, temporary=temporary)
    content = data.encode() if isinstance(data, str) else data
    return read_document(f"documents/a{ending}", content, plugged=plugged)


def test_a_file_that_ibid_does_not_read_is_read_by_a_reader_of_llamaindex(readers: None, temporary: Path) -> None:
    found = read(JSON, NOTEBOOK, temporary, ".ipynb")
    assert '"source": "The pump at the north well was replaced in May."' in found.document.text
    for paragraph in found.paragraphs:
        assert found.document.text[paragraph.start : paragraph.end] == paragraph.text
    with pytest.raises(DocumentError, match=r"\.ipynb: not a format that is read"):
        read_document("documents/a.ipynb", NOTEBOOK)


def test_its_documents_are_pages_parted_by_blank_lines(readers: None, temporary: Path) -> None:
    file = "Rules of the well\nA first page.\fA second page.\n\nOf two paragraphs. \f\fA last one."
    found = read("mine:Pages", file, temporary)
    assert found.document.text == "A first page.\n\nA second page.\n\nOf two paragraphs.\n\nA last one."
    assert [(p.text, p.page) for p in found.paragraphs] == [
        ("A first page.", None),
        ("A second page.", 2),
        ("Of two paragraphs.", 2),
        ("A last one.", None),
    ]
    assert found.layout.places(15, 20) == [Place(2)]
    assert found.document.title == "Rules of the well"


def test_a_reader_that_reads_lazily_is_given_a_path_with_the_ending(readers: None, temporary: Path) -> None:
    assert read("mine:Lazy", "x", temporary, ".hwp").document.text == ".hwp"


def test_what_no_store_takes_is_replaced(readers: None, temporary: Path) -> None:
    assert read("mine:Told", r"documents('a\0b', '', 'c\ud800')", temporary).document.text == "a�b\n\nc�"


def test_an_ending_of_ibids_own_is_read_by_the_reader_that_is_named_for_it(readers: None, temporary: Path) -> None:
    assert (
        read(JSON, NOTEBOOK, temporary, ".json").document.text
        != read_document("documents/a.json", NOTEBOOK).document.text
    )
    assert read("mine:Lazy", b"%PDF-", temporary, ".pdf").document.text == ".pdf"


def test_a_document_is_another_one_when_its_reader_is(readers: None, temporary: Path) -> None:
    plugged = Plugged(readers={".x": JSON}, temporary=temporary)
    found = read_document("documents/a.x", NOTEBOOK, plugged=plugged).document.revision
    assert found == revision_of(NOTEBOOK, name="b.x", plugged=plugged)
    other = Plugged(readers={".x": "mine:Lazy"})
    assert len({found, revision_of(NOTEBOOK, name="a.x", plugged=other), revision_of(NOTEBOOK, name="a.x")}) == 3
    assert reading.is_current(found, name="a.x", plugged=plugged)
    assert not reading.is_current(found, name="a.x", plugged=other) and not reading.is_current(found, name="a.x")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reader", "data", "said"),
    [
        (JSON, b"", "the file is empty"),
        (JSON, b"{", f"its reader {JSON} cannot read it: JSONDecodeError: Expecting property name"),
        ("mine:Told", "documents()", "the file holds no text"),
        ("mine:Told", "documents(' ')", "the file holds no text"),
        ("mine:Told", "['a']", "its reader mine:Told cannot read it: AttributeError: 'str' object"),
        ("mine:Told", "None", "its reader mine:Told cannot read it: TypeError: 'NoneType'"),
        ("mine:Told", "exit('enough')", "its reader mine:Told cannot read it: SystemExit: enough"),
        ("mine:Told", "[][1]", "cannot read it: IndexError: list index out of range"),
        ("mine:Told", "os._exit(3)", "makes its reader break down"),
        ("mine:Told", "__import__('olefile_')", "mine:Told needs what is not installed: ModuleNotFoundError: No module"),
        ("mine:Needing", "x", "its reader mine:Needing does not start: TypeError:"),
        ("mine:NoReader", "x", "its reader mine:NoReader is no LlamaIndex reader (BaseReader): correct IBID_LOADERS"),
        ("mine:documents", "x", "its reader mine:documents is no LlamaIndex reader"),
        ("mine:Absent", "x", "its reader mine:Absent is no LlamaIndex reader"),
        ("mine:Told", "fails()", "its reader mine:Told needs what is not installed: ImportError: pip install olefile"),
        ("mine:Told", "fails(path=file)", "its reader mine:Told cannot read it: ValueError: document.x is no image"),
        ("broken:Reader", "x", "its reader broken:Reader cannot be imported: SyntaxError:"),
        ("lacking:Reader", "x", "lacking:Reader needs what is not installed: ModuleNotFoundError: No module named 'a_p"),
        ("my_own.readers:R", "x", "is not installed: install the package that my_own.readers is in, or correct IBID_LOADERS"),
        (
            "llama_index.readers.no_such.base:HWPReader",
            "x",
            "its reader llama_index.readers.no_such.base:HWPReader is not installed: pip install --no-deps llama-index-readers-no-such",
        ),
    ],
)  # fmt: skip
def test_a_reader_that_fails_is_one_sentence_and_the_next_file_is_read(
    readers: None, temporary: Path, reader: str, data: bytes | str, said: str
) -> None:
    with pytest.raises(DocumentError) as told:
        read(reader, data, temporary)
    assert said in str(told.value) and "\n" not in str(told.value)
    assert read("mine:Told", "documents('next')", temporary).document.text == "next"
    assert not list(temporary.iterdir())


@pytest.mark.slow
def test_a_reader_that_hangs_is_given_up_and_the_next_file_is_read(mine: Path, tmp_path: Path) -> None:
    parsers = Parsers(seconds=10)
    try:
        with pytest.raises(DocumentError, match="takes longer than 10 seconds to read, and was given up"):
            parsers.read("mine:Told", b"time.sleep(600)", ending=".x", folder=tmp_path)
        assert parsers.read("mine:Told", b"documents('next')", ending=".x", folder=tmp_path).text == "next"
    finally:
        parsers.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_a_reader_that_fills_the_memory_is_refused_and_the_next_file_is_read(readers: None, temporary: Path) -> None:
    with pytest.raises(DocumentError, match=r"needs more memory than a file may have|makes its reader break down"):
        read("mine:Told", "kept()", temporary)
    assert read("mine:Told", "documents('next')", temporary).document.text == "next"


def test_a_reader_leaves_nothing_behind(readers: None, temporary: Path) -> None:
    before = set(Path().iterdir())
    said = read("mine:Told", "litter()", temporary).document.text
    assert said.count(str(temporary)) == 2, "both where it stands and where it keeps what it needs for a while"
    assert not list(temporary.iterdir()) and set(Path().iterdir()) == before


def test_the_processes_of_ibids_own_loaders_know_nothing_of_it(readers: None, temporary: Path) -> None:
    load(NOTEBOOK, name="a.json")
    kept = list(reading.PARSERS._idle)
    read(JSON, NOTEBOOK, temporary)
    assert reading.PARSERS._idle == kept and len(reading.READERS._idle) == 1
