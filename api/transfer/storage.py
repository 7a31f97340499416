"""Where files are kept: in the instance folder, or in the bucket that the settings name."""

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from api.settings import Settings, load_bucket_settings
from model.storage.store import FolderStore, Store


def open_store(settings: Settings) -> Store:
    if settings.files_url is None:
        return FolderStore(settings.instance / "files")
    from model.storage import s3  # noqa: PLC0415 - loads obstore

    return s3.ObjectStore(settings.files_url, load_bucket_settings().given)


async def check_bucket(settings: Settings) -> None:
    """Try the bucket, if the settings name one; raises Unusable, which says what is wrong."""
    if settings.files_url is not None:
        from model.storage import s3  # noqa: PLC0415 - loads obstore

        await s3.ObjectStore(settings.files_url, load_bucket_settings().given).check()


def check_bucket_apart(settings: Settings) -> None:
    """Try it in another process: its threads would not survive the fork of the workers."""
    if settings.files_url is None:
        return
    if not hasattr(os, "fork"):
        _check(settings)
        return
    with ProcessPoolExecutor(1, get_context("fork")) as apart:
        apart.submit(_check, settings).result()


def _check(settings: Settings) -> None:
    asyncio.run(check_bucket(settings))
