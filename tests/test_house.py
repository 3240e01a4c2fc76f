"""The house itself: names, documentation, imports, packaging."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest

import birl

ROOT = Path(__file__).parent.parent
PACKAGES = ("birl", "birl_envs", "birl_agents")
HEAVY = ("torch", "stable_baselines3", "imitation", "seaborn", "matplotlib", "pandas", "scipy.stats")
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def module_names():
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        yield from (found.name for found in pkgutil.walk_packages(path, f"{package}."))


def loaded_by(*arguments):
    """Names in `sys.modules` after a fresh interpreter has run `python *arguments`."""
    watch = "import atexit, sys; atexit.register(lambda: print('\\nloaded', *sys.modules, file=sys.stderr))"
    run = f"{watch}; sys.argv = {list(arguments)!r}"
    if arguments[0] == "-m":
        run += f"; sys.argv = sys.argv[1:]; import runpy; runpy.run_module({arguments[1]!r}, run_name='__main__')"
    else:
        run += f"; {arguments[1]}"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rsplit("\nloaded", 1)[1].split())


# names and documentation


@pytest.mark.parametrize("name", birl.__all__)
def test_every_public_name_is_there_and_documented(name):
    found = getattr(birl, name)
    assert inspect.getdoc(found), f"birl.{name} has no docstring"


@pytest.mark.parametrize("name", list(module_names()))
def test_every_module_and_every_name_it_offers_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    for public in getattr(module, "__all__", ()):
        found = getattr(module, public)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert found.__doc__, f"{name}.{public} has no docstring"


@pytest.mark.parametrize("name", [n for n in module_names() if not n.endswith("__main__")])
def test_every_module_says_what_it_offers(name):
    assert hasattr(importlib.import_module(name), "__all__"), f"{name} has no __all__"


def test_the_names_that_are_listed_are_the_names_that_load():
    assert birl.__all__ == sorted({*birl._HOME, *birl._MODULES})
    assert set(birl.__all__) < set(dir(birl))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'birl' has no attribute 'scores'"):
        birl.scores  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_is_that_of_the_installed_package():
    assert birl.__version__ == PROJECT["project"]["version"]


def test_the_function_score_is_not_hidden_by_its_module():
    importlib.import_module("birl.score")
    assert not isinstance(birl.score, ModuleType)
    assert callable(birl.score)


# what imports cost


def test_importing_the_library_loads_nothing_heavy():
    assert not loaded_by("-c", "import birl") & {"numpy", "scipy", *HEAVY}


def test_functions_that_use_the_library_go_to_other_processes():
    import cloudpickle  # what joblib, Ray and Dask send functions with

    names = {"birl": birl}
    exec("def version():\n    return birl.__version__", names)
    assert cloudpickle.loads(cloudpickle.dumps(names["version"]))() == birl.__version__


def test_a_task_needs_no_network_library():
    loaded = loaded_by("-c", "import birl; birl.Task, birl.TabularModel, birl.load_task")
    assert "birl.task" in loaded
    assert not loaded & set(HEAVY)


def test_the_help_of_the_command_line_loads_nothing_heavy():
    pytest.importorskip("birl.cli", exc_type=ModuleNotFoundError)
    assert not loaded_by("-m", "birl.cli", "--help") & {"numpy", "scipy", *HEAVY}


# the README


def code_blocks():
    return re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_code_in_the_readme_runs(tmp_path, monkeypatch):
    if not code_blocks():
        pytest.skip("the README holds no Python")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for block in code_blocks():  # one session: a block may use the names of those above it
        try:
            exec(compile(block, "README.md", "exec"), names)
        except AssertionError:
            pytest.fail(f"{block}\ncard and saved card differ in {_differing(names.get('card'))}")


def _differing(card):
    """Lines of JSON in which a card is not what it was saved as."""
    if card is None:
        return "nothing: there is no card"
    own, saved = card.to_json(), type(card).load("card.json").to_json()
    return [pair for pair in zip_longest(own.splitlines(), saved.splitlines()) if pair[0] != pair[1]][:20]


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_gives_the_two_commands(command):
    assert command in README
    assert f"\n{command.removeprefix('make ')}:" in (ROOT / "Makefile").read_text()


EXPLAINED = ("imitation", "contrib", "ray", "dask", "minigrid", "hub", "zoo")


def test_every_dependency_is_explained_in_the_readme():
    project = PROJECT["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in EXPLAINED for one in project["optional-dependencies"][extra]),
    ]
    for requirement in wanted:
        name = re.split(r"[<>=~ ]", requirement)[0]
        assert re.search(rf"`{re.escape(name)}`", README), f"README.md does not say what {name} is for"


# packaging


@pytest.mark.parametrize("stack", ["pinned", "modern"])
def test_both_stacks_fix_every_direct_dependency(stack):
    text = (ROOT / "constraints" / f"{stack}.txt").read_text()
    fixed = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    project = PROJECT["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    for requirement in [*project["dependencies"], *extras]:
        name = re.split(r"[\[<>=~ ]", requirement)[0]
        if name == project["name"]:  # an extra that takes in another
            continue
        assert name in fixed, f"constraints/{stack}.txt does not fix {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_say_that_they_are_typed(package):
    assert (Path(importlib.import_module(package).__path__[0]) / "py.typed").is_file()


@pytest.mark.parametrize("table", ["verdict_table", "method_table"])
def test_the_readmes_tables_are_made_from_the_code(table):
    import birl.report

    made = README.split(f"<!-- made by birl.report.{table}(); a test keeps it current -->\n", 1)[1]
    made = made.split("\n<!-- end -->", 1)[0]
    assert made == getattr(birl.report, table)(), f"run: python -c 'import birl.report as r; print(r.{table}())'"
