"""Django settings: everything that differs between machines comes from the environment."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from runner import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.data_dir(BASE_DIR)

SECRET_KEY = env.text("SECRET_KEY") or secrets.token_urlsafe(48)  # the supervisor sets a lasting one
ENCRYPTION_KEY = env.text("ENCRYPTION_KEY")
DEBUG = env.flag("DEBUG")
HOST = env.text("HOST", "127.0.0.1")
PORT = int(env.number("PORT", 8000, least=1))
PUBLIC_URL = env.text("PUBLIC_URL", f"http://{env.bracketed(HOST)}:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver") + [
    env.bracketed(host) for host in [urlsplit(PUBLIC_URL).hostname] if host
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
# How many reverse proxies stand before us: none, and no forwarded header is believed. No header says the scheme.
TRUSTED_PROXIES = int(env.number("TRUSTED_PROXIES", 0, least=0))
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Whether other hosts of the domain speak HTTPS (W005, W021) is not ours to say, and the proxy redirects (W008).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]

# The first account (product.md, "The contract").
# Single sign-on by OpenID Connect; further providers in Settings → Sign-in.
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", "single sign-on")
OIDC_ROLE_CLAIM = env.text("OIDC_ROLE_CLAIM", "groups")
OIDC_ROLES = env.text("OIDC_ROLES")

# Mail: invitations and links for new passwords; without it an admin hands the links over.
_MAIL = env.mail(env.text("EMAIL_URL"))
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.host, _MAIL.port, _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _MAIL.starttls, _MAIL.tls, 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM") or f"sandwarden@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"

E2B_API_KEY = env.text("E2B_API_KEY")
E2B_API_URL = env.text("E2B_API_URL")
E2B_DOMAIN = env.text("E2B_DOMAIN", "e2b.app")
E2B_WEBHOOK_SECRET = env.text("E2B_WEBHOOK_SECRET")
OWNER_KEYS = env.words("OWNER_KEYS", "userId,user_id,owner,user,tenant,team")
ENVIRONMENT_KEYS = env.words("ENVIRONMENT_KEYS", "env,environment,stage")
KEEP_METADATA = env.words("KEEP_METADATA", "keep=true")
CONCURRENCY_CAP = int(env.number("CONCURRENCY_CAP", 0, least=0)) or None
# The simulated fleet that serves when there is neither key nor URL; the supervisor sets these.
SIMULATOR_URL = env.text("SIMULATOR_URL")
SIMULATOR_KEY = env.text("SIMULATOR_KEY")
SIMULATOR_WEBHOOK_SECRET = env.text("SIMULATOR_WEBHOOK_SECRET")

# For automation; only `manage.py bootstrap` reads these.
SANDWARDEN_ADMIN_PASSWORD = env.text("SANDWARDEN_ADMIN_PASSWORD")
SANDWARDEN_API_TOKEN = env.text("SANDWARDEN_API_TOKEN")

POLL_INTERVAL_SECONDS = env.number("POLL_INTERVAL", 5, least=1)
SYNC_INTERVAL_SECONDS = env.number("SYNC_INTERVAL", 15, least=1)
RECONCILE_INTERVAL_SECONDS = env.number("RECONCILE_INTERVAL", 30, least=1)
METRICS_PUBLIC = env.flag("METRICS_PUBLIC")
# Where another process of ours asks whether owners can reach the API: by the public listener, as they do.
PROBE_URL = env.text("PROBE_URL", f"http://{env.reachable(HOST)}:{PORT}")
# Called once a minute while poll, sync, reap and beat are in time.
HEARTBEAT_URL = env.text("HEARTBEAT_URL")
# More sandboxes than this in one request wait for a second person, and so do the other steps that loosen a brake.
APPROVAL_ABOVE = int(env.number("APPROVAL_ABOVE", 0, least=0)) if env.text("APPROVAL_ABOVE") else None
READ_ONLY = env.flag("READ_ONLY")  # every call that would change a backend is rejected

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # config/urls.py has it look for our admins: only the web needs them
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "channels",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "sandboxes",
    "events",
    "dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.ui.middleware.Compression",  # random padding keeps secrets unguessable by size (Django, "BREACH")
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.ui.middleware.content_security_policy",
    "dashboard.access.middleware.rights",  # the innermost: what it refuses gets the headers of all answers
]
AUTHENTICATION_BACKENDS = ["dashboard.access.sign_in.Braked"]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.ui.context.frame",
            ],
            "builtins": ["django.templatetags.i18n", "dashboard.templatetags.show"],
        },
    }
]

DATABASE_URL = env.text("DATABASE_URL", "postgresql://postgres@/sandwarden")
DATABASES = {"default": env.database(DATABASE_URL)}
# Under ASGI each request may have a thread of its own: a pool keeps the number of connections down. In a process of
# work and acts every task has one (config/roles), so that none waits for another's query.
DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 24, "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sandwarden:cache",
    }
}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

CELERY_BROKER_URL = REDIS_URL
# A silent or refusing Redis must not hold up whoever asks for something: beat sends what is due again.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 1,
    "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1,
}  # fmt: skip
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "sandwarden"
# What mostly waits for backends has a queue and a worker of its own (supervisor/parts.py): a backend that hangs takes
# threads there, and no process that polls, judges or rolls up. A worker without `-Q` serves both.
OUTBOUND_QUEUE = "sandwarden-outbound"
CELERY_TASK_QUEUES = {
    name: {"exchange": name, "routing_key": name} for name in (CELERY_TASK_DEFAULT_QUEUE, OUTBOUND_QUEUE)
}
CELERY_TASK_ROUTES = {
    "events.tasks.*": {"queue": OUTBOUND_QUEUE},
    "sandboxes.tasks.act": {"queue": OUTBOUND_QUEUE},
    "dashboard.tasks.probe_api": {"queue": OUTBOUND_QUEUE},
    "dashboard.tasks.call_heartbeat": {"queue": OUTBOUND_QUEUE},
    "sandboxes.tasks.backfill*": {"queue": OUTBOUND_QUEUE},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "config.beat:MonotonicScheduler"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", *[path for path in [DATA_DIR / "assets"] if path.is_dir()]]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_RESET_TIMEOUT = 3600
SESSION_COOKIE_AGE = 12 * 3600  # without a request; dashboard/access/sessions.py moves it, for 7 days at most

# django-allauth: signing in by name and password. No one registers, no address is verified by mail.
ACCOUNT_ADAPTER = "dashboard.access.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
SOCIALACCOUNT_ADAPTER = "dashboard.access.social_adapter.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads elsewhere breaks `form-action 'self'`; state and nonce guard it
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "dashboard.access.factor_adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Sandwarden"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Guessing is braked in dashboard/access/brake.py; what is left counts codes of a second factor, for each person.
ACCOUNT_RATE_LIMITS = {"login": None, "reauthenticate": None, "login_failed": "5/5m/key"}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "mask": {"()": "sandboxes.base.masking.MaskSecrets"},
        "one_line": {"()": "config.log.OneLine"},
        "answered_by_design": {"()": "config.log.AnsweredByDesign"},
        "once_per_second": {"()": "config.log.OncePerSecond"},
        "bad_requests": {
            "()": "config.log.OncePerSecond"
        },  # an own one: two that share what they saw would count twice
    },
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["mask", "once_per_second"], "formatter": "line"}
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "celery": {"level": "WARNING"},  # two lines for each task, many times a second
        "httpx": {"level": "WARNING"},
        "django.request": {"level": "ERROR", "filters": ["answered_by_design"]},
        "django.security.DisallowedHost": {"filters": ["one_line"]},
        "uvicorn.error": {"filters": ["bad_requests"]},
    },
}
