"""Personal names in Chinese news text, found by surname, word borders, office and speech.

A heuristic for checking answers, not a catalogue: a name missed is a check not made, and a word taken
for a name does harm only where it does not stand in the article.
"""

from __future__ import annotations

import re

_PLAIN_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙朱胡郭何林罗郑梁宋唐韩冯邓曹彭曾肖董袁潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾夏韦傅邹孟秦邱江尹薛闫阎"
    "侯黎贺郝龚邵覃戴莫汤樊葛邢倪聂岳翟殷詹申欧耿焦俞柳祝阮柯纪梅童凌裴霍涂苗翁冉骆辛靳柴喻祁蒲屈饶解牟缪褚娄窦戚岑宫卜冷晏瞿佟臧闵苟邬边卞栾"
    "隋沙巫寇桑郎甄虞敖佘苑迟邝乔庞颜裘洪奚邸茹仝亓")
_WORDY_SURNAMES = frozenset("高马谢许于任金石方白熊段雷龙史陶顾毛万钱严武孔向康温施文牛安齐易伍庄章鲁关兰左甘包宁尚符舒单季成谷盛曲路游管"
                            "蒙鲍华房滕艾尤阳穆农司卓古吉简车项连芦麦党费席卫米柏宗桂全应师仇商刁荣丛仲巩明池查麻付代田时漆筠占禹占计乞")
"""These begin many words that are no names; they need an office or speech beside them."""
_SURNAMES = _PLAIN_SURNAMES | _WORDY_SURNAMES
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "慕容", "令狐", "司徒", "夏侯", "端木")
_NO_NAMES = frozenset(
    "陈述 陈列 陈旧 陈家 张贴 张家 张口 张开 李子 李家 杜绝 杜撰 杜鹃 杨浦 徐汇 徐徐 徐水 邵阳 吴江 吴兴 黄石 黄淮 黄桃 黄牛 黄河 黄金 黄头 黄毛 林芝 林木 "
    "林子 林草 林火 林肯 范畴 范围 范儿 周密 周转 周边 罗刹 罗斯 罗布 罗伯特 吕梁 卢布 卢比 卢森堡 卢沟桥 胡同 姜堰 秦岭 秦皇岛 唐山 唐诗 孔子 孙子 孙女 "
    "王子 王朝 王国 贺信 彭博 余震 许昌 许可 董秘 董事 夏令 夏季 夏天 夏威夷 申请 申城 申奥 江西 江苏 解密 解放 冷汗 柏林 丁香 梅花 梅西 宫殿 沙滩 沙龙 "
    "沙特 桑拿 边境 乔治 莫迪 莫斯科 戴尔 苗木 苏州 程序 程度 单位 文明 高达 高水平 高峰 高新 高龄 关怀 关于 安排 商场 师傅 师生 师范 顾客 顾问 任务 金山 金额 "
    "高兴 祝福 祝贺 连续 向阳 党员 洪水".split())
"""Words that begin like names and stand where names do; the most frequent ones of 17,000 news articles."""

_LETTER = "[A-Za-z\u4e00-\u9fff]"
_HAN = "[\u4e00-\u9fff]"
_OFFICE = re.compile("(?:" + "|".join((
    "记者", "通讯员", "书记员?", "主任", "主席", "教授", "博士", "医生", "医师", "护士", "老师", "教师", "教练", "民警", "警察", "律师", "法官",
    "检察官", "专家", "主播", "导演", "编剧", "歌手", "作者", "烈士", "英雄", "骑手", "司机", "志愿者", "居民", "村民", "市民", "学生", "同学",
    "家长", "女士", "先生", "工程师", "分析师", "选手", "代表", "助理", "总裁", "总监", "总理", "总统", "经理", "丈夫", "妻子", "儿子", "女儿",
    "父亲", "母亲", "祖父", "老伴", "哥哥", "弟弟", "姐姐", "妹妹", "老人", "小伙", "姑娘", "同志", "名叫", "叫做", "患者", "战士", "将领", "大将",
    "学者", "院士", "委员", "秘书", "店主", "摊主", "老板", "业主", "户主", "摄影", "编辑", "责编", "作词", "作曲", "中锋", "后卫", "前锋", "门将",
    "队友", "匠人", "老兵", "党员", "新郎", "新娘", "制片人", "传承人", "负责人", "发言人", "主持人", "创始人", "研发人员", "工作人员",
    "[局所馆站校院会部厅处科市区县镇乡村社队组班团连店厂行州省司署]长")) + r")[\s：:]?")
_ROLE_ENDINGS = "人员师家手者"
"""Of words of three characters or more: 设计师, 企业家, 讲解员."""
_AGENT = re.compile("(?:由|被|本名|原名|邀请|委托|派)$")
"""Words that a name follows often, and other things too."""
_SPEECH = re.compile("说|表示|介绍|告诉|认为|坦言|指出|强调|透露|回忆|解释|提醒|直言|感慨|笑着|烈士|同志|主任|书记|局长|院长|教授"
                     r"|夫妇|等人|女士|先生|老师|医生|律师|，[男女]，|[（(]")
