"""`decant serve`: the service on uvicorn, in one process or several, until it is told to stop."""

import logging
import multiprocessing
import os
import re
import signal
import socket
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from decant.deploy.measures import FOLDER
from decant.deploy.service import Limits, create_app
from decant.errors import DecantError
from decant.runtime import Bundle

KEY = "DECANT_API_KEY"
BACKLOG = 2048  # connections that wait to be taken
GRACE = 5  # seconds after a request's timeout: by then every request is answered or late
DEAF = 30  # seconds without a sign of life after which a worker is replaced: more than its start takes


class ServiceError(DecantError):
    """The service cannot start: its address is taken or not this machine's, or its key is empty."""


class BareFormatter(logging.Formatter):
    """A line, and where an exception came from, but not what it says: that could be a text of a request."""

    def formatException(self, info) -> str:
        frames = traceback.format_list(traceback.extract_tb(info[2]))
        return f"{''.join(frames)}{info[0].__module__}.{info[0].__qualname__}"


LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"bare": {"()": f"{__name__}.BareFormatter", "format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "bare"}},
    "loggers": {"uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
}


class Workers(Multiprocess):
    """uvicorn's processes, which start anew what dies, with a last act of its own."""

    def terminate_all(self) -> None:
        """Close this process's copy of the socket too: else who comes now waits for an answer that nobody will give."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def serve(folder: Path, host: str, port: int, workers: int, limits: Limits) -> None:
    """Serve until SIGTERM or SIGINT; whatever request has come by then is answered.

    Raises BundleError, and ServiceError where the key or the address will not do.
    """
    key = os.environ.get(KEY)
    if key is not None and not re.fullmatch("[!-~]+", key):
        raise ServiceError(
            f"{KEY} is empty, or holds more than printable ASCII: mend it, or unset it to let everybody in"
        )
    bundle = Bundle(folder)  # workers open their own, but an error is said once, before anything listens
    listener = listening(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    about = f"{bundle.record['task']} ({bundle.record['model_md5']}) at {address}, {workers} process"
    about += f"{'es' if workers > 1 else ''}, {'with a key' if key else 'open to all who reach it'}"
    if workers == 1:
        server = uvicorn.Server(configured(partial(create_app, bundle, limits, key), limits, 1))
        for number in (signal.SIGINT, signal.SIGTERM):  # from here on, and when uvicorn raises it again at the end
            signal.signal(number, server.handle_exit)
        print(about, flush=True)
        server.run([listener])
        return
    del bundle
    with tempfile.TemporaryDirectory(prefix="decant-metrics-") as counted:
        os.environ[FOLDER] = counted  # for the workers, which inherit it
        together = Workers(configured(partial(open_app, folder, limits), limits, workers), [listener])
        print(about, flush=True)
        together.run()
    if any(process.exitcode == STARTUP_FAILURE for process in together.processes):
        raise ServiceError("a worker could not start; what it said is above")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0: any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:  # taken or forbidden, no port, no name
        known = isinstance(error, OSError) and not isinstance(error, socket.gaierror)
        said = os.strerror(error.errno) if known else str(error)
        raise ServiceError(f"{host}, port {port}: {said}. Choose with --host and --port") from None


def configured(app: partial, limits: Limits, workers: int) -> uvicorn.Config:
    """uvicorn's settings, each of them said: what else is installed must not change how it serves."""
    return uvicorn.Config(
        app,
        factory=True,
        workers=workers,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=LOGS,
        access_log=False,  # it would show what is asked for, and a text may be in that
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=limits.timeout + GRACE,
        timeout_worker_healthcheck=DEAF,
        callback_notify=stop_with_the_parent,
        timeout_notify=1,
    )


def open_app(folder: Path, limits: Limits) -> FastAPI:
    """The application in a worker. One that cannot start ends with the status by which the parent gives up too."""
    try:
        return create_app(Bundle(folder), limits, os.environ.get(KEY))
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(STARTUP_FAILURE)


async def stop_with_the_parent() -> None:
    """In a worker whose parent was killed: nobody would ever stop it, and it would hold the port."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        signal.raise_signal(signal.SIGTERM)
