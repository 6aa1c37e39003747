"""All addresses."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

admin.autodiscover()
urlpatterns = [
    # One door: /login/, with its brake and second factor.
    path("admin/login/", secure_admin_login(admin.site.login)),
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]

handler500 = "dashboard.system.failed.failed"
