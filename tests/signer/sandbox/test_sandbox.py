"""What the sandbox promises, tried from inside by jobs that do not mean well."""

import io
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from boxed_jobs import BOXED, LIMITS, MISSING, Ask, Colour, Inner, Told

from signer.errors import LimitExceededError, PdfRejectedError, SandboxError, SignerError
from signer.sandbox import Sandbox


@pytest.fixture(scope="module")
def box():
    with Sandbox(children=2) as sandbox:
        yield sandbox


def run(sandbox, what, *, pdf=b"%PDF-", number=0.0, output=None, **limits):
    allowed = replace(LIMITS, **limits)
    return sandbox.run(BOXED, Ask(what=what, number=number), pdf=pdf, output=output, limits=allowed)


def children_of(pid):
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
    except FileNotFoundError:
        return True


# -- what an honest job gets


def test_every_type_of_value_crosses_the_wall_unchanged(box):
    inner = Inner(
        blob=bytes(range(256)),
        when=datetime(2026, 11, 21, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=7))),
        day=date(2024, 2, 29),
        colours=frozenset(Colour),
    )
    ask = Ask(what="echo", number=-0.1, inner=(inner, replace(inner, when=None, blob=b"")))
    told = box.run(BOXED, ask, pdf="nội dung".encode())
    assert told == Told(text="echo", blob="nội dung".encode(), ask=ask)


def test_input_may_be_bytes_a_path_a_file_or_a_stream_and_its_position_stays(box, tmp_path):
    path = tmp_path / "đơn.pdf"
    path.write_bytes(b"0123456789" * 100_000)
    with path.open("rb") as file:
        file.seek(7)
        stream = io.BytesIO(path.read_bytes())
        stream.seek(7)
        for pdf in (path.read_bytes(), path, file, stream):
            assert len(run(box, "echo", pdf=pdf, result_bytes=2 << 20).blob) == 1_000_000
        assert file.read(3) == b"789"


def test_output_goes_to_a_file_or_a_stream_that_is_emptied_first(box, tmp_path):
    with (tmp_path / "out.pdf").open("w+b") as file:
        file.write(b"old" * 100_000)
        for output in (file, io.BytesIO(b"old" * 100_000)):
            run(box, "output", number=2, output=output)
            output.seek(0)
            assert output.read() == b"x" * (2 << 16)


def test_no_job_sees_what_another_left_behind(box):
    assert [run(box, "state").text for _ in range(3)] == ["1", "1", "1"]


def test_two_hundred_jobs_from_eight_threads_each_get_their_own_answer(box):
    answers = {}

    def work(thread):
        for n in range(25):
            mark = f"{thread}/{n}".encode()
            answers[mark] = run(box, "echo", pdf=mark).blob

    threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    assert all(mark == blob for mark, blob in answers.items())


def test_callers_are_served_in_order_of_arrival():
    served = []
    with Sandbox(children=1) as sandbox:
        sandbox.warm()

        def work(name):
            run(sandbox, "sleep", number=0.02)
            served.append(name)

        threads = []
        for name in range(6):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            until(lambda n=name: len(sandbox._places._waiting) >= n - len(served))
        for thread in threads:
            thread.join()
    assert served == sorted(served)


# -- limits


@pytest.mark.parametrize(
    ("what", "limits", "named"),
    [
        ("busy", {"cpu": 1}, "cpu"),
        ("busy", {"wall": 0.3}, "wall"),
        ("sleep", {"wall": 0.3}, "wall"),
        ("swell", {}, "memory"),
        ("swell in C", {}, "crash"),
        ("deep", {}, "depth"),
        ("deep in C", {}, "depth"),
        ("segfault", {}, "crash"),
        ("killed", {}, "crash"),
        ("giant", {}, "result"),
    ],
)
def test_a_job_that_goes_over_a_limit_is_ended_and_the_limit_named(box, what, limits, named):
    with pytest.raises(LimitExceededError) as caught:
        run(box, what, number=60.0, **limits)
    assert caught.value.limit == named
    assert caught.value.vi
    assert run(box, "echo", pdf=b"still alive").blob == b"still alive"


