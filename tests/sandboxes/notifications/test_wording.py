"""A message in plain text, Markdown and HTML: the same facts, no markup of strangers, nothing secret."""

import pytest
from markdown_it import MarkdownIt

from sandboxes.base import masking
from sandboxes.notifications.wording import digest_of, html, markdown, message_of, plain
from tests.support.channels import alert

NASTY = "<script>x</script> [a](http://evil.example) **b** `c`"


def test_message_says_what_since_when_how_much_who_and_where() -> None:
    text = plain(message_of("alert.firing", "critical", alert(cause="Its metrics answer 503.")))
    for part in (
        "[critical] 3 sandboxes of base over 95 % memory", "Its metrics answer 503.", "Since: 2026-08-21 11:58:00 UTC",
        "Rule: Memory over 95 %", "At stake: $4.50/h", "template: base", "i1, i2",
        "Open: https://sandwarden.example/alerts/7/",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(("type_", "begins"), [
    ("alert.resolved", "Resolved: 3 sandboxes"), ("alert.acknowledged", "Acknowledged: 3 sandboxes"),
    ("alert.firing", "[warning] 3 sandboxes"),
])  # fmt: skip
def test_title_says_what_became_of_it(type_: str, begins: str) -> None:
    assert message_of(type_, "warning", alert()).title.startswith(begins)


def test_markup_of_strangers_is_text_in_every_form() -> None:
    message = message_of("alert.firing", "warning", alert(text=NASTY, examples=[NASTY], group={"owner": NASTY}))
    assert "<script>" not in html(message)
    assert "&lt;script&gt;" in html(message)
    shown = MarkdownIt("commonmark").render(markdown(message))
    assert "<script>" not in shown
    assert 'evil.example"' not in shown
    assert shown.count("<strong>") == 1


def test_secrets_are_masked() -> None:
    masking.register("hunter2-hunter2")
    text = plain(message_of("alert.firing", "warning", alert(text="key hunter2-hunter2", examples=["e2b_0123456789"])))
    assert "hunter2" not in text
    assert "e2b_0123" not in text


def test_link_is_one_of_the_web() -> None:
    assert message_of("alert.firing", "warning", alert(url="javascript:alert(1)")).link == ""


def test_digest_names_each_with_its_link() -> None:
    parts = [message_of("alert.firing", "warning", alert(text=f"alert {number}")) for number in range(3)]
    told = digest_of(parts, "https://sandwarden.example")
    for form in (plain, markdown, html):
        assert all(f"alert {number}" in form(told) for number in range(3))
    assert plain(told).startswith("3 notifications")


@pytest.mark.parametrize("data", [{}, {"text": 3}, {"examples": "x", "group": [], "started_at": "soon", "lines": 1}])
def test_odd_data_still_make_a_message(data: dict[str, object]) -> None:
    assert message_of("limit.reached", "info", data).title
