"""What the simulated API refuses, each with the HTTP status E2B answers."""


class ApiError(Exception):
    """A refusal; `status` is the HTTP status and the `code` in the body, `message` its sentence."""

    status = 500

    def __init__(self, message: str, *, error_code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code
        self.headers = headers or {}


class BadRequest(ApiError):
    status = 400


class Unauthorized(ApiError):
    status = 401


class Forbidden(ApiError):
    status = 403


class NotFound(ApiError):
    status = 404


class NotAllowed(ApiError):
    status = 405


class Conflict(ApiError):
    status = 409


class TooMany(ApiError):
    status = 429


class NotSimulated(ApiError):
    """A call that E2B has and the simulator has not: said so, instead of a 404 that would be taken for an answer."""

    status = 501

    def __init__(self, what: str) -> None:
        super().__init__(f"the simulator does not simulate {what}")


class Injected(ApiError):
    """A failure a test or `--faults` asked for, with any status."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers=headers)
        self.status = status
