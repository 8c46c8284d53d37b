"""Who signed a piece and as what, and the lines around it that are not its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.language.text import HAN

NAME = rf"[{HAN}]{{2,4}}(?:·[{HAN}]{{1,8}}){{0,3}}"
PEOPLE = rf"{NAME}(?:[\s、，,]+{NAME}(?!\s*[:：]))*"
_MEDIA = rf"(?:本[报刊台网]|[{HAN}]{{2,6}}[报网社台](?:·[{HAN}]{{2,6}}[报网社台])?)?(?:驻[{HAN}]{{1,4}}?)?"
_RANK = r"(?:首席|见习|实习|特约|特派|全媒体|融媒体|融媒|新媒体){0,2}"
_OFFICE = "记者|通讯员|评论员|撰稿人|撰稿|作者|编辑"
_WORKS = {"摄": "摄影", "图": "摄影", "供图": "摄影", "摄影": "摄影", "绘": "绘图", "作": "绘图", "制图": "绘图"}
"""What made a picture is told apart from what wrote; all other work (文, 采写, 整理) leaves a reporter a reporter."""
_WORK = "摄影报道|综合报道|文字整理|报道|摄影|采写|撰文|文字|整理|制图|供图|图文|文图|文|图|摄|作|绘"
ROLE = rf"(?:{_MEDIA}{_RANK}\s*(?:{_OFFICE})|实习生|(?<![{HAN}])(?:{_WORK})(?![{HAN}]))"
_ROLE_IN_BYLINE = re.compile(
    rf"(?P<office>{_MEDIA}(?P<rank>{_RANK})\s*(?P<noun>{_OFFICE})|实习生)"
    rf"|(?<![{HAN}])(?P<work>{_WORK})(?P<before>\s*[/／:：])?(?![{HAN}]|(?<=[/／:：])$)"
    rf"|(?<![{HAN}])(?P<opens>{_WORK})[/／:：](?=[{HAN}])")
ISSUED = r"(?:\s*[(（][^()（）]{2,8}发[)）])"
_BYLINE = re.compile(
    rf"[□○◎][{HAN}·\s、，:：/]{{2,24}}"
    r"|[■●◆▲★【]?\s*(?=[^。]*(?:记者|通讯员|实习生|评论员|作者|撰稿|文|图|摄))"
    rf"(?:{ROLE}[\s:：/】]*{PEOPLE}[\s/]*)+{ROLE}?")

_FURNITURE = re.compile(
    r"\s*[【(（\[■□]*(?:原标题\s*[:：].*|\S{0,4}版权所有.*|本文(?:来源|转自)[:：].*"
    r"|(?:(?:责任|值班|执行|本期|一审|二审|三审|初审|复审|终审)?(?:编辑|责编|编审|校对|审核|审校|监制|主编|编委|主任|版式|美编|组版"
    r"|排版|来源|稿源|制作|统筹|策划|一审|二审|三审|初审|复审|终审)\s*[】\]]?\s*[:：】\]丨|]?\s*(?:[^\s:：。，；]{2,16}[\s、|丨/]*){1,4}"
    r"[)）\]】]*\s*)+)")
_STAFF_MARK = re.compile(r"[:：】\]丨|]|编辑\s|责编\s|校对\s|审核\s")
_FOLLOW_US = re.compile("蓝字|二维码|扫码关注|长按识别|关注我们|关注[“「]?本?公众号|阅读原文|点亮.{0,4}在看|点赞.{0,6}(?:在看|转发|分享)|投稿邮箱")
_ORIGINAL_TITLE = re.compile(r"\s*原标题\s*[:：]\s*(?P<title>[^\n]{2,80}?)(?:\s*\n|\s{4,})")

_TAIL = re.compile(r"(?:(?<=[。！？”）)\s])\s*返回\S{2,6}，查看更多)?\s*(?<=[。！？”）)\s多])责任编辑\s*[:：][^。]{0,30}\s*$")
"""The editor's name behind the last sentence, where a site gives its text without lines."""


