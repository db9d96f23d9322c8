# pdev in a container: `web` and `worker` are the same image with another command.
#
# The worker's sandbox needs user namespaces: run it with a seccomp profile that allows them (Docker's default does where the
# kernel does; otherwise `--security-opt seccomp=unconfined`). `pdev doctor` inside the container says whether it holds.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/pdev
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN /opt/pdev/bin/pip install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cli cli
COPY core core
COPY demo demo
COPY jobs jobs
RUN /opt/pdev/bin/pip install --no-deps .

FROM python:3.13-slim-bookworm
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 pdev \
 && install --directory --owner pdev --group pdev --mode 0700 /data
COPY --from=build /opt/pdev /opt/pdev
ENV PATH=/opt/pdev/bin:$PATH PYTHONUNBUFFERED=1 PDEV_DATA_DIR=/data HOST=0.0.0.0 PORT=3000
USER pdev
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
ENTRYPOINT ["pdev"]
CMD ["up"]
