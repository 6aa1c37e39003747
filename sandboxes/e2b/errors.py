"""The one family of errors of the E2B client; each message says what the user can do."""


class E2BError(Exception):
    """Anything that went wrong between us and an E2B backend.

    `status` is the HTTP status when there was an answer, `api_message` what the backend said, `error_code` its
    machine-readable word. `maybe_sent` is True when a changing call may have happened although it failed:
    look at the sandbox before acting again.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        error_code: str = "",
        api_message: str = "",
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.api_message = api_message
        self.maybe_sent = maybe_sent


class Unauthorized(E2BError):
    """401 or 403: the key is missing, wrong, or not allowed to do this."""


class KeyUnreadable(E2BError):
    """A stored key or secret can't be opened with the encryption key at hand: nothing was sent."""


class ChangesForbidden(E2BError):
    """Nothing was sent: this account lets nobody change anything at its backend."""


class NotFound(E2BError):
    """404 in the API's own words (or with an empty body): the thing, or this endpoint, is not there."""


class Conflict(E2BError):
    """409 or 410: the sandbox is in another state, or changing it; `error_code` may tell more."""


class BadRequest(E2BError):
    """400 and its like: the backend does not accept what was asked."""


class RateLimited(E2BError):
    """429: too many calls; `retry_after` is in seconds, None when the backend did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = 429) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class TooManySandboxes(E2BError):
    """429 on connect or resume: the plan's number of concurrent sandboxes is reached; retrying does not help."""


class Unsupported(E2BError):
    """405 or 501: this backend does not have this call."""


class ServerFailed(E2BError):
    """5xx: the backend failed; `retry_after` is in seconds where it said when to come back."""

    retry_after: float | None = None


class Unreachable(E2BError):
    """No answer: no connection, a timeout, a connection that broke off; `maybe_sent` tells whether it got out.

    `timed_out` is True when there was time enough for an answer, `cut_short` when the call's deadline came first.
    """

    timed_out: bool = False
    cut_short: bool = False


class LeftAlone(Unreachable):
    """Nothing was sent: this route has just given no answer; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadAnswer(E2BError):
    """An answer that is not the API's: a web page, half a body, another shape, a redirect."""


class NoProgress(BadAnswer):
    """Page after page of a list brings nothing new: the backend ignores the offset or gives tokens without an end."""
