"""Finds sentences in a module's source that are not marked for translation.

Read as a sentence: a literal of several words, an f-string with words beside its values, and a single word with a
capital. Marked is what stands in a call of gettext, by one of its names; an f-string can't be. Not looked at:
docstrings, what is logged or raised (but for the errors that pages show), what is compared or looked up, and SQL.
Texts that `sandboxes` and `events` write (reasons, evidence, errors) come from below and are stored: they are shown as
they are.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

MARKS: Final = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
# Sentences of these are stored, for the change log; or answer an address that no page makes; or are types' names.
NOT_PAGES: Final = {"changed", "wrote", "HttpResponseBadRequest", "ParamSpec", "TypeVar"}
CODES: Final = {"end moved", "to come", "in force"}  # values that code and templates compare
SHOWN_ERRORS: Final = {"ValidationError", "FieldError"}
LOGS: Final = {"debug", "info", "warning", "error", "exception", "critical"}
NAMES: Final = {"Sandwarden", "Redis", "Valkey", "Bearer", "Authorization", "Accept", "Host", "Refresh"}  # headers too
UNITS: Final = {"s", "ms", "min", "h", "d", "MiB", "GiB", "UTC", "CPU", "vCPU"}
_SENTENCE: Final = re.compile(
    r"[A-Za-z]{2,}[’']?\w*[,;:.!?]? +[(“\"]?[A-Za-z0-9{%]|^[A-Z][a-z]{2,}(?:[, ]|$)|^\d+ (?!min\b)[a-z]{3,}"
)
_BESIDE: Final = re.compile(r"[A-Za-z]+")
_SQL: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CASE|ORDER|FROM|WHERE|AND|JOIN)\b")
_TECHNICAL: Final = re.compile(r"(text|application|image)/[\w+-]+|attachment;|'self'|.*-src |.*'none'|.*sans-serif|%")
Found = tuple[int, str]


def unmarked(source: str) -> list[Found]:
    """Line and text of every sentence that is not marked."""
    finder = _Finder()
    finder.visit(ast.parse(source))
    return sorted(finder.found)


def is_sentence(text: str) -> bool:
    """Whether a person would read it as a text, judged by its looks."""
    if _SQL.match(text) or _TECHNICAL.match(text) or text in NAMES | CODES or text.startswith("<"):
        return False
    return bool(_SENTENCE.search(text))


def _filled(node: ast.JoinedStr) -> str:
    """An f-string with `{}` where its values stand."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _has_words(text: str) -> bool:
    """Whether an f-string says something beside its values: not a key, an address or a unit."""
    words = [word for word in _BESIDE.findall(text) if word not in UNITS and len(word) > 1]
    return " " in text and bool(words) and not _SQL.match(text) and not _TECHNICAL.match(text) and "<" not in text


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[Found] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring, or one of a field
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Without its annotations: a name in quotes is no text."""
        for one in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body):
            if one is not None:
                self.visit(one)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in NOT_PAGES or (name in LOGS and isinstance(node.func, ast.Attribute)):
            return
        given = [*node.args, *(one.value for one in node.keywords)]
        self.visit(node.func)
        for one in given:
            if name not in MARKS or not isinstance(one, ast.Constant):
                self.visit(one)

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func).rpartition(".")[2] in SHOWN_ERRORS:
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for one in (node.left, *node.comparators):
            if isinstance(one, ast.Call):
                self.visit(one)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        if not isinstance(node.slice, ast.Constant):
            self.visit(node.slice)

    def visit_Dict(self, node: ast.Dict) -> None:
        for value in node.values:
            self.visit(value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text = _filled(node)
        if _has_words(text):
            self.found.append((node.lineno, text))
        for one in _values(node):
            self.visit(one)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and is_sentence(node.value):
            self.found.append((node.lineno, node.value))


def _values(node: ast.JoinedStr) -> Iterator[ast.expr]:
    return (part.value for part in node.values if isinstance(part, ast.FormattedValue))
