"""Chinese syllables without tones: which characters may sound how, and how typed letters fall into syllables.

`indexer.text.sounds` decides one reading by words and tones; here a title is to be found by every reading that a
reader may have in mind, so the tables of words are not needed, nor their memory.
"""

from __future__ import annotations

import importlib.util
import json
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from indexer.analysis import fold, is_spaceless, units

FIRST, LAST = 0x3400, 0x9FFF
"""Code points of the characters whose readings are known."""

MOST_READINGS = 3
"""Readings of one character."""

MOST_SOUNDS = 4
"""Sounds of one title that has several characters with several readings."""

MOST_UNITS = 12
"""Characters, words and numbers of a title that its sound goes over."""

SYLLABLES = frozenset(
    """a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng
    cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu
    cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo e ei
    en eng er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui
    gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie
    jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo la
    lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man
    mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang
    niao nie nin ning niu nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po
    pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru ruan
    rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai
    shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong
    tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue
    xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan
    zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun
    zuo""".split()  # noqa: SIM905 - a list literal would be three screens
)
_BEGINNINGS = frozenset(syllable[:end] for syllable in SYLLABLES for end in range(1, len(syllable) + 1))
_LONGEST = 6
# Characters that people read in more ways than the table's first, with what they may have in mind; tables of all
# readings hold many that only scholars know (红 as gong), which would find what nobody means. Reviewed by hand.
_OTHERS = {
    character: tuple(sounds.split("/"))
    for character, sounds in (
        pair.split(":")
        for pair in (  # noqa: SIM905
            "阿:e 艾:yi 拗:niu 扒:pa 柏:bo 蚌:beng 薄:bo 堡:pu/bu 暴:pu 辟:bi 扁:pian 便:pian 伯:bai 卜:bu "
            "参:shen/cen 藏:zang 曾:zeng 差:chai/ci 查:zha 禅:shan 单:shan/chan 长:chang 朝:zhao 车:ju 称:chen "
            "盛:cheng 乘:sheng 匙:chi 臭:xiu 畜:xu 传:zhuan 绰:chao 伺:si 攒:cuan 弹:tan 得:dei 调:tiao 丁:zheng "
            "都:du 度:duo 囤:tun 恶:wu 佛:fo 否:pi 脯:fu 给:ji 盖:ge 谷:yu 龟:jun/qiu 会:kuai 还:huan 行:hang 和:huo "
            "核:hu 虹:jiang 系:ji 夹:ga 贾:gu 见:xian 降:xiang 角:jue 脚:jue 校:jiao 嚼:jiao 觉:jiao 解:xie 劲:jing "
            "颈:geng 咀:zui 圈:juan 卡:qia 咳:hai 壳:qiao 溃:hui 腊:xi 蜡:zha 落:la/lao 乐:yue/yao 勒:le 俩:liang "
            "六:lu 绿:lu 露:lou 率:shuai 络:lao 埋:man 脉:mo 没:mo 秘:bi 泌:bi 模:mu 摩:ma 缪:miao/miu 牟:mu 呢:ni "
            "娜:nuo 弄:long 疟:yao 区:ou 炮:bao 胖:pan 刨:bao 屏:bing 朴:piao/po 瀑:bao 曝:bao 齐:zhai 铅:yan "
            "纤:qian 强:jiang 茄:qie 仇:qiu 雀:qiao 塞:se 色:shai 厦:xia 杉:sha 折:she 射:ye 省:xing 似:si 熟:shou "
            "属:zhu 数:shuo 说:yue 宿:xiu 沓:ta 覃:qin 汤:shang 陶:yao 拓:ta 尾:yi 尉:yu 洗:xian 吓:he 巷:hang "
            "削:xiao 叶:xie 血:xie 咽:ye 员:yun 遗:wei 殷:yan 吁:yu 择:zhai 翟:zhai 扎:za 粘:nian 着:zhuo/zhao/zhu "
            "著:zhe/zhuo/zhao 爪:zhua 重:chong 种:chong 幢:zhuang 琢:zhuo 卒:cu 柞:zuo 尺:che 厂:an 宛:yuan 枸:ju "
            "缩:su 隗:wei 郇:xun 繁:po 郗:chi 乜:nie 褚:zhu 浒:xu 茜:xi 虾:ha 貉:he 亟:qi 蕃:bo 番:pan 浚:xun 涡:guo "
            "阚:kan 莘:xin 枞:zong "
        ).split()
    )
}


