"""Limits, drills and checks of channels, their history, balances, and what tenants decide about routing."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import foundation.ids
from foundation.partitions import CreatePartitionedModel, ensure
from foundation.snapshots import trigger_sql

TABLES = ("channels_app_routingpolicy", "channels_app_grouproute", "channels_app_fallbackchain")


def make_partitions(apps, schema_editor):
    """Make this month and the year ahead; the daily task goes on from here."""
    ensure(table="channels_app_checkrun", today=datetime.datetime.now(datetime.UTC).date())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_append_only"),
        ("channels_app", "0003_cost_units"),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("alarm", models.CharField(blank=True, max_length=20, verbose_name="alarm")),
            ],
            options={
                "verbose_name": "question for a balance",
                "verbose_name_plural": "questions for balances",
            },
        ),
        migrations.CreateModel(
            name="BalanceReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.DecimalField(decimal_places=6, max_digits=20, verbose_name="amount")),
                ("currency", models.CharField(max_length=12, verbose_name="currency")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "balance",
                "verbose_name_plural": "balances",
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="ChannelEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.CharField(max_length=15, verbose_name="before")),
                ("after", models.CharField(max_length=15, verbose_name="after")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="at"),
                ),
            ],
            options={
                "verbose_name": "change of state",
                "verbose_name_plural": "changes of state",
                "ordering": ["-id"],
            },
        ),
        CreatePartitionedModel(
            name="CheckRun",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=12, verbose_name="kind")),
                ("model", models.CharField(blank=True, max_length=120, verbose_name="model")),
                ("ok", models.BooleanField(verbose_name="answers")),
                ("latency_ms", models.PositiveIntegerField(verbose_name="latency, ms")),
                ("first_ms", models.PositiveIntegerField(null=True, verbose_name="to the first token, ms")),
                ("failure", models.CharField(blank=True, max_length=20, verbose_name="failure")),
                ("message", models.CharField(blank=True, max_length=300, verbose_name="message")),
            ],
            options={
                "verbose_name": "check",
                "verbose_name_plural": "checks",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="FailureCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
            ],
            options={
                "verbose_name": "failures of an hour",
                "verbose_name_plural": "failures by hour",
            },
        ),
        migrations.CreateModel(
            name="FallbackChain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=120, verbose_name="model")),
                (
                    "stand_ins",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120), size=None, verbose_name="stand-ins"
                    ),
                ),
            ],
            options={
                "verbose_name": "fallback chain",
                "verbose_name_plural": "fallback chains",
                "ordering": ["tenant", "model"],
            },
        ),
        migrations.CreateModel(
            name="GroupRoute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=40, verbose_name="customer group")),
                (
                    "channel_groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="channel groups"
                    ),
                ),
            ],
            options={
                "verbose_name": "route of a group",
                "verbose_name_plural": "routes of groups",
                "ordering": ["tenant", "group"],
            },
        ),
        migrations.CreateModel(
            name="RoutingPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("health", "by weight, away from slow and failing ones"),
                            ("cost", "the cheapest first"),
                            ("weight", "by weight alone"),
                        ],
                        default="health",
                        max_length=10,
                        verbose_name="choice",
                    ),
                ),
                (
                    "sticky_seconds",
                    models.PositiveIntegerField(
                        default=600,
                        help_text="After the last call of a conversation; 0 = never.",
                        verbose_name="keep to a channel for its prompt cache, seconds",
                    ),
                ),
            ],
            options={
                "verbose_name": "routing policy",
                "verbose_name_plural": "routing policies",
            },
        ),
        migrations.AddField(
            model_name="channel",
            name="allow_loss",
            field=models.BooleanField(
                default=False,
                help_text="Without it, calls that would lose money go elsewhere.",
                verbose_name="may cost more than it sells for",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="check_kind",
            field=models.CharField(
                choices=[
                    ("auto", "by the model's name"),
                    ("chat", "chat, whole"),
                    ("stream", "chat, to the first token"),
                    ("embeddings", "embeddings"),
                    ("images", "one picture"),
                    ("models", "list of models, free of charge"),
                    ("off", "none"),
                ],
                default="auto",
                max_length=12,
                verbose_name="kind of check",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="check_model",
            field=models.CharField(
                blank=True,
                help_text="Empty: the first of its models that fits the kind.",
                max_length=120,
                verbose_name="model of the check",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="check_seconds",
            field=models.PositiveIntegerField(default=300, verbose_name="seconds between checks"),
        ),
        migrations.AddField(
            model_name="channel",
            name="concurrency",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="calls at once"),
        ),
        migrations.AddField(
            model_name="channel",
            name="daily_cost_micros",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="upstream cost per day (UTC)"),
        ),
        migrations.AddField(
            model_name="channel",
            name="fault",
            field=models.CharField(
                choices=[
                    ("", "none"),
                    ("dead", "no connection"),
                    ("error", "server error"),
                    ("slow", "five seconds late"),
                    ("rate_limited", "too many calls"),
                    ("no_quota", "no money"),
                    ("bad_key", "key refused"),
                ],
                default="",
                max_length=12,
                verbose_name="drill",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="fault_percent",
            field=models.PositiveSmallIntegerField(default=100, verbose_name="share of calls in the drill, %"),
        ),
        migrations.AddField(
            model_name="channel",
            name="fault_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="end of the drill"),
        ),
        migrations.AddField(
            model_name="channel",
            name="is_watched",
            field=models.BooleanField(
                default=True,
                help_text="Checks that fail take it out, and bring it back when they succeed.",
                verbose_name="taken out by checks",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="key_order",
            field=models.CharField(
                choices=[("weighted", "by weight"), ("round_robin", "one after the other")],
                default="weighted",
                max_length=12,
                verbose_name="order of keys",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="low_balance",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                help_text="In the vendor's currency.",
                max_digits=20,
                null=True,
                verbose_name="alarm below a balance of",
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="rpm",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="calls per minute"),
        ),
        migrations.AddField(
            model_name="channel",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name="tags"
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="tpm",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="tokens per minute"),
        ),
        migrations.AddField(
            model_name="channelcheck",
            name="first_ms",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="to the first token, ms"),
        ),
        migrations.AddField(
            model_name="channelcheck",
            name="refused_keys",
            field=models.JSONField(default=dict, verbose_name="refused keys"),
        ),
        migrations.AlterField(
            model_name="channelkey",
            name="state",
            field=models.CharField(
                choices=[("active", "active"), ("disabled", "disabled"), ("refused", "refused by the vendor"), ("empty", "without money")],
                default="active",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(condition=models.Q(("fault_percent__lte", 100)), name="channel_fault_share"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(condition=models.Q(("check_seconds__gte", 30)), name="channel_check_pause"),
        ),
        migrations.AddField(
            model_name="balancecheck",
            name="channel",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="balance_check", to="channels_app.channel", verbose_name="channel"
            ),
        ),
        migrations.AddField(
            model_name="balancereading",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="balances", to="channels_app.channel", verbose_name="channel"
            ),
        ),
        migrations.AddField(
            model_name="balancereading",
            name="key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="channels_app.channelkey",
                verbose_name="key",
            ),
        ),
        migrations.AddField(
            model_name="channelevent",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="events", to="channels_app.channel", verbose_name="channel"
            ),
        ),
        migrations.AddField(
            model_name="channelevent",
            name="key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="channels_app.channelkey",
                verbose_name="key",
            ),
        ),
        migrations.AddField(
            model_name="checkrun",
            name="channel",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="channels_app.channel",
                verbose_name="channel",
            ),
        ),
        migrations.AddField(
            model_name="failurecount",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="failures", to="channels_app.channel", verbose_name="channel"
            ),
        ),
        migrations.AddField(
            model_name="fallbackchain",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="fallback_chains", to="accounts.tenant", verbose_name="tenant"
            ),
        ),
        migrations.AddField(
            model_name="grouproute",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="group_routes", to="accounts.tenant", verbose_name="tenant"
            ),
        ),
        migrations.AddField(
            model_name="routingpolicy",
            name="tenant",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="routing_policy", to="accounts.tenant", verbose_name="tenant"
            ),
        ),
        migrations.AddIndex(
            model_name="balancereading",
            index=models.Index(fields=["channel", "at"], name="balance_channel"),
        ),
        migrations.AddIndex(
            model_name="checkrun",
            index=models.Index(fields=["channel", "id"], name="checkrun_channel"),
        ),
        migrations.AddConstraint(
            model_name="failurecount",
            constraint=models.UniqueConstraint(fields=("channel", "hour", "kind"), name="failures_once_an_hour"),
        ),
        migrations.AddConstraint(
            model_name="fallbackchain",
            constraint=models.UniqueConstraint(fields=("tenant", "model"), name="one_chain_per_model"),
        ),
        migrations.AddConstraint(
            model_name="grouproute",
            constraint=models.UniqueConstraint(fields=("tenant", "group"), name="one_route_per_group"),
        ),
        *[migrations.RunSQL(*trigger_sql(table=table, kind="channels")) for table in TABLES],
        migrations.RunPython(make_partitions, migrations.RunPython.noop),
    ]
