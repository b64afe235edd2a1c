"""What words of like meaning cost and bring: each query with the table and without, CPU milliseconds of one thread.

    SHUXIANG_COLLECTION=… python benchmarks/alike.py [--records 100000] [--built FOLDER]

Queries as readers speak, written for this; the figures stand apart for what finds a page by itself (nothing may cost
more there), for what words of like meaning add something to, and for the rest. `--built` takes a folder with
catalogue.db and search/ instead of making one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from unittest import mock

from search_records import write_truth

from indexer.build import build_index
from indexer.catalogue import Catalogue, build_catalogue, read_records
from indexer.search import Part, Searcher, SearchRequest
from indexer.search_instead import FEW
from indexer.thesaurus.table import Table, table

TIMES = 7
QUERIES = """
养花 小孩咳嗽 种西瓜 糖尿病吃什么 高血压不能吃什么 孙悟空 猪八戒 诸葛亮草船借箭 家谱 王家家谱 老歌
三年级作文怎么写 初二物理 修洗衣机 学吉他 学二胡 毛衣怎么织 离婚孩子归谁 打官司怎么写诉状 评书 小人书 写春联
清朝皇帝有哪些 恐龙灭绝 养鸡场怎么防病 猪不吃食怎么办 苹果树怎么剪枝 腰疼怎么治 老人睡不着觉 电脑打字怎么学
太极拳 红楼梦人物 安徒生 毛主席诗词 雷锋的故事 唐诗三百首带拼音 二十四节气 结婚风俗 二人转 糖尿病人能不能喝酒
童话 历史 北京 小说 音乐 中国文学 儿童 植物 京剧 数学 医学 书法 地图 民间故事 水稻 唐诗 电影 成语 鲁迅 民国
无此书名之书 张三丰李四光王五 月亮掉下来砸到我的头 abcdefg 天工之外别有洞天
""".split()  # noqa: SIM905


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--built", type=Path)
    options = parser.parse_args()
    if options.built:
        measure(options.built)
        return
    with tempfile.TemporaryDirectory(prefix="alike-benchmark-") as scratch:
        folder = Path(scratch)
        build_catalogue(*write_truth(folder, options.records), folder / "catalogue.db")
        build_index(read_records(folder / "catalogue.jsonl"), folder / "search")
        measure(folder)


def measure(folder: Path) -> None:
    begun = time.process_time()
    table()
    print(f"the table is read in {1000 * (time.process_time() - begun):.0f} ms: {len(table().entries):,} words")
    searcher = Searcher([Part(folder / "search", Catalogue(folder / "catalogue.db"))])
    empty = Table()
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for query in QUERIES:
        request = SearchRequest(q=query, mend="search")
        alike = searcher.search(request)
        plain = searcher.search(SearchRequest(q=query))
        if plain.resources >= FEW:
            group = "find a page themselves"
        elif alike.alike:
            group = "like meaning adds, some found" if plain.total else "like meaning finds, nothing before"
        else:
            group = "nothing to add"
        groups[group].append((cpu(searcher, request, empty), cpu(searcher, request, table())))
    for group, pairs in groups.items():
        without, with_ = ([pair[place] for pair in pairs] for place in (0, 1))
        more = [b - a for a, b in pairs]
        print(f"{group}: {len(pairs)} queries")
        for name, values in (("without", without), ("with", with_), ("more", more)):
            print(f"    {name:8} p50 {at(values, 50):6.2f}  p95 {at(values, 95):6.2f}")


def cpu(searcher: Searcher, request: SearchRequest, words: Table) -> float:
    best = float("inf")
    with mock.patch("indexer.search_instead.table", return_value=words):
        for _ in range(TIMES):
            begun = time.thread_time()
            searcher.search(request)
            best = min(best, time.thread_time() - begun)
    return 1000 * best


def at(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, round(percent / 100 * (len(values) - 1)))]


if __name__ == "__main__":
    main()
