"""`indexer build META OUT` and `indexer search INDEX QUERY`: for staff who check a catalogue before it is signed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from indexer.build import Progress, build_index_of
from indexer.catalogue import Catalogue, build_catalogue
from indexer.errors import IndexerError
from indexer.search import Hit, Part, Searcher, SearchRequest
from indexer.search_request import SORTS

CATALOGUE = "catalogue.db"
INDEX = "search"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did what was asked, 1 when not."""
    options = _parser().parse_args(argv)
    try:
        return _build(options) if options.command == "build" else _search(options)
    except (IndexerError, OSError) as error:
        print(f"未完成：{error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="indexer", description="书箱目录与索引：由目录真本建立，供检索试查")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="由 META 中的 catalogue.jsonl 和 items.txt 建立目录库与索引")
    build.add_argument("meta", type=Path, help="含 catalogue.jsonl 和 items.txt 的文件夹")
    build.add_argument("out", type=Path, help="新文件夹，写入 catalogue.db 和 search/")
    build.add_argument(
        "--workers", type=int, default=1, choices=range(1, 17), metavar="个数", help="同时用几个处理器核"
    )
    search = commands.add_parser("search", help="在 INDEX 中试查")
    search.add_argument("index", type=Path, help="build 写出的文件夹")
    search.add_argument("query", help="检索词；可用 “短语”、题名: 作者: 主题: isbn:")
    search.add_argument("--type", default="", help="资源类型，如 book")
    search.add_argument("--clc", default="", help="中图法类号，如 I2")
    search.add_argument("--language", default="", help="语种，如 zh")
    search.add_argument("--sort", default="relevance", choices=SORTS, help="排序")
    search.add_argument("--page", type=int, default=1, help="第几页，从 1 起")
    return parser


def _build(options: argparse.Namespace) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    truth = options.meta / "catalogue.jsonl"
    catalogue = build_catalogue(truth, options.meta / "items.txt", options.out / CATALOGUE, progress=_progress("目录"))
    print(f"\r目录 {catalogue.records:,} 条，文件 {catalogue.items:,} 个，用时 {catalogue.seconds:.1f} 秒")
    told = _progress("索引", catalogue.records)
    index = build_index_of(truth, options.out / INDEX, workers=options.workers, progress=told)
    rate = index.records / max(index.seconds, 0.001)
    print(f"\r索引 {index.records:,} 条，词 {index.terms:,} 个，用时 {index.seconds:.1f} 秒（每秒 {rate:,.0f} 条）")
    return 0


def _progress(what: str, expected: int | None = None) -> Progress:
    """Print one line of progress over itself."""

    def told(done: int, total: int | None) -> None:
        of = f" / {total or expected:,}" if total or expected else ""
        print(f"\r{what} {done:,}{of} 条", end="", flush=True)

    return told


def _search(options: argparse.Namespace) -> int:
    catalogue = Catalogue(options.index / CATALOGUE)
    searcher = Searcher([Part(options.index / INDEX, catalogue)])
    try:
        request = SearchRequest(
            q=options.query,
            type=options.type,
            clc=options.clc,
            language=options.language,
            sort=options.sort,
            page=options.page,
        )
        result = searcher.search(request)
    finally:
        searcher.close()
        catalogue.close()
    about = "" if result.total_exact else "约 "
    print(f"共 {about}{result.total:,} 条，用时 {result.took_ms:.1f} 毫秒")
    first = (request.page - 1) * request.size + 1
    for number, hit in enumerate(result.hits, first):
        print(_line(number, hit))
    for name, values in result.facets.items():
        if values:
            print(f"{_FACETS[name]}：" + "，".join(f"{value} {count:,}" for value, count in values[:10]))
    return 0


_FACETS = {
    "type": "类型",
    "clc": "分类",
    "year": "年代",
    "language": "语种",
    "available": "可读",
    "dynasty": "朝代",
    "tree": "其他分类",
    "audience": "读者对象",
    "age": "年龄",
    "place": "地方",
    "download": "可带走",
}
_WHY = {"title": "题名", "creator": "作者", "subject": "主题", "identifier": "号码", "text": "内容", "": ""}


def _line(number: int, hit: Hit) -> str:
    creators = "；".join(creator.name for creator in hit.resource.creators)
    parts = [f"{number:>3}. {_marked(hit.resource.title, hit.marks)}", creators, hit.resource.id, _WHY[hit.why]]
    if hit.snippet:
        parts.append(_marked(hit.snippet, hit.snippet_marks))
    return "  ".join(filter(None, parts))


def _marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The text with 【】 around what was found."""
    for start, end in reversed(marks):
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    return text


if __name__ == "__main__":
    sys.exit(main())
