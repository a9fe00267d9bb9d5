"""Writing never leaves half a file behind, whatever happens meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from firth.errors import OutputError
from firth.files import replacing, replacing_folder


def write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def fail_after(path: Path, error: BaseException) -> None:
    path.write_text("half")
    raise error


class TestReplacing:
    def test_the_old_content_stays_until_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("old")
        with replacing(path) as temporary:
            assert temporary.parent == tmp_path
            temporary.write_text("new")
            assert path.read_text() == "old"
        assert path.read_text() == "new"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), SystemExit(3)])
    def test_an_error_comes_through_and_leaves_the_old_file(
        self, tmp_path: Path, error: BaseException
    ) -> None:
        path = tmp_path / "file"
        path.write_text("old")
        with pytest.raises(type(error)) as caught, replacing(path) as temporary:
            fail_after(temporary, error)
        assert caught.value is error
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_an_output_error_is_not_wrapped_in_another(self, tmp_path: Path) -> None:
        error = OutputError("mine")
        with pytest.raises(OutputError) as caught, replacing(tmp_path / "file"):
            raise error
        assert caught.value is error

    def test_the_mode_is_what_umask_leaves(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            write(tmp_path / "file", "text")
            with replacing_folder(tmp_path / "folder") as folder:
                (folder / "inside").write_text("text")
            assert os.umask(0o027) == 0o027
        finally:
            os.umask(before)
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
        assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
        assert (tmp_path / "folder" / "inside").stat().st_mode & 0o777 == 0o640

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        target, link = tmp_path / "real" / "file", tmp_path / "link"
        link.symlink_to(target)
        for text in ("made", "replaced"):
            write(link, text)
            assert link.is_symlink()
            assert target.read_text() == text
        assert list((tmp_path / "real").iterdir()) == [target]

    def test_what_is_no_file_is_not_replaced(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, tmp_path, Path("/dev/null")):
            with pytest.raises(OutputError, match="not an ordinary file"):
                write(path, "text")
        assert pipe.is_fifo()
        assert list(tmp_path.iterdir()) == [pipe]

    @pytest.mark.parametrize("name", ["none/file", "file/inside", "x" * 300, "null\0byte"])
    def test_places_that_cannot_be_written(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("a file is no folder")
        with pytest.raises(OutputError, match="cannot write") as caught:
            write(tmp_path / name, "text")
        assert "\n" not in str(caught.value)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_threads_that_write_one_file_leave_one_of_their_texts(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        threads = [threading.Thread(target=write, args=(path, str(i) * 100_000)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        text = path.read_text()
        assert text == text[0] * 100_000
        assert list(tmp_path.iterdir()) == [path]


class TestReplacingFolder:
    def test_a_new_folder_and_its_parents(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "b"
        with replacing_folder(path) as temporary:
            (temporary / "file").write_text("text")
            assert not path.exists()
        assert (path / "file").read_text() == "text"
        assert list(path.parent.iterdir()) == [path]

    def test_an_empty_folder_may_be_there(self, tmp_path: Path) -> None:
        path = tmp_path / "empty"
        path.mkdir()
        with replacing_folder(path) as temporary:
            (temporary / "file").write_text("text")
        assert (path / "file").read_text() == "text"
        assert list(tmp_path.iterdir()) == [path]

    def test_what_is_there_is_refused_before_anything_is_done(self, tmp_path: Path) -> None:
        path = tmp_path / "full"
        path.mkdir()
        (path / "file").write_text("old")
        for taken in (path, path / "file"):
            with pytest.raises(OutputError, match="it exists already"), replacing_folder(taken):
                pytest.fail("the block must not run")
        assert (path / "file").read_text() == "old"

    def test_overwriting_replaces_the_whole_folder(self, tmp_path: Path) -> None:
        path = tmp_path / "folder"
        path.mkdir()
        (path / "old").write_text("old")
        with replacing_folder(path, overwrite=True) as temporary:
            (temporary / "new").write_text("new")
            assert (path / "old").read_text() == "old"
        assert [file.name for file in path.iterdir()] == ["new"]
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt()])
    def test_an_error_leaves_the_old_folder(self, tmp_path: Path, error: BaseException) -> None:
        path = tmp_path / "folder"
        path.mkdir()
        (path / "old").write_text("old")
        with pytest.raises(type(error)) as caught, replacing_folder(path, overwrite=True) as temporary:
            fail_after(temporary / "new", error)
        assert caught.value is error
        assert (path / "old").read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
    def test_a_failure_to_rename_puts_the_old_folder_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        path = tmp_path / "folder"
        path.mkdir()
        (path / "old").write_text("old")
        rename = Path.rename

        def failing(self: Path, target: Path) -> Path:
            if self.name.endswith(".part"):
                raise error
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", failing)
        expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
        with pytest.raises(expected), replacing_folder(path, overwrite=True) as temporary:
            (temporary / "new").write_text("new")
        assert [file.name for file in path.iterdir()] == ["old"]
        assert list(tmp_path.iterdir()) == [path]

    def test_a_link_to_a_folder_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        with replacing_folder(tmp_path / "link", overwrite=True) as temporary:
            (temporary / "file").write_text("text")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real" / "file").read_text() == "text"

    def test_a_parent_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("text")
        with pytest.raises(OutputError, match="cannot write"), replacing_folder(tmp_path / "file" / "folder"):
            pytest.fail("the block must not run")


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from firth.errors import OutputError
from firth.files import replacing, replacing_folder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
place = Path(sys.argv[1])
for context in (replacing(place / "file"), replacing_folder(place / "folder", overwrite=True)):
    try:
        with context as temporary:
            (temporary / "inside" if temporary.is_dir() else temporary).write_bytes(b"x" * 200_000)
    except OutputError as error:
        print(error)
    else:
        sys.exit("nothing was refused")
"""


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_text("old")
    done = subprocess.run([sys.executable, "-c", _FULL_DISK, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all("no space is left" in line and "is unchanged" in line for line in lines)
    assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "folder" / "inside").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}
