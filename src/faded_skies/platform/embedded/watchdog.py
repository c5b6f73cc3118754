"""Own one engine's server: start it again when it dies, stop it when its last user has left.

Run as a file by a bare interpreter (`-I -S`), so that it stays small; it imports nothing of ours.

Three lock files say who lives, because the kernel lets go of a lock however its holder ends:
`users` is shared by every process that uses the engine, `watchdog` is held by the one watchdog, and
`server` is inherited by the server and all its children, so that it is free only when none is left.

Standard input is a pipe from the process that started the watchdog; its end means that process has gone.
Standard output is a pipe to it: a line says that others still use the server, its end that all is done.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import sys
import time

POLL = 0.1  # seconds, only while something is watched that cannot wake us
SETTLED = 5.0  # a server that lived this many seconds had started well
ATTEMPTS = 4  # starts in a row that may fail before we give up
GRACE = 20.0  # seconds a server may take to stop before the next, harder signal


def peer_pid(path: str) -> int | None:
    """Process that listens on the socket, as the kernel knows it; None when nobody does."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(path)
        except OSError:
            return None
        if sys.platform == "darwin":
            local_level, local_peer_pid = 0, 2
            return int(struct.unpack("i", client.getsockopt(local_level, local_peer_pid, 4))[0])
        return int(struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def send(number: int, pid: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended in this moment


class Watchdog:
    def __init__(
        self, users: str, server: str, held: int, path: str, stop: int, uid: int, gid: int, command: list[str]
    ) -> None:
        self.users = os.open(users, os.O_RDWR)
        self.server_lock = server
        self.lock = held if held >= 0 else os.open(server, os.O_RDWR)
        self.path = path
        self.signals = (stop, signal.SIGQUIT, signal.SIGKILL)
        self.uid, self.gid = uid, gid
        self.command = command
        self.child: int | None = None
        self.started_at = 0.0
        self.failures = 0
        self.abandoned = False
        self.told_to_end = False
        self.wake, wake_write = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.end)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def end(self, *_: object) -> None:
        self.told_to_end = True

    def run(self) -> int:
        while True:
            if self.told_to_end or (self.abandoned and self.last_user_has_left()):
                self.stop()
                self.remove_socket_folder()
                return 0
            if self.server_is_gone():
                if self.failures == ATTEMPTS:
                    return 1
                if self.failures:
                    time.sleep(POLL * 2 ** (self.failures - 1))
                self.start()
            self.wait()

    def server_is_gone(self) -> bool:
        """Whether neither the server nor any child of it is left; then its lock is ours."""
        if self.child is not None:
            pid, _ = os.waitpid(self.child, os.WNOHANG)
            if pid == 0:
                return False
            self.child = None
            lived = time.monotonic() - self.started_at
            self.failures = 0 if lived > SETTLED else self.failures + 1
        return try_lock(self.lock)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            try:
                os.set_inheritable(self.lock, True)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(2, 1)
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                if self.uid != os.geteuid():
                    os.setgroups([])
                    os.setgid(self.gid)
                    os.setuid(self.uid)
                os.execv(self.command[0], self.command)  # noqa: S606 - our own command
            except OSError as error:
                os.write(2, f"{self.command[0]}: {error.strerror}\n".encode())
            finally:
                os._exit(127)
        os.close(self.lock)
        self.lock = os.open(self.server_lock, os.O_RDWR)

    def wait(self) -> None:
        """Sleep until the app ends, a signal arrives or it is time to look again."""
        nothing_wakes_us = self.child is None or self.abandoned
        sources = [self.wake] if self.abandoned else [self.wake, 0]
        ready, _, _ = select.select(sources, [], [], POLL if nothing_wakes_us else None)
        if self.wake in ready:
            os.read(self.wake, 64)
        if 0 in ready and not os.read(0, 64):
            self.abandoned = True
            if not self.last_user_has_left():
                self.say_others_remain()

    def last_user_has_left(self) -> bool:
        """Whether nobody uses the engine; from then on newcomers wait until we are done."""
        return try_lock(self.users)

    def say_others_remain(self) -> None:
        try:
            os.write(1, b"in use\n")
        except BrokenPipeError:
            return  # the app was killed and does not listen

    def stop(self) -> None:
        for number in self.signals:
            pid = self.child or peer_pid(self.path)
            if pid is not None:
                send(number, pid)
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline:
                if self.server_is_gone():
                    return
                select.select([self.wake], [], [], POLL / 10)
                try:
                    os.read(self.wake, 64)
                except BlockingIOError:
                    continue

    def remove_socket_folder(self) -> None:
        try:
            os.rmdir(os.path.dirname(self.path))  # noqa: PTH106, PTH120 - pathlib is heavy
        except OSError:
            return  # it is the data folder, so not empty


def main(users: str, server: str, watching: str, held: str, path: str, numbers: str, *command: str) -> int:
    if os.fork():
        os._exit(0)  # nobody's child, so that the app neither waits for us nor leaves a zombie
    os.set_inheritable(int(watching), False)
    if int(held) >= 0:
        os.set_inheritable(int(held), False)
    stop, uid, gid = (int(number) for number in numbers.split(","))
    return Watchdog(users, server, int(held), path, stop, uid, gid, list(command)).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
