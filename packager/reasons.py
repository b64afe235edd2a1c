"""Why a file could not be read or nothing could be made of it, in Chinese, for the people who deliver it.

The parsers say it in English, for logs, and the parser of a hostile file may say anything. What staff read is chosen
here by what was said, with its numbers; what is not known is told in general.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from indexer.errors import RenditionLimitError

if TYPE_CHECKING:
    from indexer.errors import RenditionError

_N = r"(\d+)"
_KNOWN = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        # Pictures
        (rf"a picture of {_N} x {_N} pixels", r"图片标明的尺寸（\1×\2 像素）超出了能处理的范围"),
        (r"no such page or no picture that can be read", "不是能读的图片，或者没有这一页"),
        (r"the picture is damaged: .*", "图片已损坏"),
        (rf"no page {_N}, the picture has {_N}", r"图片没有第 \1 页，共 \2 页"),
        # Documents
        (rf"no page {_N}, the document has {_N}", r"文档没有第 \1 页，共 \2 页"),
        (rf"no page {_N}", r"没有第 \1 页"),
        (rf"page {_N} has no size", r"第 \1 页没有尺寸"),
        (rf"page {_N} is too long or too wide to draw", r"第 \1 页太长或太宽，画不出来"),
        (r"the document needs a password", "文档设了密码"),
        (r"the document is no readable PDF", "不是能读的 PDF"),
        (r"the document has no pages", "文档里一页也没有"),
        (r"the document is damaged: .*", "文档已损坏"),
        # Books
        (r"the book is no readable ZIP: .*", "不是能读的 EPUB，压缩包打不开"),
        (rf"a book of {_N} files", r"书里有 \1 个文件，太多了"),
        (r"the book has no file .*", "书里缺少目录中列出的文件"),
        (r"a file of the book is locked or packed in an uncommon way", "书里有文件加了锁，或压缩方式不常见"),
        (rf"a file of {_N} bytes, packed in {_N}", r"书里有文件解压后太大（\1 字节，压缩后 \2 字节）"),
        (r"a file of the book is damaged: .*", "书里有文件已损坏"),
        (rf"a file of more than {_N} bytes", r"书里有文件解压后太大（超过 \1 字节）"),
        (r"a file of the book is not well-formed: .*", "书里有文件不合 XML 的格式"),
        (r"a chapter cannot be read: .*", "有一章读不出"),
        (rf"a markup file of {_N} bytes", r"有一章太长（\1 字节）"),
        (rf"a chapter of {_N} (?:letters|bytes)", r"有一章太长（\1 字）"),
        (r"the book has no package document", "书里没有说明全书组成的文件"),
        (r"the book has no chapters", "书里一章也没有"),
        (rf"no chapter {_N}, the book has {_N}", r"书里没有第 \1 章，共 \2 章"),
        (r"no chapter of the book can be read", "书里没有一章读得出"),
        # Texts, recordings
        (r"no text is taken from .*", "这种格式不取文字"),
        (r"the ALTO file is damaged: .*", "ALTO 文字识别文件已损坏"),
        (r"the recording says more about itself than it may", "录音或录像的说明信息太多"),
        (r"there is neither picture nor sound in it", "里面既没有画面也没有声音"),
        (r"there is no sound in it", "里面没有声音"),
        # Limits of the process that reads them
        (r"took longer than ([\d.]+) s", r"读了 \1 秒还没有读完，已停下"),
        (r"the child process died or broke off: .*", "读到一半程序停了，文件可能已损坏或太复杂"),
        (r"the (?:child process|process that makes renditions) did not start", "处理文件的程序没有启动，请再封装一次"),
        (r"too many renditions are being made", "同时处理的文件太多，请再封装一次"),
        (rf"a result of more than {_N} bytes", r"读出的内容太多（超过 \1 字节）"),
        (r"nested too deep", "内容嵌套太深"),
    )
)
_SYSTEM = {
    errno.ENOENT: "没有找到",
    errno.EACCES: "没有读的权限",
    errno.EPERM: "没有读的权限",
    errno.EIO: "所在的盘读不出来，请换一块盘再试",
    errno.EISDIR: "是文件夹",
    errno.ELOOP: "是绕圈子的链接",
}


def reason_of(error: RenditionError) -> str:
    """What a parser said of a file, in Chinese; letters of other scripts are names of formats only."""
    for pattern, words in _KNOWN:
        if (found := pattern.fullmatch(str(error))) is not None:
            return found.expand(words)
    return "文件太大或太复杂，没有处理完" if isinstance(error, RenditionLimitError) else "文件已损坏，或不合格式"


def failure_of(error: OSError) -> str:
    """What the system said of a file, in Chinese."""
    return _SYSTEM.get(error.errno or 0, "系统打不开这个文件")