@cache
def table() -> dict[str, tuple[str, ...]]:
    """Folded character → its syllables, the commonest first. Memory: about 4 MB; only makers of indexes need it.

    pypinyin's own file is read and not the library, which would load 50 MB of words with it.
    """
    package = importlib.util.find_spec("pypinyin")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pypinyin")
    path = Path(next(iter(package.submodule_search_locations))) / "pinyin_dict.json"
    kept: dict[str, tuple[str, ...]] = {}
    for code, sounds in json.loads(path.read_bytes()).items():
        character = chr(int(code))
        if FIRST <= int(code) <= LAST and fold(character) == character:
            known = list(dict.fromkeys(filter(None, map(toneless, sounds.split(",")))))
            others = [sound for sound in _OTHERS.get(character, ()) if sound != known[0]]
            kept[character] = tuple((known[:1] + others)[:MOST_READINGS])
    return kept


@lru_cache(maxsize=8192)
def toneless(syllable: str) -> str:
    """A syllable as it is typed: `lǜ`, `lü4` and `lv` are `lv`; empty for what is none."""
    plain = unicodedata.normalize("NFD", syllable.lower()).replace("u\u0308", "v")
    return "".join(c for c in plain if "a" <= c <= "z")


def sounds_of(normal: str, spoken: str, known: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sounds of a normal text, the likeliest first, each a syllable, word or number for each of its units.

    Args:
        normal: normal text.
        spoken: the record's own reading (`title_pinyin`), its parts between spaces; heeded when it has as many parts.
        known: from `table`.

    Returns:
        At most `MOST_SOUNDS`, none for a text without Chinese characters. Characters of unknown reading are left out.
    """
    parts = [unit for stretch in normal.split() for unit in units(stretch)]
    own = spoken.split()
    if len(own) != len(parts):
        own = []
    choices: list[tuple[str, ...]] = []
    chinese = False
    for place, part in enumerate(parts[:MOST_UNITS]):
        readings = known.get(part, ())
        if readings:
            chinese = True
            told = toneless(own[place]) if own else readings[0]
            if told != readings[0] and told in SYLLABLES:
                readings = (told, *(reading for reading in readings if reading != told))
            choices.append(readings)
        elif not is_spaceless(part[0]):
            choices.append((part,))
    if not chinese:
        return []
    likeliest = [choice[0] for choice in choices]
    found = [tuple(likeliest)]
    # One character read otherwise at a time: a title in which two are is found by the reading of its words.
    for place, choice in enumerate(choices):
        for reading in choice[1:]:
            if len(found) == MOST_SOUNDS:
                return found
            found.append((*likeliest[:place], reading, *likeliest[place + 1 :]))
    return found


def splits(letters: str, most: int) -> list[tuple[str, ...]]:
    """How letters may stand for syllables, some of them by their first letter: `honglm` → hong, l, m.

    Whole syllables come before first letters. The last part may be the beginning of a syllable.

    Args:
        letters: a to z.
        most: how many answers at most; the work is bounded with it.
    """
    found: list[tuple[str, ...]] = []
    budget = 40 * most

    def walk(at: int, parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        nonlocal budget
        budget -= 1
        if budget < 0:
            return
        if at == len(letters):
            yield parts
            return
        for end in range(min(len(letters), at + _LONGEST), at, -1):
            part = letters[at:end]
            if (
                part in SYLLABLES
                or (end == len(letters) and part in _BEGINNINGS)
                or (end == at + 1 and part not in "iuv")
            ):
                yield from walk(end, (*parts, part))

    for parts in walk(0, ()):
        found.append(parts)
        if len(found) == most:
            break
    return found


def is_sound(letters: str) -> bool:
    """Whether letters are whole syllables from end to end, as hongloumeng is and python is not."""
    reached = {0}
    for at in range(len(letters)):
        if at in reached:
            reached.update(
                end for end in range(at + 1, min(len(letters), at + _LONGEST) + 1) if letters[at:end] in SYLLABLES
            )
    return bool(letters) and len(letters) in reached
