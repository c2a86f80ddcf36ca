"""Files that change all at once: whatever stops a commit, the old or the new content is there."""

import os
import types

import numpy as np
import pytest

from mesopop import atomic_file, journaled_file
from mesopop.journaled_file import JournaledFile


class Crash(BaseException):
    """The process is gone: nothing that it does any more reaches the disk."""


def crashing(after):
    """A module `os` whose calls that change files fail, all of them, after some."""
    left = iter(range(after))
    shim = types.SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})

    def guarded(call, name):
        def wrapped(*arguments):
            if next(left, None) is None:
                if name == "write":
                    # Half of it may have arrived.
                    descriptor, data = arguments
                    call(descriptor, bytes(data)[: len(data) // 2])
                raise Crash
            return call(*arguments)

        return wrapped

    for name in ("write", "fsync", "replace"):
        setattr(shim, name, guarded(getattr(os, name), name))
    return shim


def content(path):
    file = JournaledFile(path, create=False)
    try:
        return file.read()
    finally:
        file.close()


def put(file, offset, data):
    file.seek(offset)
    file.write(data)


def test_it_reads_and_writes_like_a_file(tmp_path):
    rng = np.random.default_rng(2)
    file = JournaledFile(tmp_path / "a", create=True)
    expected = bytearray()
    for number in range(300):
        offset, size = int(rng.integers(0, 30_000)), int(rng.integers(0, 9000))
        data = rng.bytes(size)
        put(file, offset, data)
        if size:
            expected.extend(bytes(max(0, offset + size - len(expected))))
            expected[offset : offset + size] = data
        if number % 37 == 0:
            file.commit()
            assert file.pending == 0
            assert (tmp_path / "a").read_bytes() == expected
    file.seek(0)
    assert file.read() == expected
    assert file.seek(-5, os.SEEK_END) == len(expected) - 5
    assert file.read(100) == expected[-5:]
    file.commit()
    file.close()
    assert content(tmp_path / "a") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_without_a_commit_nothing_changes(tmp_path):
    file = JournaledFile(tmp_path / "a", create=True)
    put(file, 0, b"old" * 5000)
    file.commit()
    put(file, 4000, b"new" * 9000)
    assert file.pending > 0
    file.close()
    assert (tmp_path / "a").read_bytes() == b"old" * 5000


def test_a_crash_at_any_moment_leaves_old_or_new(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    old = rng.bytes(50_000)
    seen = set()
    for after in range(40):
        path = tmp_path / str(after)
        file = JournaledFile(path, create=True)
        put(file, 0, old)
        file.commit()
        new = bytearray(old + bytes(20_000))
        for offset in (10, 9000, 30_000, 48_000, 60_000):
            data = rng.bytes(9000)
            put(file, offset, data)
            new[offset : offset + 9000] = data
        new = bytes(new[:69_000])
        with monkeypatch.context() as patch:
            patch.setattr(journaled_file, "os", crashing(after))
            patch.setattr(atomic_file, "os", journaled_file.os)
            try:
                file.commit()
                seen.add("committed")
            except Crash:
                pass
        file.close()
        found = content(path)
        # What lies beyond the old end means nothing to what refers to the old content.
        state = "new" if found == new else "old"
        assert state == "new" or found[: len(old)] == old
        seen.add(state)
    assert seen == {"old", "new", "committed"}


def test_a_damaged_journal_is_refused(tmp_path):
    path = tmp_path / "a"
    file = JournaledFile(path, create=True)
    put(file, 0, b"old")
    file.commit()
    file.close()
    (tmp_path / ".a.journal").write_bytes(b"mesopop journal 1\n" + bytes(50))
    with pytest.raises(ValueError, match="a.journal is damaged"):
        JournaledFile(path, create=False)
    # A new file has no use for it.
    JournaledFile(path, create=True).close()
    assert path.read_bytes() == b""
