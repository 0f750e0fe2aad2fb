"""What no mutant changes: texts for people, and what says nothing of how things are decided."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SPOKEN = frozenset({"expected", "observed", "number", "condition"})
"""Arguments that carry a finding's sentences, of which facts are about some words only (`test_reads_as_a_sentence`),
and a kind's labels."""
_WORDING = frozenset({"join", "replace", "capitalize"})
Nodes = set[ast.AST]


def texts_of(tree: ast.Module) -> frozenset[ast.AST]:
    """The nodes left alone, with all that is below them."""
    left = {below for node in ast.walk(tree) for text in _left_alone(node) for below in ast.walk(text)}
    while True:
        more = {below for node in _only_for_texts(tree, left) for below in ast.walk(node)}
        if more <= left:
            return frozenset(left)
        left |= more


def _left_alone(node: ast.AST) -> list[ast.AST]:
    """Sentences, docstrings, annotations, assertions; names of fields, which would only be missing."""
    match node:
        case ast.keyword(arg=arg, value=value) if arg in _SPOKEN and not isinstance(value, ast.Dict):
            return [node]  # a dictionary is what a command expects
        case ast.Call(func=ast.Attribute(value=separator, attr=attr), args=args) if attr in _WORDING:
            return [text for text in (separator, *args) if isinstance(text, ast.Constant)]
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Assert():
            return [node]
        case (
            ast.FunctionDef(returns=annotation) | ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation)
        ):
            return [annotation] if annotation else []
        case ast.Subscript(slice=ast.Constant() as name):
            return [name]
        case ast.Dict(keys=keys):
            return [key for key in keys if isinstance(key, ast.Constant)]
    return []


def _only_for_texts(tree: ast.Module, left: Nodes) -> Iterator[ast.AST]:
    """Functions that return a text and are asked by texts only; values whose name only texts use."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        if _says(function) and _read_only_in(left, tree, function.name):
            yield function
        for assignment in ast.walk(function):
            if isinstance(assignment, ast.Assign):
                pairs = _pairs(assignment.targets[0], assignment.value)
                yield from (value for name, value in pairs if _read_only_in(left, function, name))


def _says(function: ast.FunctionDef) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "str"


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, its)


def _read_only_in(left: Nodes, scope: ast.AST, name: str) -> bool:
    reads = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    return bool(reads) and all(read in left for read in reads)
