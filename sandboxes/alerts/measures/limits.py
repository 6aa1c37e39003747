"""How much of a limit each value uses, from the limits' own round."""

from sandboxes.alerts.look import Look
from sandboxes.alerts.measures.shapes import Measured, one
from sandboxes.alerts.rules import AlertRuleSpec, Figure
from sandboxes.limits import status


def used(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Percent of the limit that the rule names, by value and account; a row that is not fresh is not known."""
    accounts = {seen.account.pk for seen in look.of(spec.accounts)}
    found = []
    for row in status.rows(look.now, str(spec.limit)):
        if not accounts.issuperset(row.accounts) and row.accounts:
            continue
        group = {"limit": row.limit, "value": row.value} | ({"account": row.account_name} if row.account_name else {})
        told = {"state": row.state, "forecast_at": row.forecast_at.isoformat() if row.forecast_at else None}
        keys = frozenset(row.accounts or accounts)
        figure = Figure(value=row.used_pct, partial=not row.fresh, count=row.running, accounts=keys, told=told)
        found.append(one(group, figure, []))
    return found