_ADDRESSED = re.compile(f"(?:某某?|先生|女士|大爷|大妈|阿姨|奶奶|爷爷|老师|医生|师傅|律师|总)(?!{_HAN}?某)")
_NAME_TAGS = frozenset(("nr", "nrt", "nrfg"))
_GRAMMAR_TAGS = frozenset("p c d r m q y f u uj ul ug uz ud uv x w eng vd".split())
_GRAMMAR = frozenset("的了是在和与及等为以作将用说称因被给让从到对把又还也都就曾已于向并则却且而或其该此这那某写时家担受发主")
_NEVER_GIVEN = frozenset("的了是在和与有不被")


def names(text: str) -> list[tuple[int, int]]:
    """The (start, end) of everything in `text` that looks like a personal name, in order, without overlaps.

    Foreign names with their ·; a surname with 先生, 某 and the like; and Chinese names of two to four
    characters: any surname after an office or kin word, before speech, or next to another name in a
    list, elsewhere only a plain surname in what the segmenter takes for a name.
    """
    words = _words(text)
    tags = {start: (end, tag) for start, end, tag in words}
    spans = _foreign(text, words)
    # the segmenter joins 由马征 and 员罗国平 to one name: the second character may begin it as well
    inside = [start + 1 for start, end, tag in words
              if tag in _NAME_TAGS and end - start > 2 and text[start] not in _SURNAMES]
    after_office = {match.end() for match in _OFFICE.finditer(text)}
    after_office |= {end for start, end, _ in words if end - start > 2 and text[end - 1] in _ROLE_ENDINGS}
    for start in sorted({*tags, *inside, *after_office}):
        if start >= len(text) or any(begin <= start < end for begin, end in spans):
            continue
        listed = bool(spans) and spans[-1][1] == start - 1 and text[start - 1] in "、和与及"
        if end := _name_end(text, tags, start, listed or start in after_office):
            spans.append((start, end))
    return sorted(spans)


def _words(text: str) -> list[tuple[int, int, str]]:
    """(start, end, tag) of the segmenter's words."""
    import rjieba

    words, at = [], 0
    for word, tag in rjieba.tag(text):
        at = text.index(word, at)
        words.append((at, at + len(word), tag))
        at += len(word)
    return words


def _foreign(text: str, words: list[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """The spans of 雷诺·艾德: the words on both sides of each ·, runs of them joined."""
    spans: list[tuple[int, int]] = []
    for match in re.finditer(f"(?<={_LETTER})[·•](?={_LETTER})", text):
        before, after = match.span()
        start = next((start for start, end, _ in words if start < before <= end), before - 1)
        ends = [end for _, end, _ in words if end > after]
        end = next(end for end in ends if end - after > 1 or end == len(text) or not re.match(_LETTER, text[end]))
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _name_end(text: str, tags: dict[int, tuple[int, str]], start: int, marked: bool) -> int | None:
    """Where the name that begins at `start` ends, or None. `marked`: an office or a name stands before it."""
    compound = text.startswith(_COMPOUND, start)
    if text[start] not in _SURNAMES and not compound:
        return None
    if addressed := _ADDRESSED.match(text, start + 1):
        return addressed.end()
    first_end, first_tag = tags.get(start, (0, "nr"))
    second_tag = tags.get(start + 1, (0, ""))[1]
    if first_tag in ("p", "c", "d") or second_tag in _GRAMMAR_TAGS or text[start + 1:start + 2] in _NEVER_GIVEN:
        return None
    end = start + 2 + compound
    if end > len(text):
        return None
    end += _goes_on(text, tags, end)
    name = text[start:end]
    if not re.fullmatch(f"{_HAN}+", name) or name in _NO_NAMES or name[:2] in _NO_NAMES:
        return None
    is_name = first_tag in _NAME_TAGS
    if marked or is_name and (name[0] in _PLAIN_SURNAMES or first_end - start == 3 and text[end:end + 1] == "、"):
        return end
    agent = _AGENT.search(text[max(0, start - 3):start]) and (is_name or first_end == start + 1)
    return end if first_end and (agent or _SPEECH.match(text, end)) else None


def _goes_on(text: str, tags: dict[int, tuple[int, str]], end: int) -> bool:
    """Whether the character at `end` belongs to the name: no longer word and no word of grammar begins there."""
    if not re.match(_HAN, text[end:]) or text[end] in _GRAMMAR:
        return False
    word_end, tag = tags.get(end, (end, ""))
    return bool(_SPEECH.match(text, end + 1)) or (word_end - end < 2 and tag not in _GRAMMAR_TAGS)


def unsupported_names(text: str, evidence: str) -> list[tuple[int, int]]:
    """The spans of names in `text` that do not stand in `evidence`.

    Where a name with its last character left off stands there as a whole name, that character was the
    next word's; a surname with 先生 or 老师 stands where any name of that surname does.
    """
    known: set[str] | None = None
    found = []
    for start, end in names(text):
        name = text[start:end]
        if name in evidence:
            continue
        if known is None:
            known = {evidence[begin:stop] for begin, stop in names(evidence)}
        addressed = _ADDRESSED.match(name, 1) and any(other[0] == name[0] for other in known)
        if not addressed and not (name[:-1] in known and _stands_whole(name[:-1], evidence)):
            found.append((start, end))
    return found


def _stands_whole(name: str, evidence: str) -> bool:
    """Whether what follows `name` varies: one character behind every one of several belongs to the name."""
    following = [evidence[match.end():match.end() + 1] for match in re.finditer(re.escape(name), evidence)]
    return len(following) == 1 or len(set(following)) > 1