def split_names(byline: str) -> tuple[str, ...]:
    """The names of a byline in order, each once: separated by 、，, or blanks; 记者 and other roles left out.

    Single characters apart are one name (筠 溪 → 筠溪), two names when they are four.
    """
    return tuple(dict.fromkeys(name for name, _ in signed(byline)))


def signed(byline: str) -> list[tuple[str, str]]:
    """The names of a byline in order, each with its role: 全媒体记者, 通讯员, 实习生, 摄影, 文 …, or "" where none is said.

    A role counts for the names after it (记者张三、李四) up to the next one; work may also follow (张三 摄, 李四/文).
    """
    found: list[tuple[str, str]] = []
    role, own, at = "", "", 0  # the office said last, the work said before names
    byline = re.sub(rf"(?<=[{HAN}]{{2}})摄(?=\s|$)", " 摄", re.sub(ISSUED, "", byline))
    for match in (*_ROLE_IN_BYLINE.finditer(byline), None):
        names = list(_names(byline[at:match.start() if match else len(byline)]))
        work = (match["work"] or match["opens"] or "") if match else ""
        after = bool(match and work and names and not own and not match["before"] and not match["opens"])
        kind = own or (work if after else "")
        found += [(name, _WORKS.get(kind) or role or kind) for name in names]
        if match is None:
            break
        if match["office"]:
            role = (match["rank"] or "") + (match["noun"] or "实习生")
            at = match.end()
            continue
        own = "" if after else work
        if after or match["before"] or match["opens"]:
            role = ""
        at = match.end()
    return _first(found)


def _first(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each name once, with the first role that is said of it."""
    roles: dict[str, str] = {}
    for name, role in found:
        roles[name] = roles.get(name) or role
    return list(roles.items())


def _names(written: str) -> Iterator[str]:
    for group in re.split(r"[、，,;；:：/／|]+", written):
        singles: list[str] = []
        for word in (*re.split(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])", group.strip(" \t\n\u3000\xa0□○◎■●◆▲★()（）【】[]")), ""):
            if re.fullmatch(f"[{HAN}]", word):
                singles.append(word)
                continue
            step = 2 if len(singles) % 2 == 0 else len(singles)
            yield from ("".join(singles[i:i + step]) for i in range(0, len(singles), step))
            singles = []
            if word:
                yield word


def is_byline(line: str) -> bool:
    """Whether a line names who wrote a piece and nothing else: □ 筠溪, 本报记者 张三 通讯员 李四."""
    return _BYLINE.fullmatch(line) is not None


def ends_with_credit(line: str) -> bool:
    """Whether a line ends with who took a picture: …。张三 摄, （李四供图）."""
    return bool(re.search(rf"[{HAN}]\s*(?:摄|摄影|摄影报道|供图){ISSUED}?[)）]?$", line.rstrip()))


def is_furniture(line: str) -> bool:
    """Whether a line stands around an article and is none of its text: 原标题：…, 责任编辑：…, 扫码关注我们."""
    if len(line) > 80:
        return False
    if len(line) <= 30 and _FOLLOW_US.search(line) and not line.rstrip().endswith("。"):
        return True
    return bool(_STAFF_MARK.search(line) and _FURNITURE.fullmatch(line))


def without_furniture(text: str) -> tuple[str, str | None]:
    """The text without its lines of furniture, and the title that a line 原标题：… at its head names, or None."""
    original = _ORIGINAL_TITLE.match(text)
    text = text[original.end():] if original else text
    if tail := _TAIL.search(text, max(0, len(text) - 120)):
        text = text[:tail.start()]
    if not _FOLLOW_US.search(text) and not _STAFF_MARK.search(text):
        return text, original and original["title"].strip()
    lines = text.split("\n")
    kept = [line for line in lines if not is_furniture(line)]
    return "\n".join(kept) if len(kept) < len(lines) else text, original and original["title"].strip()
