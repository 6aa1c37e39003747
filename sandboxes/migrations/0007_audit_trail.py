"""The audit's trail: a trigger writes down every change of an action, another keeps what was written as it is."""

from django.db import migrations, models

# What only says who works on it is left out: a claim changes many times and nothing was done yet.
WRITE = """
CREATE FUNCTION sandboxes_audit_action() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE told jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    told := to_jsonb(NEW) || coalesce(
      (SELECT jsonb_build_object('sandbox', s.sandbox_id, 'account', a.name)
       FROM sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id WHERE s.id = NEW.sandbox_id), '{}');
  ELSIF TG_OP = 'DELETE' THEN
    told := '{"deleted": true}';
  ELSE
    SELECT jsonb_object_agg(now.key, now.value) INTO told FROM jsonb_each(to_jsonb(NEW)) AS now
    WHERE to_jsonb(OLD) -> now.key IS DISTINCT FROM now.value
      AND now.key NOT IN ('claimed_until', 'claim_number', 'next_attempt_at');
  END IF;
  IF told IS NOT NULL THEN
    INSERT INTO sandboxes_auditentry (at, action_id, change)
    VALUES (clock_timestamp(), coalesce(NEW.id, OLD.id), told);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sandboxes_audit AFTER INSERT OR UPDATE OR DELETE ON sandboxes_action
FOR EACH ROW EXECUTE FUNCTION sandboxes_audit_action();
INSERT INTO sandboxes_auditentry (at, action_id, change)
SELECT requested_at, id, to_jsonb(a) FROM sandboxes_action a ORDER BY id;
"""
KEEP = """
CREATE FUNCTION sandboxes_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < now() - interval '399 days' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  IF OLD.number IS NOT NULL OR (NEW.id, NEW.at, NEW.action_id, NEW.change) IS DISTINCT FROM
     (OLD.id, OLD.at, OLD.action_id, OLD.change) THEN
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sandboxes_audit_keep BEFORE UPDATE OR DELETE ON sandboxes_auditentry
FOR EACH ROW EXECUTE FUNCTION sandboxes_audit_keep();
"""
UNDO = """
DROP TRIGGER sandboxes_audit_keep ON sandboxes_auditentry;
DROP FUNCTION sandboxes_audit_keep;
DROP TRIGGER sandboxes_audit ON sandboxes_action;
DROP FUNCTION sandboxes_audit_action;
"""


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0006_disk_as_share")]
    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("action_id", models.BigIntegerField(db_index=True)),
                ("change", models.JSONField()),
                (
                    "number",
                    models.BigIntegerField(help_text="Its place in the chain, from 1 on.", null=True, unique=True),
                ),
                (
                    "hash",
                    models.BinaryField(
                        help_text="SHA-256 over the entry and the hash before it.", max_length=32, null=True
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["id"],
                "indexes": [models.Index(condition=models.Q(("number", None)), fields=["id"], name="audit_unsealed")],
            },
        ),
        migrations.RunSQL(WRITE + KEEP, UNDO),
    ]
