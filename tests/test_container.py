"""The container: what its Dockerfile says, and the image where Docker is at hand."""

import json
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "scripts" / "Dockerfile"
IMAGE = "asyncgen-test"


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its argument, continued lines joined."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in lines)]


def said(name: str) -> list[str]:
    """The arguments of all instructions of a name."""
    return [argument for instruction, argument in instructions() if instruction == name]


def test_both_stages_begin_with_one_named_version_of_the_oldest_python() -> None:
    """That is the one which is tested."""
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    images = {argument.split()[0] for argument in said("FROM")}
    assert len(images) == 1
    assert images.pop().startswith(f"python:{oldest.removeprefix('>=')}-slim-")


def test_the_command_is_the_entry_point_and_does_not_run_as_root() -> None:
    """Signals reach it: no shell stands between."""
    names = [name for name, _ in instructions()]
    assert said("USER") == ["asyncgen"]
    assert names.index("USER") > names.index("FROM", 1)
    assert json.loads(said("ENTRYPOINT")[0]) == ["asyncgen"]
    assert json.loads(said("CMD")[0]) == ["--help"]


def test_dependencies_are_those_that_are_pinned() -> None:
    """By their hashes; the project itself brings none."""
    installs = [argument for argument in said("RUN") if "pip install" in argument]
    assert ["--require-hashes" in install for install in installs] == [True, False]
    assert all("--no-deps" in install for install in installs)


def test_what_is_copied_is_there_and_all_that_the_builder_is_given() -> None:
    """No data and no key of whoever builds it gets into an image."""
    copied = [source for line in said("COPY") if "--from=" not in line for source in line.split()[:-1]]
    rules = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text("utf-8").splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert let_in == set(copied)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert any(fnmatch("asyncgen/__pycache__", rule.replace("**", "*")) for rule in rules)


def has_docker() -> bool:
    """Whether images can be built here."""
    docker = shutil.which("docker")
    return (
        docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.timeout(900)
def test_the_image_runs_a_job(tmp_path: Path) -> None:
    """Against the simulator, and the files are those of the user who runs it."""
    if not has_docker():
        pytest.skip("no Docker daemon")
    subprocess.run(["docker", "build", "-q", "-f", str(DOCKERFILE), "-t", IMAGE, str(ROOT)], check=True)
    shutil.copy(ROOT / "configs" / "samples" / "mails.jsonl", tmp_path)
    owner = tmp_path.stat()
    box = ["docker", "run", "--rm", "--user", f"{owner.st_uid}:{owner.st_gid}", "-v", f"{tmp_path}:/data", IMAGE]
    job = ["run", "--recipe", "mails", "--input", "mails.jsonl", "--output-dir", "out", "--simulate", "fast"]
    subprocess.run([*box, *job], check=True)
    written = tmp_path / "out" / "mails.jsonl"
    assert len(written.read_bytes().splitlines()) == 10
    assert written.stat().st_uid == owner.st_uid
