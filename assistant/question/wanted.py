"""The kind of thing that a question for a fact asks for, and the measure it is counted by."""

from __future__ import annotations

import re

from assistant.language.text import fold

_WANTS = (
    ("why", r"为什么|为何|为啥|何以|原因|凭什么|咋会|怎么会"),
    ("date", r"什么时候|什么时间|啥时候|啥时间|何时|哪一?天|哪一?年|哪个?月|几月|几号|几点|几时|日期|时间是"),
    ("list", r"哪些|哪几|有什么|有啥|哪两|哪三|分别|包括什么|都有谁|(办|送|推|开展|表演|演)了什么"),
    ("person", r"谁|哪位|何人|什么人|啥人|(人|员|手|师|长|生|友|夫|妻|父|母|士|男子?|女子?|孩子?|同学|者|家|馆长|书记|主任)(都|分别)?是?叫(什么|啥)"),
    ("number", r"多少|几(?!乎)|百分之几|多大|多[高长久重远宽深]|占比|比例是"),
    ("place", r"哪里|哪儿|什么地方|啥地方|何地|在哪|地点|哪个?(区|县|市|省|社区|街道|村|镇|馆|广场|剧院|大厅|医院)"),
    ("organisation", r"哪个?(单位|部门|机构|局|公司|企业|协会|团体|学校|大学|小学|中学|院校)|哪家|哪所|什么(单位|部门|机构)"),
    ("title", r"叫什么|叫啥|什么名|啥名|名称|名字|题目|标题|什么(节目|歌|舞蹈?|戏曲?|作品|诗歌?|书|称号|荣誉|奖|主题|口号)|啥(节目|歌|舞|诗|奖)"),
    ("how", r"怎么|如何|怎样|咋|什么(办法|措施|方式|做法|手段|途径)"),
    ("yesno", r"吗[？?]?$|是否|是不是|有没有|能不能|会不会|可不可以|算不算|对不对|行不行"),
)
_MEASURE = re.compile(r"(?:多少|几|第几)(?:多)?(人次|个百分点|百分点|个?小时|个?月|个|名|位|人|家|次|场|项|件|条|支|座|所|处|元|万元|亿元|岁|年|天|小时|分钟|公里|米|吨|"
                      r"篇|份|人次|户|辆|平方米|平米|块|钱|只|种|批|届|首|部|本|套|栋|间|亩|期|轮|分|度|成|倍|斤|号|页|版|台|张|站|句|字)?")

_ATTRIBUTES = (
    ("号码", r"(电话|热线|号码|联系方式|手机号|微信号|邮编)[^，。]{0,4}(多少|是什么|是啥|几号)|[打拨][^，。]{0,3}(哪个|什么|啥)(号|电话)"),
    ("元", r"(多少|几).{0,2}(钱|块|费|补贴|奖金|工资|资金|收入|利润|租金|报酬)|(费用?|价格?|票价|均价|房价|工资|薪水|收入|补贴|奖金|资金|金额|预算|投资|造价|花费|学费|门票|报酬|利润|产值|营收|罚款|租金|待遇)"
           r"[^，。]{0,6}(多少|几(?!个|名|家|次))"),
    ("岁", r"多大(年纪|岁数|年龄)?了?[？?]?$|(年龄|年纪|岁数).{0,4}(多少|多大|几)|几岁|多少岁"),
    ("%", r"百分之几|百分比|(占比|比例|率|增幅|涨幅|同比|增长|下降|涨)[^，。]{0,6}(多少(?!个|名|家|次|人)|几个?点|几成)"),
    ("点", r"几点|几时"),
    ("时长", r"多久|多长时间|多少时间"),
    ("面积", r"(占地|面积)[^，。]{0,4}(多少|多大)|多大(的)?面积"),
    ("长度", r"多[远高宽深]|多长(?!时间)|(距离|长度|高度|水深|深度|里程)[^，。]{0,4}(多少|多大)"),
    ("重量", r"多重|重量[^，。]{0,3}多少"),
)
"""What an attribute is counted by when the question does not say it."""


def wants(question: str) -> str:
    """The kind of thing a question asks for; "what" when no rule knows."""
    folded = fold(question)
    kind = next((kind for kind, pattern in _WANTS if re.search(pattern, folded)), "what")
    return "number" if kind != "number" and measure(question) == "号码" else kind


def measure(question: str) -> str:
    """The measure word asked for, or what the attribute is always counted by: 票价 by 元, 年龄 by 岁."""
    folded = fold(question)
    match = _MEASURE.search(folded)
    if match and match[1] and match[1] not in ("个", "钱", "块"):
        return match[1]
    return next((counted for counted, pattern in _ATTRIBUTES if re.search(pattern, folded)), match[1] or "" if match else "")
