# pdev in a container: `web` and `worker` are the same image with another command.
#
# The worker's sandbox makes user namespaces, which Docker's default seccomp profile refuses (`unshare` and `clone` with
# new namespaces need CAP_SYS_ADMIN there), and its masked /proc refuses the sandbox's own. What a worker needs:
#   --security-opt seccomp=unconfined --security-opt systempaths=unconfined
# (better: a profile that adds just those two calls), on hosts with AppArmor also --security-opt apparmor=unconfined;
# on Ubuntu 23.10 and later also kernel.apparmor_restrict_unprivileged_userns=0 on the host. Nothing of it for `web`.
# This image has not been built or run by those who wrote it: `pdev doctor` inside says whether the sandbox holds.

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
# A volume from elsewhere must belong to uid 10001: pdev says so and ends with code 2 where it may not write.
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
ENTRYPOINT ["pdev"]
CMD ["up"]
