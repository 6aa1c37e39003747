"""Roles of people, and of tokens their scopes, accounts, maker and end. What there was keeps what it could do."""

import django.contrib.postgres.fields
import django.db.models.deletion
import functools
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0001_squashed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='accounts',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, help_text='Keys of the accounts; empty (null) for all.', null=True, size=None),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='made_by',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text="Null for the environment's, and for those made before this was kept.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='prefix',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=8),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), db_default=models.Value(['read', 'lease', 'act', 'admin'], django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None)), default=functools.partial(list, ('read', 'lease', 'act', 'admin')), size=None),
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('operator', 'Operator'), ('admin', 'Admin')], default='viewer', max_length=8)),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, help_text='Keys of the accounts; empty (null) for all.', null=True, size=None)),
                ('invited_by', models.CharField(blank=True, default='', max_length=150)),
                ('invitation', models.CharField(blank=True, default='', help_text="SHA-256 of the invitation's token.", max_length=64)),
                ('invited_until', models.DateTimeField(blank=True, null=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='member', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
