"""`manage.py doctor`: what is wrong with this installation, and `--live`: what a backend really does."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

import msgspec
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.system import doctor
from events.models import LifecycleEvent
from sandboxes.actions.live_check import TIMEOUT_SECONDS, LiveCheck
from sandboxes.core.accounts import by_name, client_for
from sandboxes.core.prices import price_book
from sandboxes.e2b import E2BError
from sandboxes.models import Account

FOUND, UNREACHABLE = 1, 3
SIGNS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}
ASK = (
    "This makes two sandboxes of template {template} at {url} with the key of account {name}, pauses one, and kills\n"
    "both (they end by themselves after {seconds} s). It costs less than $0.01 at E2B's prices. Type yes to go on: "
)


class Command(BaseCommand):
    """Exit code 0: nothing failed; 1: something did; 2: usage; 3: the account's backend can't be reached."""

    help = "Looks for what is wrong with this installation; with --live, tries a backend with two sandboxes of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--account` and `--template` are for `--live`."""
        parser.add_argument("--live", action="store_true", help="Make two marked sandboxes and compare what happens.")
        parser.add_argument("--account", default="", help="The account's name; the first one where none is given.")
        parser.add_argument("--template", default="base", help="Template for --live (base).")
        parser.add_argument("--yes", action="store_true", help="Do not ask before --live.")
        parser.add_argument("--json", action="store_true", help="One JSON object a line.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Ends the process with the exit code where it is not 0."""
        code = self._live(options) if options["live"] else self._examine(as_json=options["json"])
        if code:
            sys.exit(code)

    def _examine(self, *, as_json: bool) -> int:
        failed = 0
        for finding in doctor.examine():
            failed += finding.state == "failed"
            if as_json:
                self.stdout.write(json.dumps(msgspec.to_builtins(finding)))
                continue
            self.stdout.write(f"{SIGNS[finding.state]} {finding.name}: {finding.says}")
            if finding.cure:
                self.stdout.write(f"        → {finding.cure}")
        return FOUND if failed else 0

    def _live(self, options: dict[str, Any]) -> int:
        account = by_name(options["account"])
        if account is None:
            raise CommandError(f"There is no account {options['account'] or 'yet'}", returncode=2)
        if settings.READ_ONLY:
            raise CommandError("READ_ONLY is set: nothing at a backend can be changed", returncode=2)
        if not account.lets_people_act:
            raise CommandError(
                f"Account {account.name} lets nobody act (`actions` is none): raise it in Settings → Account",
                returncode=2,
            )
        if not options["yes"] and not self._agreed(account, options["template"]):
            self.stdout.write("Nothing was done.")
            return 0
        return async_to_sync(self._check)(account, options["template"], as_json=options["json"])

    def _agreed(self, account: Account, template: str) -> bool:
        asked = ASK.format(template=template, url=account.url, name=account.name, seconds=TIMEOUT_SECONDS)
        return input(asked).strip().lower() == "yes"

    async def _check(self, account: Account, template: str, *, as_json: bool) -> int:
        otherwise = 0
        prices = await sync_to_async(price_book)(account.pk)
        async with client_for(account) as client:
            check = LiveCheck(client, template, prices, lambda ids: _delivered(account, ids))
            try:
                async for step in check.steps():
                    otherwise += step.result == "otherwise"
                    line = (
                        msgspec.json.encode(step).decode() if as_json else f"{step.result:<11} {step.name}: {step.says}"
                    )
                    self.stdout.write(line)
            except E2BError as error:
                self.stderr.write(f"{account.url} refused to make a sandbox: {error}")
                return UNREACHABLE
        cost = check.cost_usd(2, 512, timezone.now())
        self.stdout.write(f"Both were killed. At most ${cost:.4f} at 2 vCPU and 512 MiB each.")
        return FOUND if otherwise else 0


@sync_to_async
def _delivered(account: Account, ids: Collection[str]) -> list[str]:
    """Those of `ids` whose `created` event a webhook brought."""
    rows = LifecycleEvent.objects.filter(
        account=account, sandbox_id__in=ids, type__endswith=".created", webhook_at__isnull=False
    )
    return list(rows.values_list("sandbox_id", flat=True))
