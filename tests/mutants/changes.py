"""Which small changes a module can suffer: each is one expression or statement, replaced in the text.

Left alone are docstrings, annotations, f-strings, log lines, and sentences: nobody promises their exact words.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_LOGS = {"log", "logger", "logging"}


@dataclass(frozen=True)
class Change:
    """One small change: from which byte to which, and what stands there instead."""

    path: str
    line: int
    start: int
    end: int
    kind: str
    before: str
    after: str
    text: str = ""  # the line as it stands

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.before} -> {self.after}"

    @property
    def what(self) -> str:
        """The change as it is named where its line's number says nothing: other changes move it."""
        return f"{self.path}: {self.text}: {self.before} -> {self.after}"

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


def list_changes(root: Path, path: str) -> list[Change]:
    """Return every change of a module that leaves it readable, in the order of its text."""
    source = (root / path).read_bytes()
    lines = source.splitlines(keepends=True)
    offsets = [0, *accumulate(map(len, lines))]
    changes = []
    for node, kind, after in _Finder(ast.parse(source)).found:
        start = offsets[node.lineno - 1] + node.col_offset
        end = offsets[node.end_lineno - 1] + node.end_col_offset  # type: ignore[operator]
        before = source[start:end].decode()
        text = lines[node.lineno - 1].decode().strip()
        changes.append(Change(path, node.lineno, start, end, kind, before, after, text))
    unique = {(change.start, change.end, change.after): change for change in changes if change.before != change.after}
    return [change for change in unique.values() if _is_python(change.apply(source))]


def statement_lines(source: bytes, line: int) -> range:
    """Return the lines of the innermost statement that has this one; of a block only those of its head."""
    inner = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):  # from the outside in
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if node.lineno <= line <= max(last, node.lineno):
                inner = range(node.lineno, max(last, node.lineno) + 1)
    return inner


def _is_python(source: bytes) -> bool:
    try:
        compile(source, "changed", "exec")
    except SyntaxError:
        return False
    return True


class _Finder:
    """Walks a module and collects nodes with what each becomes."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[ast.expr | ast.stmt, str, str]] = []
        self._walk(tree)

    def _walk(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr | ast.ImportFrom | ast.Import) or _is_log(node):
            return
        for kind, after in _variants(node):
            self.found.append((node, kind, after))  # type: ignore[arg-type]
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "bases", "type_params"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._walk(child)


def _is_log(node: ast.AST) -> bool:
    """Tell a statement that only logs; what stands at a module's top by name is a table, and is changed."""
    call = node.value if isinstance(node, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in _LOGS


def _variants(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        swapped = ast.Compare(node.left, [_COMPARISONS[type(node.ops[0])]()], node.comparators)
        yield "comparison", f"({ast.unparse(swapped)})"
    elif isinstance(node, ast.BoolOp):
        swapped_or = ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield "and, or", f"({ast.unparse(swapped_or)})"
        yield "part left out", f"({ast.unparse(node.values[0])})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.BinOp) and type(node.op) in _SUMS and not _is_text(node):
        yield "sum", f"({ast.unparse(ast.BinOp(node.left, _SUMS[type(node.op)](), node.right))})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "constant", str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "constant", str(node.value + 1)
    elif isinstance(node, ast.IfExp):
        yield "choice", f"({ast.unparse(node.body)})"
        yield "choice", f"({ast.unparse(node.orelse)})"
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return", "return None"
    elif _is_left_out(node):
        yield "statement left out", "pass"
    elif isinstance(node, ast.Break):
        yield "loop", "continue"
    elif isinstance(node, ast.Continue):
        yield "loop", "break"


def _is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return isinstance(node, ast.Raise | ast.AugAssign)


def _is_text(node: ast.BinOp) -> bool:
    """Tell a format or a sum of texts: the change would be an error of types, which any test notices."""
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str | bytes) for side in sides
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
