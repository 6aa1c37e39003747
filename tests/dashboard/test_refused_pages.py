"""What a browser is shown when it may not do something: a page of the stack, not Django's own."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.views.defaults import permission_denied

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files")]


def test_a_form_without_its_token_is_refused_with_a_way_on() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"username": "admin", "password": "wrong"})
    assert answer.status_code == 403
    assert "This form has expired." in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_who_may_not_is_told_so() -> None:
    answer = permission_denied(RequestFactory().get("/settings"), PermissionDenied())
    assert answer.status_code == 403
    assert "You don’t have permission to do this." in answer.content.decode()
