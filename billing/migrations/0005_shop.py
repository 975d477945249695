"""Products, orders, payments and gateways' messages; redeem codes; their events are append-only."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_append_only"),
        ("billing", "0004_lease_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CodeBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("units_micros", models.PositiveBigIntegerField(verbose_name="quota of each in µ$")),
                ("count", models.PositiveIntegerField(verbose_name="codes")),
                ("salt", models.CharField(editable=False, max_length=32)),
                ("is_offline", models.BooleanField(default=False, verbose_name="sold elsewhere")),
                ("redeem_by", models.DateTimeField(blank=True, null=True, verbose_name="redeem by")),
                ("valid_days", models.PositiveIntegerField(blank=True, null=True, verbose_name="days the credit is valid")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="minted")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="code_batches",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "code batch",
                "verbose_name_plural": "code batches",
            },
        ),
        migrations.CreateModel(
            name="Code",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.PositiveIntegerField(verbose_name="serial number")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("last4", models.CharField(editable=False, max_length=4, verbose_name="last four")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("available", "available"),
                            ("reserved", "reserved"),
                            ("sold", "sold"),
                            ("redeemed", "redeemed"),
                            ("frozen", "frozen"),
                            ("revoked", "revoked"),
                            ("expired", "expired"),
                        ],
                        default="available",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("frozen_from", models.CharField(blank=True, editable=False, max_length=10)),
                ("redeemed_at", models.DateTimeField(blank=True, null=True, verbose_name="redeemed at")),
                (
                    "journal",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redeemed_code",
                        to="billing.journal",
                        verbose_name="journal",
                    ),
                ),
                (
                    "redeemed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redeemed_codes",
                        to="accounts.membership",
                        verbose_name="redeemed by",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="codes", to="billing.codebatch", verbose_name="batch"
                    ),
                ),
            ],
            options={
                "verbose_name": "code",
                "verbose_name_plural": "codes",
            },
        ),
        migrations.CreateModel(
            name="GatewayAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("driver", models.CharField(max_length=20, verbose_name="gateway")),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="name")),
                ("sealed", models.TextField(blank=True, editable=False, verbose_name="secrets")),
                ("options", models.JSONField(blank=True, default=dict, verbose_name="options")),
                ("is_enabled", models.BooleanField(default=True, verbose_name="enabled")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gateway_accounts",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment account",
                "verbose_name_plural": "payment accounts",
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="number")),
                ("capability_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("capability_sealed", models.TextField(editable=False)),
                ("product_name", models.CharField(max_length=120, verbose_name="product name")),
                ("instructions", models.TextField(blank=True, verbose_name="shown after payment")),
                ("quantity", models.PositiveSmallIntegerField(verbose_name="quantity")),
                ("units_micros", models.PositiveBigIntegerField(verbose_name="quota of each in µ$")),
                ("total_minor", models.PositiveBigIntegerField(verbose_name="total in minor units")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("contact", models.CharField(blank=True, max_length=80, verbose_name="phone or other contact")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("address", models.GenericIPAddressField(blank=True, null=True, verbose_name="address")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting for payment"),
                            ("paid", "paid"),
                            ("delivered", "delivered"),
                            ("expired", "expired"),
                            ("canceled", "canceled"),
                            ("review", "under review"),
                            ("refunded", "refunded"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("review_reason", models.CharField(blank=True, max_length=200, verbose_name="why under review")),
                ("reserved_until", models.DateTimeField(verbose_name="reserved until")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="placed")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid at")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered at")),
                (
                    "membership",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="accounts.membership",
                        verbose_name="customer",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="accounts.tenant", verbose_name="tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
            },
        ),
        migrations.CreateModel(
            name="CodeEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.CharField(max_length=10, verbose_name="from")),
                ("after", models.CharField(max_length=10, verbose_name="to")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("address", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="billing.code", verbose_name="code"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.order", verbose_name="order"
                    ),
                ),
            ],
            options={
                "verbose_name": "code event",
                "verbose_name_plural": "code events",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="code",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="codes",
                to="billing.order",
                verbose_name="order",
            ),
        ),
        migrations.CreateModel(
            name="PaymentAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(editable=False, max_length=32, unique=True, verbose_name="token")),
                ("amount_minor", models.PositiveBigIntegerField(verbose_name="amount in minor units")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("succeeded", "succeeded"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                            ("canceled", "canceled"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("received_minor", models.BigIntegerField(blank=True, null=True, verbose_name="received")),
                ("received_currency", models.CharField(blank=True, max_length=3, verbose_name="received currency")),
                ("provider_transaction", models.CharField(blank=True, max_length=120, null=True, verbose_name="the gateway's number")),
                ("settles_order", models.BooleanField(default=False, verbose_name="settles the order")),
                ("review_reason", models.CharField(blank=True, max_length=200, verbose_name="why under review")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="billing.gatewayaccount",
                        verbose_name="payment account",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="billing.order", verbose_name="order"
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.CharField(blank=True, max_length=10, verbose_name="from")),
                ("after", models.CharField(max_length=10, verbose_name="to")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="billing.order", verbose_name="order"
                    ),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="billing.paymentattempt",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "order event",
                "verbose_name_plural": "order events",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=60, verbose_name="short name")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("instructions", models.TextField(blank=True, verbose_name="shown after payment")),
                ("units_micros", models.PositiveBigIntegerField(verbose_name="quota in µ$")),
                ("price_minor", models.PositiveBigIntegerField(verbose_name="price in minor units")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("is_active", models.BooleanField(default=True, verbose_name="on sale")),
                ("sort", models.SmallIntegerField(default=0, verbose_name="order")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="products", to="accounts.tenant", verbose_name="tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "ordering": ["sort", "units_micros", "id"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="billing.product", verbose_name="product"
            ),
        ),
        migrations.AddField(
            model_name="codebatch",
            name="product",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="batches",
                to="billing.product",
                verbose_name="product",
            ),
        ),
        migrations.CreateModel(
            name="WebhookInbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=120, verbose_name="event")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "state",
                    models.CharField(
                        choices=[("received", "received"), ("processed", "processed"), ("ignored", "ignored"), ("failed", "failed")],
                        default="received",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("body", models.JSONField(default=dict, verbose_name="content")),
                ("tries", models.PositiveIntegerField(default=0, verbose_name="deliveries")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="received")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inbox",
                        to="billing.gatewayaccount",
                        verbose_name="payment account",
                    ),
                ),
            ],
            options={
                "verbose_name": "gateway message",
                "verbose_name_plural": "gateway messages",
            },
        ),
        migrations.AddIndex(
            model_name="code",
            index=models.Index(condition=models.Q(("state", "available")), fields=["batch", "id"], name="code_stock"),
        ),
        migrations.AddConstraint(
            model_name="code",
            constraint=models.UniqueConstraint(fields=("batch", "serial"), name="one_code_per_serial"),
        ),
        migrations.AddConstraint(
            model_name="code",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "redeemed"), ("journal", None), _connector="OR"), name="code_paid_out_when_redeemed"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.UniqueConstraint(condition=models.Q(("settles_order", True)), fields=("order",), name="one_payment_settles"),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.UniqueConstraint(fields=("account", "provider_transaction"), name="one_row_per_gateway_payment"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("tenant", "slug"), name="one_product_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_minor__gt", 0), ("units_micros__gt", 0)), name="product_amounts_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["reserved_until"], name="order_pending"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["address"], name="order_pending_by_address"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "email"], name="order_by_email"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0), ("total_minor__gt", 0)), name="order_amounts_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="codebatch",
            constraint=models.CheckConstraint(condition=models.Q(("count__gt", 0), ("units_micros__gt", 0)), name="batch_amounts_positive"),
        ),
        migrations.AddConstraint(
            model_name="webhookinbox",
            constraint=models.UniqueConstraint(fields=("account", "event_id"), name="one_inbox_row_per_event"),
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER code_event_append_only BEFORE UPDATE OR DELETE ON billing_codeevent
            FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
            CREATE TRIGGER order_event_append_only BEFORE UPDATE OR DELETE ON billing_orderevent
            FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
            """,
            """
            DROP TRIGGER order_event_append_only ON billing_orderevent;
            DROP TRIGGER code_event_append_only ON billing_codeevent;
            """,
        ),
    ]
