"""What a mutant changes: one operator, one condition or one value. Pure: source in, changed trees out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.mutation.texts import texts_of

Replacements = Iterator[ast.expr]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATIONS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    module: str
    number: int
    """Of its module, in source order."""
    place: str
    """The function it is in, `MODULE:FUNCTION: BEFORE -> AFTER`: stable while the function stands as it is."""
    line: int


class _Site(NamedTuple):
    parent: ast.AST
    field: str
    at: int | None
    """In the field, where that is a list."""
    node: ast.expr
    function: str

    def put(self, replacement: ast.expr | None) -> None:
        if self.at is None:
            setattr(self.parent, self.field, replacement)
        elif replacement is None:
            getattr(self.parent, self.field).pop(self.at)
        else:
            getattr(self.parent, self.field)[self.at] = replacement


def mutants(module: str, source: str) -> list[Mutant]:
    found, seen = [], dict[str, int]()
    for number, (site, replacement) in enumerate(_changes(ast.parse(source))):
        after = ast.unparse(replacement) if replacement else "(dropped)"
        name = f"{site.parent.arg}=" if isinstance(site.parent, ast.keyword) else ""
        place = f"{module}:{site.function}: {name}{ast.unparse(site.node)} -> {after}"
        seen[place] = seen.get(place, 0) + 1
        again = f" #{seen[place]}" if seen[place] > 1 else ""
        found.append(Mutant(module, number, place + again, site.node.lineno))
    return found


def mutated(source: str, number: int) -> ast.Module:
    tree = ast.parse(source)
    for count, (site, replacement) in enumerate(_changes(tree)):
        if count == number:
            site.put(ast.copy_location(replacement, site.node) if replacement else None)
            return ast.fix_missing_locations(tree)
    raise IndexError(f"there are fewer than {number + 1} mutants of this module")


def _changes(tree: ast.Module) -> Iterator[tuple[_Site, ast.expr | None]]:
    for site in _sites(tree, "module", texts_of(tree)):
        for replacement in _REPLACEMENTS.get(type(site.node), _none)(site.node):
            yield site, replacement
        if site.field == "ifs":
            yield site, None
        elif site.field == "test" and not isinstance(site.node, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield site, ast.UnaryOp(ast.Not(), site.node)


def _sites(node: ast.AST, function: str, texts: frozenset[ast.AST]) -> Iterator[_Site]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = node.name if function == "module" else f"{function}.{node.name}"
    for field, value in ast.iter_fields(node):
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or child in texts:
                continue
            if isinstance(child, ast.expr):
                yield _Site(node, field, at, child, function)
            yield from _sites(child, function, texts)


def _none(node: Any) -> Replacements:
    yield from ()


def _compare(node: ast.Compare) -> Replacements:
    for i, op in enumerate(node.ops):
        other = [*node.ops[:i], _COMPARISONS[type(op)](), *node.ops[i + 1 :]]
        yield ast.Compare(node.left, other, node.comparators)


def _without_one(node: ast.BoolOp) -> Replacements:
    for i in range(len(node.values)):
        rest = [*node.values[:i], *node.values[i + 1 :]]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _unsigned(node: ast.UnaryOp) -> Replacements:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _other_operation(node: ast.BinOp) -> Replacements:
    if type(node.op) in _OPERATIONS:
        yield ast.BinOp(node.left, _OPERATIONS[type(node.op)](), node.right)


def _other_value(node: ast.Constant) -> Replacements:
    match node.value:
        case bool(value):
            yield ast.Constant(not value)
        case int(value):
            yield ast.Constant(value + 1)
        case str(value):
            yield ast.Constant(f"{value}~")


def _other_call(node: ast.Call) -> Replacements:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield ast.Call(ast.Name(_CALLS[node.func.id], ast.Load()), node.args, node.keywords)


_REPLACEMENTS: dict[type[ast.expr], Callable[[Any], Replacements]] = {
    ast.Compare: _compare,
    ast.BoolOp: _without_one,
    ast.UnaryOp: _unsigned,
    ast.BinOp: _other_operation,
    ast.Constant: _other_value,
    ast.Call: _other_call,
}
