"""The price book, what failed last in each round of an account, and who acts on a connection."""

from typing import Final

TELL_ACTOR: Final = "SELECT set_config('sandwarden.actor', %s, false)"

# Python knows no time before all others. Nothing ran before 1970.
RATES: Final = """
SELECT greatest(since, 'epoch'), usd_per_vcpu_second, usd_per_gib_second FROM sandboxes_price_span ORDER BY since"""
# Of every account, and of one.
ACCOUNT_RATES: Final = """
SELECT p.account_id, a.name, greatest(p.since, 'epoch'), p.usd_per_vcpu_second, p.usd_per_gib_second
FROM sandboxes_account_price_span p JOIN sandboxes_account a ON a.id = p.account_id ORDER BY p.account_id, p.since"""
RATES_OF: Final = """
SELECT greatest(since, 'epoch'), usd_per_vcpu_second, usd_per_gib_second FROM sandboxes_account_price_span
WHERE account_id = %s ORDER BY since"""
# Rounds of one account run in several processes at once: what is read, changed and saved would lose another's error.
STORE_ERROR: Final = """
    UPDATE sandboxes_accounthealth SET round_errors = round_errors || jsonb_build_object(
        %(name)s::text, jsonb_build_object(
            'error', %(error)s::text, 'at', %(at)s::text,
            'since', coalesce(round_errors #>> ARRAY[%(name)s::text, 'since'], %(at)s::text)))
    WHERE account_id = %(account)s"""
CLEAR_ERROR: Final = """
    UPDATE sandboxes_accounthealth SET round_errors = round_errors - %(name)s::text
    WHERE account_id = %(account)s AND jsonb_exists(round_errors, %(name)s::text)"""
CLEAR_FORMER_ERRORS: Final = """
    UPDATE sandboxes_accounthealth SET round_errors = round_errors - ARRAY(
        SELECT key FROM jsonb_object_keys(round_errors) AS key
        WHERE (key = %(name)s OR starts_with(key, %(name)s || ' ')) AND key <> ALL(%(units)s))
    WHERE account_id = %(account)s AND round_errors <> '{}'"""
