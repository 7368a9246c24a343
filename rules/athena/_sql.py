"""SQL text to statements, and what a statement reads. sqlglot is loaded when there is any.

An unknown part of the text is let through where it can only be part of a name or of a
literal: inside quotes or a comment, and right beside a letter or a dot. Elsewhere it may be
any SQL, and then nothing is known about the statement.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from typing import NamedTuple
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

MAX_LENGTH = 262_144  # bytes; Athena takes no more
MAX_SELECTS = 300
"""In one statement; beyond that it is no query that somebody wrote."""
HOLE = re.compile(r'zhole(\d+)z')
"""What stands for the unknown parts of a text, by their number."""

# Strings, quoted names and comments, in which no other character means anything.
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.S)
_SKIPPED = re.compile(r'(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+', re.S)
_FIRST = re.compile(r'\(|\w+')
_UNLOAD = re.compile(r'unload\s*\(', re.I)
_UNLOAD_TAIL = re.compile(r"\s*to\s*'[^']*'\s*with\s*\((?P<properties>.*)\)\s*\Z", re.I | re.S)
_PROPERTY = re.compile(r"(\w+)\s*=\s*'([^']*)'")
_CREATE = re.compile(
    r'create\s+(?:or\s+replace\s+)?(?:table|view)\b.*\bas\b|create\s+(?:external\s+)?table\b',
    re.I | re.S,
)
_PARSED = frozenset(('(', 'create', 'insert', 'select', 'table', 'values', 'with'))


class Statement(NamedTuple):
    """One statement that reads or makes tables.

    `kind` is select, ctas, insert, unload, view or table (a plain CREATE TABLE).
    `properties` are those of its WITH clause, by name in lower case: a str, or a list of
    str for an ARRAY. `scopes` are all SELECTs, the innermost first, the outermost last.
    """

    kind: str
    query: exp.Query | None
    target: exp.Table | None
    properties: dict[str, Any]
    scopes: list[Scope]

    @property
    def top(self) -> Scope:
        return self.scopes[-1]


class Source(NamedTuple):
    """A stored table as one SELECT reads it."""

    table: exp.Table
    alias: str
    scope: Scope


def hole(number: int, before: str, after: str) -> str | None:
    """What to write for an unknown part between these texts; None where it may be any SQL."""
    rest = _QUOTED.sub(lambda match: '--' if match.group()[:2] == '--' else '', before)
    if re.search(r"""['"`]|/\*|--\Z""", rest):
        return f'zhole{number}z'
    beside = re.search(r'[\w.]\Z', before) or re.match(r'[\w.]', after)
    return f'zhole{number}z' if beside else None


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[Statement, ...]:
    """The statements of a text; those that cannot be read are left out."""
    if len(text) > MAX_LENGTH:
        return ()
    try:
        import sqlglot  # noqa: F401
    except ImportError:  # in a clone beside cfn-lint, where nobody installed it
        return ()
    return tuple(one for part in _split(text) if (one := _statement(part)) is not None)


def _split(text: str) -> list[str]:
    """By the semicolons outside of quotes."""
    masked = _QUOTED.sub(lambda match: '_' * len(match.group()), text)
    ends = [*(match.start() for match in re.finditer(';', masked)), len(text)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    parts = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [part for part in parts if part.strip()]


def _statement(text: str) -> Statement | None:
    from sqlglot.errors import SqlglotError

    skipped = _SKIPPED.match(text)
    text = text[skipped.end():] if skipped else text
    try:
        if _UNLOAD.match(text):
            return _unload(text)
        first = _FIRST.match(text)
        if first is None or first.group().lower() not in _PARSED:
            return None
        if first.group().lower() == 'create' and not _CREATE.match(text):
            return None
        return _of_tree(_tree(text))
    except (SqlglotError, RecursionError):
        return None


def _tree(text: str) -> exp.Expr:
    import sqlglot
    from sqlglot import parser

    parser.logger.disabled = True  # it says on standard error what it cannot read
    tree: exp.Expr = sqlglot.parse_one(text, dialect='athena')
    return tree


def _unload(text: str) -> Statement | None:
    start = text.index('(')
    masked = _QUOTED.sub(lambda match: '_' * len(match.group()), text)
    depth = 0
    for position in range(start, len(text)):
        depth += {'(': 1, ')': -1}.get(masked[position], 0)
        if depth == 0:
            tail = _UNLOAD_TAIL.match(text, position + 1)
            inner = _of_tree(_tree(text[start + 1:position]))
            if tail is None or inner is None or inner.kind != 'select':
                return None
            pairs = _PROPERTY.findall(tail['properties'])
            return inner._replace(
                kind='unload', properties={name.lower(): value for name, value in pairs},
            )
    return None


def _of_tree(tree: exp.Expr) -> Statement | None:
    from sqlglot import exp

    if isinstance(tree, exp.Query):
        return _reading('select', tree, None, {})
    if isinstance(tree, exp.Insert):
        return _reading('insert', tree.expression, tree.this, {})
    if not isinstance(tree, exp.Create) or tree.kind not in ('TABLE', 'VIEW'):
        return None
    properties = _properties(tree)
    if tree.kind == 'VIEW' or tree.expression is not None:
        kind = 'view' if tree.kind == 'VIEW' else 'ctas'
        return _reading(kind, tree.expression, tree.this, properties)
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return Statement('table', None, target, properties, [])


def _reading(
        kind: str, query: Any, target: Any, properties: dict[str, Any],
) -> Statement | None:
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    query = query.unnest() if isinstance(query, exp.Subquery) else query
    target = target.this if isinstance(target, exp.Schema) else target
    if not isinstance(query, exp.Query):
        return None
    if any(one.args.get('recursive') for one in query.find_all(exp.With)):
        return None  # it reads itself
    scopes = traverse_scope(query)
    if len(scopes) > MAX_SELECTS:
        return None
    for scope in scopes:
        _ = scope.selected_sources  # raises where two tables have one name
    return Statement(
        kind, query, target if isinstance(target, exp.Table) else None, properties, scopes,
    ) if scopes else None


def _properties(create: exp.Create) -> dict[str, Any]:
    from sqlglot import exp

    result: dict[str, Any] = {}
    for one in create.args['properties'].expressions if create.args.get('properties') else ():
        if isinstance(one, exp.FileFormatProperty):
            result['format'] = _plain(one.this)
        elif isinstance(one, exp.PartitionedByProperty):
            result['partitioned_by'] = _plain(one.this)
        elif isinstance(one, exp.WithDataProperty):
            result['no_data'] = bool(one.args.get('no'))
        elif type(one) is exp.Property:
            result[one.name.lower()] = _plain(one.args.get('value'))
    return result


def _plain(value: Any) -> Any:
    from sqlglot import exp

    if isinstance(value, (exp.Array, exp.Tuple, exp.Schema)):
        return [item.name for item in value.expressions]
    return value.name if isinstance(value, exp.Expr) else value


# --- what is read


def sources(statement: Statement) -> Iterator[Source]:
    """Every stored table that a statement reads, once for each SELECT."""
    for scope in statement.scopes:
        yield from of_scope(scope)


def of_scope(scope: Scope) -> Iterator[Source]:
    """The stored tables in a SELECT's own FROM and JOIN."""
    from sqlglot import exp

    for alias, (_, table) in scope.selected_sources.items():
        if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
            if table.db.lower() != 'information_schema' and '$' not in table.name:
                yield Source(table, alias.lower(), scope)


def selects(scope: Scope) -> list[exp.Expr]:
    """What a SELECT, or the first of a UNION, gives."""
    from sqlglot import exp

    return list(scope.expression.selects) if isinstance(scope.expression, exp.Query) else []


def columns(node: exp.Expr | None, scope: Scope) -> Iterator[exp.Column]:
    """The columns below a node of a SELECT; of SELECTs nested there, the qualified ones."""
    from sqlglot import exp

    for column in node.find_all(exp.Column) if node is not None else ():
        if column.table or _select_of(column) is scope.expression:
            yield column


def _select_of(node: exp.Expr) -> exp.Expr | None:
    from sqlglot import exp

    return node.find_ancestor(exp.Select, exp.SetOperation)


def joins(scope: Scope) -> list[exp.Join]:
    """The joins of a SELECT, also those in brackets."""
    from sqlglot import exp

    return [
        join for join in scope.expression.find_all(exp.Join)
        if _select_of(join) is scope.expression
    ]


def conditions(scope: Scope) -> list[exp.Expr]:
    """WHERE, HAVING, and each ON."""
    from sqlglot import exp

    if not isinstance(scope.expression, exp.Select):
        return []
    found = [scope.expression.args.get('where'), scope.expression.args.get('having')]
    found += [join.args.get('on') for join in joins(scope)]
    return [one for one in found if one is not None]


def mentions(source: Source, names: set[str], statement: Statement) -> bool:
    """Whether a condition, here or in a SELECT that reads this one, is on such a column."""
    return _mentions(source.scope, source.alias, names, statement)


def _mentions(scope: Scope, alias: str | None, names: set[str], statement: Statement) -> bool:
    from sqlglot import exp

    def ours(column: exp.Column) -> bool:
        named = column.name.lower() in names
        return named and (alias is None or column.table.lower() in ('', alias))

    select = scope.expression
    if any(ours(column) for one in conditions(scope) for column in columns(one, scope)):
        return True
    if isinstance(select, exp.Select):
        for join in joins(scope):
            if any(name.name.lower() in names for name in join.args.get('using') or ()):
                return True
            if join.method == 'NATURAL':
                return True
        outside: set[str] = set()
        for one in select.expressions:
            if one.is_star:
                outside |= names
            elif any(ours(column) for column in one.find_all(exp.Column)):
                outside.add(one.alias_or_name.lower())
    else:
        outside = names
    return any(
        _mentions(reader, name, outside, statement) for reader, name in readers(scope, statement)
    )


def readers(scope: Scope, statement: Statement) -> Iterator[tuple[Scope, str | None]]:
    """The SELECTs that read another as a CTE or subquery, with its alias; unions with None."""
    for other in statement.scopes:
        if any(one is scope for one in other.set_operation_scopes):
            yield other, None
        for alias, (_, source) in other.selected_sources.items():
            if source is scope:
                yield other, alias.lower()


def star_of(column: exp.Expr, alias: str) -> bool:
    """Whether a projection is `*`, or `t.*` of this alias."""
    from sqlglot import exp

    table = column.table.lower() if isinstance(column, exp.Column) else ''
    return column.is_star and table in ('', alias)


def read_columns(source: Source) -> set[str] | None:
    """The columns that a SELECT names of a table, and maybe of others; None for all of them."""
    select = source.scope.expression
    if any(star_of(one, source.alias) for one in select.expressions):
        return None
    return {
        column.name.lower() for column in columns(select, source.scope)
        if column.table.lower() in ('', source.alias)
    }


def flat(node: exp.Expr, kind: type[exp.And | exp.Or]) -> list[exp.Expr]:
    """The operands of nested ANDs (or ORs), without the brackets."""
    found: list[exp.Expr] = []
    waiting = [node]
    while waiting:  # a program may have written thousands of them
        one = waiting.pop().unnest()
        if isinstance(one, kind):
            waiting += [one.right, one.left]
        else:
            found.append(one)
    return found


def reads_nothing(scope: Scope) -> bool:
    """Whether a SELECT is made of constants, however deep."""
    from sqlglot import exp

    return not any(
        isinstance(table.this, exp.Identifier)
        for one in scope.traverse() for table in one.sources.values()
        if isinstance(table, exp.Table)
    )


def one_row(scope: Scope) -> bool:
    """Whether a SELECT gives at most one row: an aggregate without GROUP BY, or LIMIT 1."""
    from sqlglot import exp

    select = scope.expression
    limit = select.args.get('limit')
    if isinstance(limit, exp.Limit) and limit.expression.name == '1':
        return True
    if not isinstance(select, exp.Select) or select.args.get('group'):
        return False
    return any(
        isinstance(one, exp.AggFunc) and one.find_ancestor(exp.Window, exp.Query) is select
        for projection in select.expressions for one in projection.find_all(exp.AggFunc)
    )
