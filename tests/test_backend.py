"""Which backend Keras gets when nobody, or a file that Keras itself wrote, has chosen one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import lazy_loader
import pytest

REGISTRY = Path(__file__).parents[1] / "registry"
SHOW = "import os, modelry; print(os.environ.get('KERAS_BACKEND'))"
REQUIRE = """
from modelry._backend import require_backend
try:
    require_backend()
    print("fine")
except modelry.errors.PluginError as error:
    print(error)
"""


@pytest.fixture
def run(tmp_path):
    """Run code in a Python that has only these packages, none of them real, and return what it prints.

    Of modelry's dependencies, it has the one that `import modelry` imports.
    """
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages/lazy_loader").symlink_to(Path(lazy_loader.__file__).parent)

    def run_code(code, *packages, config=None, home="home/.keras", bare=True, **variables):
        for package in packages:
            (tmp_path / "packages" / package).mkdir(parents=True)
            (tmp_path / "packages" / package / "__init__.py").touch()
        (tmp_path / home).mkdir(parents=True, exist_ok=True)
        if config is not None:
            (tmp_path / home / "keras.json").write_text(config if isinstance(config, str) else json.dumps(config))
        environment = {"HOME": str(tmp_path / "home"), "PYTHONPATH": f"{REGISTRY}{os.pathsep}{tmp_path / 'packages'}"}
        options = ["-S"] if bare else []
        done = subprocess.run(
            [sys.executable, *options, "-W", "error", "-c", code],
            env={"PATH": os.environ["PATH"]} | environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run_code


@pytest.mark.parametrize(
    ("packages", "chosen"),
    [
        (("torch", "jax"), "jax"),
        (("torch",), "torch"),
        (("tensorflow", "jax"), "None"),  # Keras takes TensorFlow by itself
        ((), "None"),
    ],
)
def test_without_a_choice_the_first_installed_one_is_taken(run, packages, chosen):
    assert run(SHOW, *packages) == chosen


@pytest.mark.parametrize(
    ("config", "chosen"),
    [
        ({"backend": "tensorflow"}, "jax"),  # what Keras writes when nobody chose
        ({"backend": "torch"}, "None"),
        ({"floatx": "float32"}, "jax"),
        ({"backend": ""}, "jax"),
        ({"backend": ["jax"]}, "jax"),
        ([], "jax"),
        ("{", "jax"),
    ],
)
def test_a_choice_in_the_configuration_counts_if_it_can_work(run, config, chosen):
    assert run(SHOW, "jax", "torch", config=config) == chosen


def test_a_configured_backend_that_is_missing_gives_way_to_tensorflow_last(run):
    assert run(SHOW, "tensorflow", config={"backend": "jax"}) == "tensorflow"


def test_the_configuration_is_looked_for_where_keras_looks(run, tmp_path):
    elsewhere = {"backend": "torch"}
    assert run(SHOW, "jax", "torch", config=elsewhere, home="other", KERAS_HOME=str(tmp_path / "other")) == "None"


def test_a_choice_in_the_environment_stands_even_if_it_cannot_work(run):
    assert run(SHOW, "jax", KERAS_BACKEND="torch") == "torch"
    assert run(SHOW, KERAS_BACKEND="") == "jax"


def test_keras_is_left_alone_once_it_is_imported(run):
    assert run("import sys; sys.modules['keras'] = sys\n" + SHOW, "jax") == "None"


def test_a_folder_that_is_no_package_is_no_backend(run, tmp_path):
    (tmp_path / "jax").mkdir()
    assert run(SHOW, "torch") == "torch"


def test_without_any_backend_the_error_is_what_to_install(run):
    missing = "Keras needs JAX, PyTorch or TensorFlow to run models, and none of them is installed. "
    assert run("import modelry" + REQUIRE) == missing + 'Run: pip install "modelry[jax]" (or [torch], or [tensorflow]).'


def test_a_chosen_backend_that_is_missing_is_named(run):
    assert run("import modelry" + REQUIRE, KERAS_BACKEND="openvino").endswith("Run: pip install openvino.")
    said = run("import modelry" + REQUIRE, "jax", KERAS_BACKEND="torch")
    assert said == (
        "KERAS_BACKEND is 'torch', but torch is not installed. "
        'Run: pip install "modelry[torch]", or set KERAS_BACKEND=jax, which is installed.'
    )


def test_a_backend_that_is_there_passes(run):
    assert run("import modelry" + REQUIRE, "torch") == "fine"
    assert run("import sys; sys.modules['keras'] = sys\nimport modelry" + REQUIRE, KERAS_BACKEND="none") == "fine"


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="Keras can run on its default here")
def test_keras_itself_runs_on_what_was_chosen_also_after_it_wrote_its_default(run, tmp_path):
    code = "import modelry, keras; print(keras.backend.backend())"
    assert run(code, bare=False) in ("jax", "torch")
    written = json.loads((tmp_path / "home" / ".keras" / "keras.json").read_text())
    assert written["backend"] == "tensorflow"
    assert run(SHOW, bare=False) in ("jax", "torch")
