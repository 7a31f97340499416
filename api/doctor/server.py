"""The server on this machine: whether it runs and is ready, or could listen."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

from api.doctor.finding import Finding, Well, Wrong
from api.server.supervisor import bound
from api.settings import PREFIX, Settings

_ANSWERS_WITHIN_S = 5


def check_server(settings: Settings) -> Iterator[Finding]:
    host = "localhost" if settings.answers_others else settings.host.strip("[]")
    try:
        status, told = _asked(host, int(settings.port))
    except ConnectionRefusedError:
        yield _could_listen(settings.bind)
        return
    except (OSError, HTTPException) as error:
        said = f"{PREFIX}BIND: nobody answers at {settings.bind} ({type(error).__name__})."
        yield Wrong("server_silent", said)
        return
    if told == {"status": "ok"}:
        yield Well(f"runs at {settings.bind}, and is ready")
    elif "code" in told:
        said = f"The server runs, and says {status} {told['code']}: {told.get('detail', '')}"
        yield Wrong("not_ready", said)
    else:
        said = f"Another program listens on {settings.bind}: end it, or change {PREFIX}BIND."
        yield Wrong("port_taken", said)


def _asked(host: str, port: int) -> tuple[int, dict[str, object]]:
    """What `/ready` answers; nothing is told when that is not JSON."""
    connection = HTTPConnection(host, port, timeout=_ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except ValueError:
        return answer.status, {}
    finally:
        connection.close()
    return answer.status, told if isinstance(told, dict) else {}


def _could_listen(bind: str) -> Finding:
    try:
        bound(bind).close()
    except OSError as error:
        return Wrong("cannot_listen", f"{PREFIX}BIND: cannot listen on {bind}: {error.strerror}.")
    return Well(f"does not run; {bind} is free")
