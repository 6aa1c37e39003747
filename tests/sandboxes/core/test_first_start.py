"""What several processes write at once at a first start: nobody's insert collides, and nobody's locks cross."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from runner.embedded import proc
from sandboxes.core import accounts
from sandboxes.metrics.polling import health
from sandboxes.metrics.series import queries_frames
from sandboxes.metrics.series.frame_store import Part
from sandboxes.models import AccountHealth, Sandbox
from tests.support import records

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(job, many):
    """Runs it side by side, each time on a connection of its own; raises what one of them raised."""

    def run(_):
        try:
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        list(pool.map(run, range(many)))


def test_health_row_is_made_once_whoever_asks_first_and_no_insert_fails():
    account = records.account()
    statements = []

    def noted(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    for ask in (lambda: accounts.health_of(account), lambda: health.record(account, Part(account.pk), {})):
        AccountHealth.objects.all().delete()
        with connection.execute_wrapper(noted):
            ask()
    AccountHealth.objects.all().delete()
    together = threading.Barrier(4, timeout=10)

    def all_have_found_none(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            together.wait()
        return execute(sql, params, many, context)

    def ask_first():
        with connection.execute_wrapper(all_have_found_none):
            accounts.health_of(account)

    at_once(ask_first, 4)
    assert AccountHealth.objects.count() == 1
    inserts = [sql for sql in statements if sql.startswith('INSERT INTO "sandboxes_accounthealth"')]
    assert len(inserts) == 2
    assert all("ON CONFLICT DO NOTHING" in sql for sql in inserts)


def test_last_samples_wait_for_rows_in_the_order_of_the_inbox():
    """The inbox locks by ID: a writer that took the rows by key would hold `ib` while it waits for `ia`, and cross."""
    keys = {name: records.sandbox(name).pk for name in ("ib", "ia")}
    assert keys["ib"] < keys["ia"]
    columns = [sorted(keys.values()), *[[1, 1]] * 6]
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT 1 FROM sandboxes_sandbox WHERE sandbox_id = 'ia' FOR UPDATE")
        other = threading.Thread(target=last_samples, args=[columns])
        other.start()
        assert proc.wait_until(lambda: waiting() == 1, 10)
        cursor.execute("SELECT 1 FROM sandboxes_sandbox WHERE sandbox_id = 'ib' FOR UPDATE NOWAIT")
    other.join()
    assert Sandbox.objects.filter(sampled_at__isnull=False).count() == 2


def last_samples(columns):
    with connection.cursor() as cursor:
        cursor.execute(queries_frames.LAST_SAMPLES, columns)
    connection.close()


def waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]
