"""`python -m runner.healthcheck`: exit code 0 while the web process answers, for a container's HEALTHCHECK."""

import asyncio
import sys

from runner.embedded import StartError
from runner.supervisor import ready
from runner.supervisor.choices import read


def main() -> int:
    """1 when /healthz has no answer within 5 s; HOST and PORT as the server has them."""
    try:
        chosen = read()
    except StartError as why:
        print(why, file=sys.stderr)
        return 1
    return 0 if asyncio.run(ready.web_answers(chosen.local_host, chosen.port)) else 1


if __name__ == "__main__":
    sys.exit(main())
