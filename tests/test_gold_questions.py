"""Question files, good and bad."""

import pytest

from assistant.errors import QuestionsError
from assistant.evaluation.questions import GoldQuestion, read_questions


def written(folder, *lines):
    path = folder / "q.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


def test_all_fields(tmp_path):
    path = written(tmp_path, '{"id": "a", "question": "谁？", "answers": ["张三", "李四"], "need": "all", '
                             '"articles": ["a.md"], "unanswerable": false, "why": "多出来的字段"}',
                   '{"question": "何时？", "id": null, "answers": null, "need": null, '
                   '"articles": [], "unanswerable": true}')
    assert read_questions(path) == [GoldQuestion(1, "a", "谁？", ("张三", "李四"), "all", ("a.md",)),
                                    GoldQuestion(2, "2", "何时？", unanswerable=True)]


@pytest.mark.parametrize(("line", "named", "error"), [
    ("[1, 2]", "1", "这一行不是 JSON 对象。This line is not a JSON object."),
    ("[" * 100_000, "1", "这一行不是 UTF-8 编码的 JSON。This line is not JSON in UTF-8."),
    ('{"question": "\\ud800"}', "1", "这一行不是 UTF-8 编码的 JSON。This line is not JSON in UTF-8."),
    ('{"id": "x"}', "x", "这一行没有 question。This line has no question."),
    ('{"id": "x", "question": null}', "x", "这一行没有 question。This line has no question."),
    ('{"id": "x", "question": 5}', "x", "question 应为字符串。question must be a string."),
    ('{"id": ["x"], "question": "问"}', "1", "id 应为字符串。id must be a string."),
    ('{"id": true, "question": "问"}', "1", "id 应为字符串。id must be a string."),
    ('{"question": "问", "answers": "答"}', "1",
     "answers 应为非空字符串的列表。answers must be a list of strings that are not empty."),
    ('{"question": "问", "answers": [""]}', "1",
     "answers 应为非空字符串的列表。answers must be a list of strings that are not empty."),
    ('{"question": "问", "articles": [3]}', "1",
     "articles 应为非空字符串的列表。articles must be a list of strings that are not empty."),
    ('{"question": "问", "need": "some"}', "1", "need 应为 any 或 all。need must be any or all."),
    ('{"question": "问", "unanswerable": 1}', "1", "unanswerable 应为 true 或 false。unanswerable must be true or false."),
    ('{"question": "你好"}'.encode("gbk"), "1", "这一行不是 UTF-8 编码的 JSON。This line is not JSON in UTF-8."),
])
def test_a_malformed_line_does_not_stop_the_others(tmp_path, line, named, error):
    assert read_questions(written(tmp_path, line, '{"question": "问"}')) == [
        GoldQuestion(1, named, error=error), GoldQuestion(2, "2", "问")]


def test_ids_default_to_the_line_and_may_not_repeat(tmp_path):
    path = written(tmp_path, "", '{"id": 7, "question": "一"}', '{"question": "二"}', '{"id": "7", "question": "三"}',
                   '{"id": "6", "question": "四"}', '{"question": "五"}')
    assert [(one.line, one.id, one.error) for one in read_questions(path)] == [
        (2, "7", ""), (3, "3", ""), (4, "7", "编号 7 与第 2 行重复。The id 7 repeats that of line 2."),
        (5, "6", ""), (6, "6", "编号 6 与第 5 行重复。The id 6 repeats that of line 5.")]


def test_bom_and_windows_line_ends(tmp_path):
    path = written(tmp_path, b'\xef\xbb\xbf{"id": "a", "question": "x\xe2\x80\xa8y"}\r', b'{"question": "z"}')
    assert read_questions(path) == [GoldQuestion(1, "a", "x\u2028y"), GoldQuestion(2, "2", "z")]


@pytest.mark.parametrize("content", [None, b"", b"\xef\xbb\xbf", b"\n  \n"])
def test_no_questions(tmp_path, content):
    path = tmp_path / "q.jsonl" if content is None else written(tmp_path, content)
    with pytest.raises(QuestionsError) as fault:
        read_questions(path)
    assert str(path) in fault.value.chinese and str(path) in fault.value.english
