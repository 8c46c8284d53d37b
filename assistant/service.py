"""Commands around a server and its care: mcp, doctor, user, make-questions, corrections, inspect."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assistant.errors import AssistantError
from assistant.settings import load_settings


@click.command(epilog="\b\nExample:\n  assistant mcp --index index")
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
def mcp(**options: Any) -> None:
    """给别的程序用的 MCP 工具，走标准输入输出。 The archive as MCP tools over standard input and output."""
    from assistant.api.doors import desk_of
    from assistant.api.tools import tools
    from assistant.chain import build_chain

    settings = load_settings(**options)
    chain = build_chain(settings)
    tools(desk_of(chain, settings), chain.retriever).run("stdio")


@click.command(epilog="\b\nExample:\n  assistant doctor --index index")
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.pass_context
def doctor(ctx: click.Context, /, **options: Any) -> None:
    """检查这台机器能不能用，并说该敲什么。 Checks this machine, and says what to type."""
    from assistant.examination import examined

    findings = examined(load_settings(**options))
    for finding in findings:
        click.echo(f"{'好 ok ' if finding.well else '不行 no'}  {finding.what}" + ("" if finding.well else f"\n        {finding.remedy}"))
    ctx.exit(0 if all(finding.well for finding in findings) else 1)


@click.group(epilog="\b\nExample:\n  assistant user add 王编辑 --role editor")
@click.option("--users", metavar="FILE", help="File of the accounts [default: ASSISTANT_USERS, or users.json].")
@click.pass_context
def user(ctx: click.Context, users: str | None) -> None:
    """账户：谁可以进来。 The accounts: who may come in."""
    ctx.obj = Path(load_settings(users=users).users or "users.json")


@user.command("add", epilog="\b\nExample:\n  assistant user add 王编辑 --role editor")
@click.argument("name")
@click.option("--role", type=click.Choice(["reader", "editor"]), default="reader", show_default=True,
              help="What the account may do.")
@click.password_option("--password", help="The password; asked for where it is not given.")
@click.pass_obj
def add_user(file: Path, name: str, role: Any, password: str) -> None:
    """加一个账户，或换它的密码。 Adds an account, or changes its password."""
    from assistant.api.accounts import new_user, read_users, write_users

    users = read_users(file)
    write_users(file, users | {name: new_user(name, role, password)})
    click.echo(f"{name} 在 {file} 里了。Added. 用法 Use: ASSISTANT_USERS={file} assistant chat")


@user.command("key", epilog="\b\nExample:\n  assistant user key 王编辑")
@click.argument("name")
@click.pass_obj
def add_key(file: Path, name: str) -> None:
    """给账户一把给程序用的密钥，只显示这一次。 Gives an account a key for programs, shown only now."""
    from assistant.api.accounts import read_users, with_key, write_users

    users = read_users(file)
    if name not in users:
        raise _no_user(file, name)
    users[name], key = with_key(users[name])
    write_users(file, users)
    click.echo(key)


@user.command("remove", epilog="\b\nExample:\n  assistant user remove 王编辑")
@click.argument("name")
@click.pass_obj
def remove_user(file: Path, name: str) -> None:
    """去掉一个账户和它的密钥。 Removes an account with its keys."""
    from assistant.api.accounts import read_users, write_users

    users = read_users(file)
    if name not in users:
        raise _no_user(file, name)
    write_users(file, {other: account for other, account in users.items() if other != name})


@user.command("list", epilog="\b\nExample:\n  assistant user list")
@click.pass_obj
def list_users(file: Path) -> None:
    """列出账户。 Lists the accounts."""
    from assistant.api.accounts import read_users

    for account in read_users(file).values():
        click.echo(f"{account.name}  {account.role}  {len(account.keys)} 把密钥 keys")


def _no_user(file: Path, name: str) -> AssistantError:
    return AssistantError(f"{file} 里没有 {name}。请运行 assistant user add {name}。",
                          f"There is no {name} in {file}. Run: assistant user add {name}")


@click.command("make-questions", epilog="\b\nExample:\n  assistant make-questions --out drafts.jsonl -n 200")
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File of the drafts, JSON Lines.")
@click.option("-n", "number", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Drafts written.")
def make_questions(index: str | None, out: Path, number: int) -> None:
    """从库里起草评测题，供人修改。 Drafts evaluation questions from the archive, for a person to mend."""
    from assistant.evaluation.drafting import drafted
    from assistant.index.snapshot import Index

    rows = drafted(Index(Path(load_settings(index=index).index)).current().articles.articles(), number)
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    click.echo(f"起草了 {len(rows)} 题，在 {out}；请先修改再用。Drafted {len(rows)} questions; mend them before use.")


@click.command("corrections", epilog="\b\nExample:\n  assistant corrections --index index")
@click.option("--index", metavar="DIR", help="Folder of the index [default: ./index].")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def corrections_command(as_json: bool, **options: Any) -> None:
    """列出报上的更正和它们更正的文章。 List the printed corrections and what they correct."""
    from assistant.corrections import corrections
    from assistant.index.snapshot import Index

    found = corrections(Index(Path(load_settings(**options).index)).current())
    rows = [{"notice": one.notice.id, "date": one.notice.date, "corrects": one.corrects.id, "title": one.corrects.heading,
             "says": one.notice.text[one.start:one.end]} for one in found]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{row['date'] or ''} {row['notice']} → {row['corrects']}《{row['title']}》\n    {row['says']}")
    if not rows:
        click.echo("没有更正。There are no corrections.")


@click.command("inspect", epilog="\b\nExample:\n  assistant inspect corpus/2025-11-18 --html check.html")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--html", "out", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False),
              help="Write a page that shows the articles beside the pictures of their pages.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def inspect_command(ctx: click.Context, path: Path, out: Path | None, as_json: bool) -> None:
    """读出了什么，什么可疑。 What is read of a file or a folder, and what is doubtful."""
    from assistant.corpus.inspection import doubts, inspect, page_html, told

    inspection = inspect(path)
    if as_json:
        click.echo(json.dumps({"articles": [{**article.to_json(), "doubts": doubts(article)} for article in inspection.articles],
                               "failed": [asdict(row) for row in inspection.failed],
                               "skipped": [asdict(row) for row in inspection.skipped]}, ensure_ascii=False, indent=2))
    else:
        click.echo(told(inspection))
    if out:
        out.write_text(page_html(inspection), encoding="utf-8")
        click.echo(f"对照页在 {out}。The page to check it by is {out}.", err=True)
    ctx.exit(1 if inspection.failed else 0)