def test_an_output_above_its_limit_is_refused_and_the_file_stays_below_it(box):
    output = io.BytesIO()
    with pytest.raises(LimitExceededError) as caught:
        run(box, "output", number=100, output=output)
    assert caught.value.limit == "output"
    with pytest.raises(LimitExceededError):
        run(box, "output", number=1, output=output, output_bytes=0)


def test_memory_above_the_limit_never_becomes_resident(box):
    # The kernel counts the greatest resident size of ended children, in KiB.
    with pytest.raises(LimitExceededError):
        run(box, "swell", address_space=400 << 20)
    peak = max(
        int(line.split()[1]) << 10
        for line in Path(f"/proc/{box._zygote.process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    assert peak < 400 << 20


# -- attacks


@pytest.mark.parametrize(
    "attack",
    [
        "fork",
        "exec",
        "tcp",
        "udp",
        "unix",
        "write a file",
        "remove a file",
        "kill the zygote",
        "kill everything",
        "hide memory",
        "raise the limits",
        "write the input",
        "reopen the input",
    ],
)
def test_a_job_cannot(box, attack):
    if box.isolation()["processes"] == "none":
        pytest.skip("this machine has no system call filter; doctor says so")
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = run(box, attack, number=server.getsockname()[1])
    assert told.text.startswith("refused"), told.text
    assert run(box, "echo", pdf=b"still alive").blob == b"still alive"


def test_not_even_c_code_gets_a_second_process(box):
    if box.isolation()["processes"] == "none":
        pytest.skip("this machine has no system call filter; doctor says so")
    assert run(box, "vfork by libc").text == "worked -1"


@pytest.mark.parametrize("attack", ["read a secret", "read the parent"])
def test_a_job_reads_nothing_but_code_and_fonts(box, attack):
    if box.isolation()["files_read"] == "none":
        pytest.skip("this machine has no Landlock; doctor says so")
    assert run(box, attack).text.startswith("refused")


def test_a_job_holds_its_own_descriptors_and_no_others(box):
    sleeping = threading.Thread(target=run, args=(box, "sleep"), kwargs={"number": 0.3})
    sleeping.start()
    assert run(box, "descriptors").text == "0 1 2 3 4"
    assert run(box, "descriptors", output=io.BytesIO()).text == "0 1 2 3 4 5"
    sleeping.join()


def test_secrets_in_our_environment_do_not_reach_a_job():
    os.environ["ANTIN_S3_SECRET_KEY"] = "hidden"
    try:
        with Sandbox() as sandbox:
            seen = run(sandbox, "environment").text
    finally:
        del os.environ["ANTIN_S3_SECRET_KEY"]
    assert "PYTHONPATH" in seen
    assert "ANTIN" not in seen


@pytest.mark.parametrize("what", ["exit", "exit hard", "wrong type", "not even JSON"])
def test_a_job_that_leaves_without_a_proper_answer_is_our_fault_not_the_files(box, what):
    with pytest.raises(SandboxError) as caught:
        run(box, what)
    assert caught.value.retryable
    assert run(box, "echo").text == "echo"


# -- errors


def test_our_own_errors_arrive_as_themselves(box):
    with pytest.raises(PdfRejectedError) as caught:
        run(box, "rejected")
    assert (caught.value.reason, caught.value.vi, caught.value.en, str(caught.value)) == (
        "file.damaged",
        "hỏng",
        "damaged",
        "damaged",
    )
    with pytest.raises(LimitExceededError, match="too many pages") as limit:
        run(box, "limit")
    assert limit.value.limit == "pages"
    with pytest.raises(SignerError) as plain:
        run(box, "plain")
    assert type(plain.value) is SignerError


def test_an_unexpected_error_is_logged_in_full_and_shown_to_nobody(box, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(SandboxError) as caught:
        run(box, "unexpected")
    assert "ZeroDivisionError: số không" in caplog.text
    assert "boxed_jobs.py" in caplog.text
    assert "ZeroDivision" not in f"{caught.value.vi} {caught.value.en}"


def test_a_job_that_does_not_exist_is_our_fault(box, caplog):
    with pytest.raises(SandboxError):
        box.run(MISSING, Ask(what="echo"), pdf=b"")
    assert "there_is_no_such_job" in caplog.text


def test_a_missing_file_is_an_ordinary_error(box, tmp_path):
    with pytest.raises(FileNotFoundError):
        run(box, "echo", pdf=tmp_path / "none.pdf")


# -- life and death


def test_a_job_whose_zygote_is_killed_runs_again_unseen():
    output = io.BytesIO()
    told = []
    with Sandbox() as sandbox:
        first = sandbox._running().process

        def work():
            told.append(run(sandbox, "slow output", number=0.5, output=output))

        thread = threading.Thread(target=work)
        thread.start()
        until(lambda: children_of(first.pid))
        first.kill()
        thread.join()
        assert sandbox._zygote.process.pid != first.pid
    assert told[0].text == "written"
    assert output.getvalue() == b"half and half"


def test_a_job_whose_zygote_is_killed_twice_gives_up():
    failures = []
    with Sandbox() as sandbox:

        def work():
            try:
                run(sandbox, "sleep", number=15)
            except SandboxError as error:
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(2):
            until(lambda: sandbox._zygote and children_of(sandbox._zygote.process.pid))
            victim = sandbox._zygote.process
            victim.kill()
            until(lambda v=victim: gone(v.pid))
        thread.join()
        assert run(sandbox, "echo").text == "echo"
    assert len(failures) == 1


def test_a_crash_next_door_does_not_disturb(box):
    told = []
    thread = threading.Thread(target=lambda: told.append(run(box, "sleep", number=0.5)))
    thread.start()
    for what in ("segfault", "exit hard", "giant"):
        with pytest.raises(SignerError):
            run(box, what)
    thread.join()
    assert told[0].text == "slept"


def test_closing_ends_what_runs_and_leaves_no_process():
    sandbox = Sandbox()
    failures = []

    def work():
        try:
            run(sandbox, "sleep", number=60, wall=100.0)
        except SandboxError as error:
            failures.append(error)

    zygote = sandbox._running().process.pid
    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: children_of(zygote))
    (child,) = children_of(zygote)
    sandbox.close()
    thread.join()
    assert len(failures) == 1
    until(lambda: gone(zygote) and gone(child))
    with pytest.raises(SandboxError):
        run(sandbox, "echo")
    sandbox.close()


def test_ended_jobs_leave_no_zombies(box):
    for what in ("echo", "segfault", "exit hard"):
        try:
            run(box, what)
        except SignerError:
            continue
    assert children_of(box._zygote.process.pid) == []


def test_when_we_are_killed_nothing_of_ours_lives_on(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, threading\n"
        f"sys.path[:0] = {[str(Path(__file__).parent)]!r}\n"
        "from boxed_jobs import *\n"
        "from signer.sandbox import Sandbox\n"
        "box = Sandbox()\n"
        "print(box._running().process.pid, flush=True)\n"
        "box.run(BOXED, Ask(what='sleep', number=60), pdf=b'', limits=LIMITS)\n"
    )
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        zygote = parent.stdout.readline().strip()
        until(lambda: children_of(zygote))
        (child,) = children_of(zygote)
        parent.send_signal(signal.SIGKILL)
    until(lambda: gone(zygote) and gone(child))


def test_a_thread_that_started_the_zygote_may_end_without_taking_it_along():
    with Sandbox() as sandbox:
        thread = threading.Thread(target=sandbox.warm)
        thread.start()
        thread.join()
        zygote = sandbox._zygote.process.pid
        assert run(sandbox, "echo").text == "echo"
        assert sandbox._zygote.process.pid == zygote


def test_what_doctor_is_told_is_what_was_tried(box):
    walls = box.isolation()
    assert set(walls) == {"network", "limits", "processes", "files_written", "files_read"}
    if os.geteuid() == 0 and os.uname().machine == "x86_64":
        assert "none" not in walls.values()


def test_where_there_is_no_filter_python_itself_is_closed():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "from signer import confinement\nimport os, socket\nconfinement.guard_python()\n"
                "for call in (socket.socket, os.fork, lambda: os.system('true')):\n"
                "    try: call()\n    except PermissionError: print('refused')\n"
            ),
        ],
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["refused"] * 3


def test_the_clock_of_a_job_does_not_run_while_it_waits_for_a_place():
    with Sandbox(children=1) as sandbox:
        sandbox.warm()
        told = []
        threads = [
            threading.Thread(
                target=lambda: told.append(run(sandbox, "sleep", number=0.4, wall=1.0))
            )
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(told) == 5
