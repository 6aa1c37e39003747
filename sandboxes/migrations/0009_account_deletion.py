"""An account has a title, knows when its key was entered, and may be deleted: out of sight while its history is kept."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0008_approvals'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='title',
            field=models.CharField(blank=True, db_default='', default='', help_text='What people read.', max_length=100),
        ),
        migrations.AddField(
            model_name='account',
            name='api_key_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When the key was entered.', null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Out of sight since; its history goes 400 days later.', null=True),
        ),
    ]
