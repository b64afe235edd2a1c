from __future__ import annotations

import gc
import importlib
import io
import pickle
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import whoosh

import indexer.codec_index  # noqa: F401 (shuts the doors when imported)
from indexer.errors import IndexFormatError
from indexer.safe_load import shut_pickle

OPTIONAL = {"whoosh.filedb.gae"}


def whoosh_modules() -> list[ModuleType]:
    for found in pkgutil.walk_packages(whoosh.__path__, "whoosh."):
        if found.name in OPTIONAL:
            continue
        try:
            importlib.import_module(found.name)
        except ImportError:
            continue
    return [module for name, module in sys.modules.items() if name.startswith("whoosh")]


@pytest.mark.filterwarnings("ignore")
def test_shut_pickle_no_module_of_whoosh_keeps_an_unpickler() -> None:
    modules = whoosh_modules()
    shut_pickle()
    assert len(modules) > 60
    for module in modules:
        for name, value in vars(module).items():
            assert value is not pickle, (module, name)
            assert not (isinstance(value, type) and issubclass(value, pickle.Unpickler)), (module, name)
            assert not any(value is door for door in (pickle.load, pickle.loads)), (module, name)


def test_shut_pickle_python_itself_still_unpickles() -> None:
    assert pickle.loads(pickle.dumps([1])) == [1]  # noqa: S301


@pytest.fixture
def bomb(tmp_path: Path) -> tuple[bytes, Path]:
    mark = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (mark,)

    return pickle.dumps(Bomb()), mark


def test_whoosh_doors_refuse_and_run_nothing(bomb: tuple[bytes, Path]) -> None:
    content, mark = bomb
    from whoosh import columns, compat
    from whoosh.codec import whoosh3
    from whoosh.filedb.structfile import BufferFile, StructFile

    doors = [
        lambda: compat.loads(content),
        lambda: compat.load(io.BytesIO(content)),
        lambda: compat.pickle.loads(content),
        lambda: compat.pickle.Unpickler(io.BytesIO(content)),
        lambda: whoosh3.loads(content),
        lambda: StructFile(io.BytesIO(content)).read_pickle(),
        lambda: BufferFile(content).read_pickle(),
        lambda: whoosh3.W3TermInfo.from_bytes(b"\1" + bytes(22) + content),
        lambda: columns.loads(content),
    ]
    for door in doors:
        with pytest.raises(IndexFormatError):
            door()
    assert not mark.exists()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_whoosh_index_crafted_to_run_code_is_refused_at_its_table_of_contents(tmp_path: Path) -> None:
    from whoosh import fields, index
    from whoosh.filedb.filestore import FileStorage

    class Bomb(fields.Schema):
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    index.TOC(Bomb(x=fields.ID()), [], 1).write(FileStorage(str(tmp_path)), "MAIN")
    with pytest.raises(IndexFormatError):
        index.open_dir(str(tmp_path))
    gc.collect()  # Whoosh leaves its file open when it is stopped here
    assert not (tmp_path / "ran").exists()
