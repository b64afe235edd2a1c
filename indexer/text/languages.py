"""Languages as BCP 47 tags, from what catalogues really hold: zh_CN, chi, 汉语, 繁体, lzh, ja-jp."""

from __future__ import annotations

import re
from functools import lru_cache

# What records say → tag. Keys are lower-case with "-".
_NAMES = {
    "zh": "zh", "chi": "zh", "zho": "zh", "chs": "zh-Hans", "cht": "zh-Hant", "cn": "zh", "zh-hans": "zh-Hans",
    "zh-hant": "zh-Hant", "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-my": "zh-Hans", "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant", "zh-mo": "zh-Hant",
    "chi-hans": "zh-Hans", "chi-hant": "zh-Hant", "zh-chs": "zh-Hans", "zh-cht": "zh-Hant",
    "cmn": "zh", "cmn-hans": "zh-Hans", "cmn-hant": "zh-Hant", "yue": "yue", "wuu": "wuu", "nan": "nan", "hak": "hak",
    "中文": "zh", "汉语": "zh", "漢語": "zh", "汉文": "zh", "漢文": "lzh", "国语": "zh", "普通话": "zh", "华文": "zh",
    "华语": "zh",
    "中文简体": "zh-Hans", "简体": "zh-Hans", "简体中文": "zh-Hans", "简体字": "zh-Hans", "中文繁体": "zh-Hant",
    "繁体": "zh-Hant",
    "繁體": "zh-Hant", "繁体中文": "zh-Hant", "繁體中文": "zh-Hant", "繁体字": "zh-Hant", "正体": "zh-Hant",
    "正體": "zh-Hant",
    "中文(简体)": "zh-Hans", "中文(繁体)": "zh-Hant", "粤语": "yue", "粵語": "yue", "闽南语": "nan",
    "文言": "lzh", "文言文": "lzh", "古文": "lzh", "古汉语": "lzh", "古代汉语": "lzh", "lzh": "lzh",
    "藏文": "bo", "藏语": "bo", "tib": "bo", "bod": "bo", "维文": "ug", "维吾尔文": "ug", "维吾尔语": "ug",
    "uig": "ug",
    "蒙文": "mn", "蒙古文": "mn", "蒙语": "mn", "蒙古语": "mn", "mon": "mn", "mvf": "mvf", "壮文": "za", "壮语": "za",
    "zha": "za",
    "哈萨克文": "kk", "哈萨克语": "kk", "kaz": "kk", "朝鲜文": "ko", "朝鲜语": "ko", "韩语": "ko", "韩文": "ko",
    "kor": "ko",
    "彝文": "ii", "彝语": "ii", "iii": "ii", "满文": "mnc", "满语": "mnc", "mnc": "mnc", "傣文": "khb",
    "柯尔克孜文": "ky", "kir": "ky",
    "锡伯文": "sjo", "西夏文": "txg", "梵文": "sa", "梵语": "sa", "san": "sa", "巴利文": "pi",
    "英文": "en", "英语": "en", "eng": "en", "日文": "ja", "日语": "ja", "jpn": "ja", "jp": "ja", "俄文": "ru",
    "俄语": "ru", "rus": "ru",
    "法文": "fr", "法语": "fr", "fre": "fr", "fra": "fr", "德文": "de", "德语": "de", "ger": "de", "deu": "de",
    "西班牙文": "es",
    "西班牙语": "es", "spa": "es", "阿拉伯文": "ar", "阿拉伯语": "ar", "ara": "ar", "葡萄牙语": "pt", "por": "pt",
    "意大利语": "it",
    "ita": "it", "拉丁文": "la", "lat": "la", "越南语": "vi", "vie": "vi", "泰语": "th", "tha": "th", "mul": "mul",
    "und": "und",
    "多语种": "mul", "english": "en", "chinese": "zh", "japanese": "ja", "french": "fr", "german": "de",
    "russian": "ru", "korean": "ko",
}  # fmt: skip
# ISO 639-1, and the three-letter codes of China's peoples that have no two-letter one.
_PRIMARY_CODES = (
    "aa ab af am ar as ay az ba be bg bh bi bn bo br bs ca ce co cs cv cy da de dv dz el en eo es et eu fa fi fj fo "
    "fr fy ga gd gl gn gu"
    " ha he hi hr hu hy ia id ig ii ik is it iu ja jv ka kk kl km kn ko ks ku ky la lb lo lt lv mg mi mk ml mn mr ms "
    "mt my na nb ne nl nn"
    " no oc om or os pa pi pl ps pt qu rm rn ro ru rw sa sd sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti "
    "tk tl tn to tr ts tt"
    " tw ty ug uk ur uz vi vo wo xh yi yo za zh zu"
    " yue wuu nan hak gan hsn cdo cjy cpx czh lzh khb mnc sjo txg mvf kjh bca lis nxq hni lhu jiu bfs ady dng mul "
    "und zxx"
)
_PRIMARY = frozenset(_PRIMARY_CODES.split())
_TAG = re.compile(r"([a-z]{2,3})((?:-[a-z0-9]{1,8})*)\Z")
_CACHED = 200
_SEPARATORS = re.compile(r"[;；,，、|/\s]+")


def parse_languages(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The languages of a field, in its order, without repetition.

    Args:
        text: one or several languages parted by `;`, `,`, `、`, `/` or spaces.

    Returns:
        The BCP 47 tags, and the words that were not known; those stand among the tags in lower case.
    """
    return (_parse if len(text) <= _CACHED else _parse.__wrapped__)(text.strip())


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tags: list[str] = []
    unknown: list[str] = []
    for word in _SEPARATORS.split(text):
        if not word:
            continue
        tag = language_tag(word)
        if tag is None:
            tag = word.lower()[:35]
            unknown.append(word)
        if tag not in tags:
            tags.append(tag)
    return tuple(tags), tuple(unknown)


def language_tag(word: str) -> str | None:
    """The BCP 47 tag of one word, None when it is unknown. Regions keep their place: ja-JP, en-US.

    A region of Chinese says in practice which characters are printed: zh-CN becomes zh-Hans, zh-TW zh-Hant, so that
    readers find one 简体 and one 繁体 among the languages.
    """
    key = word.strip().lower().replace("_", "-").replace("（", "(").replace("）", ")")
    key = key.partition(".")[0]
    if key in _NAMES:
        return _NAMES[key]
    match = _TAG.match(key)
    if not match:
        return None
    primary = _NAMES.get(match[1], match[1])
    if primary.partition("-")[0] not in _PRIMARY:
        return None
    return "-".join([primary, *(_subtag(s) for s in match[2].split("-")[1:])])


def _subtag(text: str) -> str:
    """Script in title case, region in upper case, the rest lower."""
    if len(text) == 4 and text.isalpha():
        return text.title()
    return text.upper() if len(text) == 2 and text.isalpha() else text
