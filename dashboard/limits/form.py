"""A limit as it is typed on the page, and back; what is wrong, in the words of the form."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sandboxes.limits.spec import LEAST_ONE, LimitError, LimitSpec, parse

COUNTS: Final = ("max_running", "warn_at_pct")
MONEY: Final = ("usd_per_day", "usd_per_month")
FIELDS: Final = ("name", "key", "value", "accounts", *COUNTS, *MONEY)
LABELS: Final = {
    "name": gettext_noop("The name"),
    "key": gettext_noop("“By”"),
    "value": gettext_noop("“Value”"),
    "accounts": gettext_noop("“Accounts”"),
    "max_running": gettext_noop("“Running at once”"),
    "warn_at_pct": gettext_noop("“Warn from”"),
    "usd_per_day": gettext_noop("“A day”"),
    "usd_per_month": gettext_noop("“A month”"),
}
BLANK: Final[Mapping[str, str]] = {"key": "owner", "value": "*", "warn_at_pct": "80"}
_RANGE: Final = re.compile(r"Expected\s`[^`]+`\s(>=|<=|of\slength\s>=|of\slength\s<=)\s([\d.]+)\s-\sat\s`[^`]+`")


class FieldError(LimitError):
    """Something typed that can't be read; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def typed(spec: LimitSpec) -> dict[str, str]:
    """The limit as the form shows it, by field."""
    shown = {name: "" if (value := getattr(spec, name)) is None else f"{value}" for name in FIELDS}
    return shown | {"accounts": ", ".join(spec.accounts)}


def read(form: Mapping[str, Any]) -> LimitSpec:
    """The limit that was typed. Raises LimitError in the API's words; FieldError where the text can't be read."""
    text = {name: str(form.get(name, "")).strip() for name in FIELDS}
    given: dict[str, Any] = {name: text[name] for name in ("name", "key", "value")}
    given["accounts"] = [word.strip() for word in text["accounts"].split(",") if word.strip()]
    given |= {name: _count(name, text[name]) for name in COUNTS if text[name]}
    given |= {name: _usd(name, text[name]) for name in MONEY if text[name]}
    return parse(given)


def wrong(error: LimitError) -> dict[str, str]:
    """What is wrong by field; under the empty name what belongs to none."""
    if isinstance(error, FieldError):
        return {error.field: str(error)}
    text = str(error)
    named = [(text.find(name), -len(name), name) for name in FIELDS if re.search(rf"(?<!\w){name}(?!\w)", text)]
    field = "" if text == LEAST_ONE or not named else min(named)[2]
    return {field: _worded(text)}


def _worded(text: str) -> str:
    if text == LEAST_ONE:
        return _("Give at least one maximum: running at once, a day or a month")
    if found := _RANGE.fullmatch(text):
        return _out_of_range(*found.groups())
    for name, label in LABELS.items():
        text = re.sub(rf"(?<![\w“]){name}(?!\w)", _(label), text)
    return text[:1].upper() + text[1:]


def _out_of_range(sign: str, bound: str) -> str:
    if sign == "of length >=":
        return _("It can’t be empty")
    if sign == "of length <=":
        return _("At most %(bound)s characters") % {"bound": bound}
    return (_("At least %(bound)s") if sign == ">=" else _("At most %(bound)s")) % {"bound": bound}


def _count(field: str, text: str) -> int:
    plain = text.removesuffix("%").replace(",", "").strip()
    if not plain.isdecimal():
        raise FieldError(field, _("%(text)s isn’t a whole number") % {"text": repr(text)})
    return int(plain)


def _usd(field: str, text: str) -> Decimal:
    try:
        return Decimal(text.removeprefix("$").replace(",", "").strip())
    except InvalidOperation:
        raise FieldError(field, _("%(text)s isn’t an amount of dollars") % {"text": repr(text)}) from None
