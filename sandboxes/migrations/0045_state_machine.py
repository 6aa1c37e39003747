"""The database refuses every change of an action's state that is no transition; side notes become columns."""

import django.db.models.deletion
from django.db import migrations, models

NOTES = """
UPDATE sandboxes_action SET
    joined = coalesce(parameters -> 'joined', '[]'),
    quarantine_of_id = (parameters ->> 'quarantine_of')::bigint,
    verified_at = (parameters ->> 'looked_at')::timestamptz,
    checks = coalesce((parameters ->> 'looks')::smallint, 0),
    rejection = CASE WHEN parameters ? 'pause_rejected' THEN 'pause_rejected'
                     WHEN parameters ? 'conflict' THEN 'conflict' ELSE '' END,
    id_reused = parameters ? 'new_life',
    parameters = parameters - ARRAY[
        'joined', 'quarantine_of', 'looked_at', 'looks', 'pause_rejected', 'conflict', 'new_life']
WHERE parameters ?| ARRAY['joined', 'quarantine_of', 'looked_at', 'looks', 'pause_rejected', 'conflict', 'new_life'];
"""
NOTES_BACK = """
UPDATE sandboxes_action SET parameters = parameters || jsonb_strip_nulls(jsonb_build_object(
    'joined', nullif(joined, '[]'), 'quarantine_of', quarantine_of_id, 'looked_at', verified_at, 'looks', checks,
    rejection, nullif(rejection <> '', false), 'new_life', nullif(id_reused, false)));
"""
GUARD = """
CREATE FUNCTION sandboxes_action_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[
    'grace>queued', 'grace>confirmed', 'grace>cancelled',
    'queued>sent', 'queued>grace', 'queued>cancelled',
    'sent>done', 'sent>confirmed', 'sent>queued', 'sent>failed',
    'done>confirmed', 'done>failed', 'confirmed>failed'
  ]) THEN
    RAISE EXCEPTION 'action % can not go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sandboxes_action_transition BEFORE UPDATE OF state ON sandboxes_action
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION sandboxes_action_transition();
"""
GUARD_BACK = """
DROP TRIGGER sandboxes_action_transition ON sandboxes_action;
DROP FUNCTION sandboxes_action_transition();
"""


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0044_same_fleet_as")]
    operations = [
        migrations.AddField(
            "action", "joined",
            models.JSONField(
                default=list, blank=True,
                help_text="Who has asked for the same since: kind, name, reason and time of each.",
            ),
        ),
        migrations.AddField(
            "action", "quarantine_of",
            models.ForeignKey(
                "sandboxes.action", django.db.models.deletion.DO_NOTHING, null=True, blank=True, db_constraint=False,
                related_name="+", help_text="The pause that this kill follows; it may be past its retention.",
            ),
        ),
        migrations.AddField(
            "action", "verified_at",
            models.DateTimeField(null=True, blank=True, help_text="When the final check of a policy's act held."),
        ),
        migrations.AddField(
            "action", "checks",
            models.PositiveSmallIntegerField(default=0, help_text="Verifications since the backend's answer."),
        ),
        migrations.AddField(
            "action", "rejection",
            models.CharField(
                max_length=16, blank=True, default="",
                help_text="How the backend rejected the last attempt, where that matters.",
            ),
        ),
        migrations.AddField(
            "action", "id_reused",
            models.BooleanField(default=False, help_text="The killed sandbox's ID belongs to a new sandbox now."),
        ),
        migrations.AlterField(
            "action", "parameters",
            models.JSONField(
                default=dict, blank=True, help_text="What was asked for: seconds, until, memory."
            ),
        ),
        migrations.RunSQL(GUARD, GUARD_BACK),
        migrations.RunSQL(NOTES, NOTES_BACK),
    ]
