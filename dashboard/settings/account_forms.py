"""What a person types of an account when it is added, changed or deleted."""

from django import forms

from dashboard.settings.forms import KeyForm


class ConnectForm(KeyForm):
    """Where a backend is, and its key; a backend may ask for none."""

    url = forms.CharField(max_length=200)
    api_key = forms.CharField(max_length=512, required=False)


class AddForm(ConnectForm):
    """A new account. `anyway`: although its test failed."""

    name = forms.SlugField(max_length=50)
    title = forms.CharField(max_length=100, required=False)
    anyway = forms.BooleanField(required=False)


class EditForm(ConnectForm):
    """Another title, address or key; an empty key keeps the one on record."""

    title = forms.CharField(max_length=100, required=False)
