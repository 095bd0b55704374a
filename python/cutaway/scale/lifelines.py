"""Lifelines: a connection of every rank to rank 0 goes in; who has left or died comes out, in a sentence.

MPI tells nobody that a rank is gone: whoever waits for it would wait for ever. So all hold a line to rank
0, on which nothing is sent while all is well. A line that ends without a word is that of a process that
died; rank 0 passes on what it hears, so that all name the same rank.
"""

from __future__ import annotations

import secrets
import select
import socket
import sys
import time
from contextlib import suppress
from typing import Any

_PATIENCE = 5.0  # seconds to connect, and for the others to say their last words
_FAREWELL = "\n"  # of one who has come to the end
_LONGEST = 1000  # characters of a sentence


class Lifelines:
    """The connections of one rank; what `comm` is asked for here is asked for on all ranks at once.

    Args:
        comm: All ranks.
        names: Of the ranks, as a sentence has them.
        hosts: Of the ranks.

    Attributes:
        failure: Why there are none; None if they are.
    """

    def __init__(self, comm: Any, names: list[str], hosts: list[str]) -> None:
        self._rank, self._names = comm.Get_rank(), names
        self._lines: dict[int, socket.socket] = {}  # by the rank at the other end
        with suppress(OSError):
            if len(hosts) > 1:
                self._connect(comm, hosts)
        wanted = 1 if self._rank else len(hosts) - 1
        connected = comm.allgather(len(self._lines) == wanted)
        self.failure = None
        if not all(connected):
            self.close()
            self.failure = f"{names[connected.index(False)]} found no way to rank 0, {hosts[0]}"

    def _connect(self, comm: Any, hosts: list[str]) -> None:
        alone = len(set(hosts)) == 1
        if self._rank == 0:
            self._listen(comm, "127.0.0.1" if alone else "", len(hosts))
            return
        port, word = comm.bcast(None)
        try:
            here = alone or hosts[self._rank] == hosts[0]
            line = socket.create_connection(("127.0.0.1" if here else hosts[0], port), _PATIENCE)
            line.sendall(word + self._rank.to_bytes(4, "big"))
            self._lines[0] = line
        finally:
            comm.gather(0 in self._lines)

    def _listen(self, comm: Any, address: str, ranks: int) -> None:
        """Let the others connect, and whoever does not know the word go."""
        server, word = None, secrets.token_bytes(16)
        with suppress(OSError):
            server = socket.create_server((address, 0), backlog=ranks)
        comm.bcast((server.getsockname()[1] if server else 0, word))
        missing = sum(comm.gather(True)) - 1
        if server is None:
            return
        with server:
            server.settimeout(_PATIENCE)
            while missing:
                line, _ = server.accept()
                line.settimeout(_PATIENCE)
                hello = line.recv(len(word) + 4, socket.MSG_WAITALL)
                if secrets.compare_digest(hello[:-4], word):
                    self._lines[int.from_bytes(hello[-4:], "big")] = line
                    missing -= 1
                else:
                    line.close()

    def news(self) -> str | None:
        """Return who has left or died, or None; what rank 0 hears first, all others hear."""
        poll = select.poll()  # not select(), which knows the first 1,024 files alone
        for line in self._lines.values():
            poll.register(line, select.POLLIN)
        ready = {number for number, _ in poll.poll(0)}
        for rank in [rank for rank, line in self._lines.items() if line.fileno() in ready]:
            said = _heard(self._lines[rank])
            if said == _FAREWELL:
                self._lines.pop(rank).close()
                continue
            if said is None:  # by a process that ended
                self._lines.pop(rank).close()
                said = f"{self._names[rank]} died"
                # At once: mpiexec may be about to end this process, too, before an error comes out.
                print(f"cutaway: {said}", file=sys.stderr, flush=True)
            if self._rank == 0:
                self._say(said)
            return said.strip()
        return None

    def leave(self, why: str) -> None:
        """Tell the others that this rank leaves."""
        self._say(f"{self._names[self._rank]} left the training: {why}")

    def _say(self, sentence: str) -> None:
        for line in self._lines.values():
            with suppress(OSError):  # of a process that ended
                line.sendall(sentence[:_LONGEST].encode())

    def part(self, patient: bool) -> None:
        """Wait until the others have told their users, too: an mpiexec ends all when the first ends."""
        end = time.monotonic() + _PATIENCE
        for line in self._lines.values():
            if self._rank:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                line.settimeout(None if patient else max(end - time.monotonic(), 0.01))
                while line.recv(_LONGEST):
                    pass
        self.close()

    def close(self) -> None:
        """End the lines, as nobody who died does."""
        while self._lines:
            _, line = self._lines.popitem()
            with suppress(OSError):
                line.sendall(_FAREWELL.encode())
            line.close()


def _heard(line: socket.socket) -> str | None:
    """Return what a line that is ready says, or None if it has ended."""
    try:
        return line.recv(4 * _LONGEST).decode(errors="replace") or None
    except OSError:  # reset: what died had not read all
        return None
