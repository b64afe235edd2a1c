"""What stands in brackets below a refusal, for whoever helps: the errors' own texts, in Chinese."""

from __future__ import annotations

import re

_HAN = re.compile(r"[㐀-鿿]")
_NAME = re.compile(r"[^\s]*\Z")
_DETAILS = (
    (r"the online key is not the one that the root names", "在线钥匙不是根名单上的那一把"),
    (r"'(.*)' is no id of a resource", r"\1 不是记录号"),
    (r"nothing of this is withdrawn by the list of (.*) or by a notice", r"\1 的名单和通知都没有下架这些资源"),
    (r"the list of withdrawn resources does not follow: .*", "下架名单与申请的改动对不上"),
    (r"the list of withdrawn resources is not the one .*", "下架名单与申请的改动对不上"),
    (r"the list of withdrawn resources is longer than (\d+) bytes", r"下架名单超过 \1 字节"),
    (r"the list of withdrawn resources cannot be made: .*", "下架通知做不出来，请核对题名和缘由"),
    (r"the list of withdrawn resources is not signed by one of the new keys yet", "新的下架钥匙还没有签过名单"),
    (r"key (\w+) may not withdraw; .*", r"钥匙 \1 不能办理下架，请先执行 packager keys withdrawals"),
    (r"key (\w+) is not a targets key", r"钥匙 \1 不是签发人的钥匙"),
    (r"key (\w+) has signed already", r"钥匙 \1 已经签过"),
    (r"(\d+) of (\d+) have signed", r"须 \2 人签发，已有 \1 人"),
    (r"nothing was published yet", "还没有发行过"),
    (r"the release is on (\d+) drives", r"这一版共 \1 块硬盘"),
    (r"there is no drive (-?\d+) of (\d+)", r"共 \2 块，没有第 \1 块"),
    (r"the build is not finished", "封装还没有做完"),
    (r"two people have not signed this release yet", "这一版还没有两人签发"),
    (r"(.*) names another drive", r"\1 写的是另一块硬盘"),
    (r"(.*) holds other files", r"\1 里另有文件"),
    (r"(\d+) bytes are wanted", r"还差 \1 字节"),
    (r"(.*) is not what the list says: .*", r"\1 与清单不符"),
    (r"release (\d+) of (.*) is published already", r"\2 已发行到第 \1 版"),
    (r"the keys that may withdraw are not those in this folder of keys", "申请里的下架钥匙与这个钥匙文件夹里的不同"),
    (r"the documents to be listed are not those .*", "要列出的文件与申请的改动对不上"),
    (r"the request changes something else than one release", "申请改动的不止一版"),
    (r"the bag's build number is another", "封装结果的核对码不同"),
    (r"the bag is damaged: .*", "封装结果有损坏"),
    (r"the bag's tagmanifest is not the one in the release", "封装结果的清单与这一版不同"),
    (r"(.*) is not the file that the bag lists", r"\1 与清单不符"),
    (r"(.*) is not the accelerator in the release", r"\1 与这一版的检索文件不同"),
    (r"the catalogue holds (\d+) resources, the release says (\d+)", r"目录有 \1 种，这一版写的是 \2 种"),
    (r"the payload has (\d+) bytes, the release says (\d+)", r"资源共 \1 字节，这一版写的是 \2 字节"),
    (r"the drives together do not carry every item once", "各块硬盘合起来，文件有缺漏或重复"),
    (r"(.*) is not what the drives carry", r"\1 与各块硬盘的内容不符"),
    (r"the drives together carry more than .*", "各块硬盘上的文件比这一版多"),
    (r"(.*) is not on the list", r"名单上没有 \1"),
    (r"(.*) is on the list", r"名单上已有 \1"),
    (r"(.*) was never published", r"没有发行过 \1"),
    (r"(.*) is kept in several forms, or damaged", r"\1 存有几个样子，或有损坏"),
    (r"there is no request in this work folder", "这个工作文件夹里没有申请"),
    (r"the request is malformed: .*", "申请文件不完整，请重新申请"),
    (r"list (\d+) is due, the request is for (\d+)", r"该签第 \1 份名单，申请的是第 \2 份"),
    (r"the list to be signed is not the one .*", "要签的名单与申请的改动对不上"),
    (r"a passphrase has (\d+)-(\d+) characters", r"密码须 \1 至 \2 个字"),
    (r"a passphrase has at least four different characters", "密码至少要有 4 个不同的字"),
    (r"a passphrase has at most (\d+) characters", r"密码最多 \1 个字"),
    (r"the passphrase does not open this key", "密码打不开这把钥匙"),
)


def detail(reason: str) -> str:
    """An error's own text for staff; one that nobody has put into Chinese is marked as meant for technical support."""
    for pattern, words in _DETAILS:
        if (match := re.fullmatch(pattern, reason, re.DOTALL)) is not None:
            return match.expand(words)
    return reason if _HAN.search(reason) or _NAME.match(reason) else f"技术支持参考：{reason}"
