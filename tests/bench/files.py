"""`python -m tests.bench.files`: large files in and out, and what photos cost everybody else."""

import argparse
import hashlib
import io
import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from PIL import Image

from tests.bench.transfer import CHUNK, ask_bytes, ask_health, download, upload, upload_large
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server

LARGE_MB = 200
UPLOADERS, PHOTOS_EACH = 8, 3
PHOTO = (4000, 3000)
SAMPLED_EVERY_S = 0.01


@dataclass
class Peak:
    """The memory of all workers at most, while it is watched."""

    server: Server
    before_mb: float = 0
    most_mb: float = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def grown_mb(self) -> float:
        return self.most_mb - self.before_mb

    def watch(self) -> None:
        while not self._over.wait(SAMPLED_EVERY_S):
            self.most_mb = max(self.most_mb, memory_mb(self.server))

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.before_mb = self.most_mb = memory_mb(self.server)
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        yield
        self._over.set()
        watcher.join()


def memory_mb(server: Server) -> float:
    """What is in memory for the workers alone and what they share, counted once for each."""
    kept = 0
    for pid in server.worker_pids():
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                kept += int(line.split()[1])
    return kept / 1024


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.files", description=__doc__)
    parser.add_argument("--workers", type=int, default=3, help="(%(default)s)")
    workers = parser.parse_args().workers
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        settings = {"HOMEROOM_LIMITS": "off", "HOMEROOM_MAX_FILE_MB": "1000"}
        settings["HOMEROOM_USER_QUOTA_MB"] = "100000"
        server = Server(
            Path(folder) / "instance", workers=workers, settings=settings, is_forked=False
        )
        try:
            ann = first_account(server.start())
            large_file(server, ann, Path(folder))
            photos(server, ann)
        finally:
            server.close()
    return 0


def large_file(server: Server, ann: HttpClient, folder: Path) -> None:
    content = folder / "large"
    with content.open("wb") as made:
        for _ in range(LARGE_MB):
            made.write(secrets.token_bytes(CHUNK))
    copied = timed(lambda: copy_durably(content, folder / "copy"))
    bare = timed(lambda: over_loopback(content))
    upload(server, ann, b"x")  # what is loaded at first use does not count
    peak = Peak(server)
    with peak.watched():
        started = time.perf_counter()
        file_id = upload_large(server, ann, content)
        uploaded = time.perf_counter() - started
    show("upload of 200 MB, MB/s", LARGE_MB / uploaded, f"memory +{peak.grown_mb:.1f} MB")
    peak = Peak(server)
    with peak.watched():
        started = time.perf_counter()
        digest = download(server, ann, file_id)
        downloaded = time.perf_counter() - started
    assert digest == hashlib.sha256(content.read_bytes()).hexdigest()
    show("download of 200 MB, MB/s", LARGE_MB / downloaded, f"memory +{peak.grown_mb:.1f} MB")
    show("plain copy to the disk, as durable, MB/s", LARGE_MB / copied)
    show("plain socket over loopback, MB/s", LARGE_MB / bare)


def photos(server: Server, ann: HttpClient) -> None:
    quiet = [ask_health(server) for _ in range(200)]
    show("a trivial GET alone, p95 ms", p95(quiet) * 1e3)
    made = [photo(seed) for seed in range(UPLOADERS)]
    is_over = threading.Event()
    times: list[float] = []
    uploads: list[float] = []

    def upload_all(of_mine: bytes) -> None:
        for turn in range(PHOTOS_EACH):
            started = time.perf_counter()
            file_id = upload(server, ann, of_mine + bytes([turn]))
            for size in (256, 1024):
                path = f"/api/files/{file_id}/thumbnail?size={size}"
                while ask_bytes(server, ann, path) == 503:
                    time.sleep(0.2)
            uploads.append(time.perf_counter() - started)

    def ask() -> None:
        while not is_over.wait(0.005):
            times.append(ask_health(server))

    asker = threading.Thread(target=ask)
    asker.start()
    uploaders = [threading.Thread(target=upload_all, args=(one,)) for one in made]
    for uploader in uploaders:
        uploader.start()
    for uploader in uploaders:
        uploader.join()
    is_over.set()
    asker.join()
    show(
        f"the same while {UPLOADERS} upload photos of 12 MP, p95 ms",
        p95(times) * 1e3,
        f"of {len(times)}, most {max(times) * 1e3:.0f}; a photo with two thumbnails"
        f" {sum(uploads) / len(uploads) * 1e3:.0f} ms",
    )


def photo(seed: int) -> bytes:
    """Of noise over a gradient, as large as one of a telephone."""
    small = Image.effect_noise((PHOTO[0] // 4, PHOTO[1] // 4), 40 + seed)
    made = io.BytesIO()
    Image.merge("RGB", [small.resize(PHOTO)] * 3).save(made, "JPEG", quality=90)
    return made.getvalue()


def copy_durably(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as copied:
        os.fsync(copied)


def over_loopback(content: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def send() -> None:
        with listener.accept()[0] as taken, content.open("rb") as opened:
            taken.sendfile(opened)

    sender = threading.Thread(target=send)
    sender.start()
    with socket.create_connection(listener.getsockname()) as taking:
        while taking.recv(CHUNK):
            pass
    sender.join()
    listener.close()


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def show(what: str, figure: float, more: str = "") -> None:
    sys.stdout.write(f"{what:55} {figure:10,.1f}  {more}\n")


if __name__ == "__main__":
    sys.exit(main())
