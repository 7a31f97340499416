FROM python:3.13-slim

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin homeroom
WORKDIR /app

# Before the code, so that a change of code does not install them again.
COPY requirements.txt ./
RUN pip install --no-cache-dir --root-user-action=ignore -r requirements.txt

# What not everybody needs: obstore for HOMEROOM_FILES_URL. Whoever names it pins it.
ARG EXTRA_PACKAGES=""
# hadolint ignore=DL3013,SC2086
RUN [ -z "$EXTRA_PACKAGES" ] || \
    pip install --no-cache-dir --root-user-action=ignore $EXTRA_PACKAGES

# Readable for the server's user whatever umask the checkout was made with, writable for root only.
COPY --chmod=755 . .
RUN python -m compileall -q . && install -d -o homeroom -g homeroom -m 750 instance

ENV HOMEROOM_BIND=0.0.0.0:8080 \
    HOMEROOM_WORKERS=3 \
    HOMEROOM_INSTANCE=/app/instance

USER 10001:10001
EXPOSE 8080

# http.client asks no proxy, which a school's network may have set.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-Ic", "\
from http.client import HTTPConnection as Connection; \
server = Connection('127.0.0.1', 8080, timeout=4); \
server.request('GET', '/health'); \
exit(server.getresponse().status != 200)"]

CMD ["python", "main.py"]
