"""How people have to sign in: one row, which admins of all accounts set in Settings → Sign-in."""

from django.db import models


class SignInRules(models.Model):
    """The row with key 1; none is as one with the defaults."""

    class SecondFactor(models.TextChoices):
        """Whoever must have a second factor, by the least role."""

        NOBODY = "", "nobody"
        ADMINS = "admin", "admins"
        OPERATORS = "operator", "operators and admins"
        EVERYBODY = "viewer", "everybody"

    second_factor_from = models.CharField(max_length=8, blank=True, default="", choices=SecondFactor.choices)
    passwords_allowed = models.BooleanField(default=True)

    class Meta:
        verbose_name = verbose_name_plural = "sign-in rules"

    def __str__(self) -> str:
        return f"second factor: {self.get_second_factor_from_display()}"

    @classmethod
    def current(cls) -> "SignInRules":
        """As they stand."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
