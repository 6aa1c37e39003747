"""The trust report as a page, and the friction that it puts before enforcing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sandboxes.models import MetricSeries, Policy
from tests.support import records
from tests.support.lived import ago, lived

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("static_files")


def sampled(cpu: int) -> str:
    """One that ran for three hours, over the limit of one, and showed so much CPU in its third."""
    made = lived(ago(days=3), ago(days=3) + 3 * HOUR)
    at = ago(days=3) + 2 * HOUR
    MetricSeries.objects.create(
        sandbox=made, hour=at.replace(minute=0, second=0), source="poll", step_seconds=5, offsets=[3000], cpu=[cpu],
        mem=[1], disk=[1], cpu_max=cpu, mem_max=1,
    )  # fmt: skip
    return str(made.sandbox_id)


@pytest.fixture
def policy(db: None) -> Policy:
    records.price()
    lived(ago(days=9), ago(days=8))
    return records.policy("old", orphan_when={"older_than_seconds": 3600}, action="kill", grace_seconds=0)


def page(client: Client, policy: Policy, address: str = "") -> Any:
    return client.get(f"/cleanup/policies/{policy.pk}/trust/{address}")


def test_each_figure_leads_to_those_behind_it(staff: Client, policy: Policy) -> None:
    used, left = sampled(2500), sampled(20)
    answer = page(staff, policy)
    text = answer.content.decode()
    assert "Not ready to be enforced." in text
    assert 'href="?show=used#h-who"' in text
    assert [row.item.life.sandbox_id for row in page(staff, policy, "?show=used").context["rows"]] == [used]
    assert [row.item.life.sandbox_id for row in page(staff, policy, "?show=used&by=cpu").context["rows"]] == [used]
    assert page(staff, policy, "?show=used&by=leased").context["rows"] == []
    assert [row.item.life.sandbox_id for row in page(staff, policy, "?show=left").context["rows"]] == [left]
    assert page(staff, policy, "?show=unknown").context["rows"] == []
    assert page(staff, policy, "?show=nonsense&by=nonsense").context["count"] == 2


def test_who_is_not_staff_may_read_it(person: Client, policy: Policy) -> None:
    text = page(person, policy).content.decode()
    assert "Enforce…" not in text
    assert "Ready to be enforced." in text


def test_policy_that_is_ready_is_enforced_by_one_click(staff: Client, policy: Policy) -> None:
    sampled(20)
    assert "type how many" not in staff.get(f"/cleanup/policies/{policy.pk}/enforce/").content.decode()
    staff.post(f"/cleanup/policies/{policy.pk}/enforce/", {"version": str(policy.version)})
    policy.refresh_from_db()
    assert policy.mode == "enforce"


@pytest.mark.parametrize(("typed", "enforced"), [("", False), ("2", False), ("1", True), (" 1 ", True)])
def test_policy_that_is_not_ready_asks_for_the_number_of_those_used_again(
    staff: Client, policy: Policy, typed: str, enforced: bool
) -> None:
    sampled(2500)
    address = f"/cleanup/policies/{policy.pk}/enforce/"
    assert "type how many were used" in " ".join(staff.get(address).content.decode().split())
    answer = staff.post(address, {"version": str(policy.version), "used_again": typed})
    policy.refresh_from_db()
    assert (policy.mode == "enforce") is enforced
    assert answer.status_code == (302 if enforced else 422)


def test_policy_that_cannot_be_meant_says_so(staff: Client, policy: Policy) -> None:
    Policy.objects.filter(pk=policy.pk).update(orphan_when={})
    answer = page(staff, policy)
    assert answer.status_code == 422
    assert "orphan_when is empty" in answer.content.decode()
