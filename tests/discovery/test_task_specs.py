"""Tasks are registered, found and refused like every other kind of component."""

from __future__ import annotations

import pytest

TASKS = {
    "acme_tags": "class Spec:\n    name = 'token_classifier'\n",
    "acme_next": "class Spec:\n    API = 2\n",
    "acme_odd": "class Spec:\n    API = 'one'\n",
    "acme_gone": "import surely_not_there\n",
    "other_tags": "class Spec: pass\n",
}
FIND = """
    import modelry
    try:
        print(modelry.registry.load("task_specs", {name!r}))
    except modelry.errors.PluginError as error:
        print(type(error).__name__, error)
"""


@pytest.fixture
def tasks(tmp_path):
    """A folder in which these distributions are installed, each with a task."""

    def install(**names):
        for module, name in names.items():
            info = tmp_path / f"{module}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[modelry.task_specs]\n{name} = {module}:Spec\n")
            (tmp_path / f"{module}.py").write_text(TASKS[module])
        return tmp_path

    return install


def test_an_installed_task_is_listed_and_loaded_without_keras(run, tasks):
    output = run(
        """
        import sys, modelry
        registry = modelry.registry
        print("token_classifier" in registry.names("task_specs"), registry.find("task_specs", "token_classifier").owner)
        print(registry.load("task_specs", "acme-tags:token_classifier").name, "keras" in sys.modules)
        print(hasattr(modelry.models, "Spec"))
        """,
        tasks(acme_tags="token_classifier"),
    )
    assert output.splitlines() == ["True acme-tags 1.0", "token_classifier False", "False"]


@pytest.mark.parametrize(
    ("names", "name", "message"),
    [
        (
            {},
            "summarizer",
            "UnknownComponent No installed plugin registers a task 'summarizer'. Installed: none.",
        ),
        (
            {"acme_tags": "token_classifier"},
            "token_clasifier",
            "UnknownComponent No installed plugin registers a task 'token_clasifier'. Did you mean 'token_classifier'?",
        ),
        (
            {},
            "modelry-embeddings:text_embedder",
            "UnknownComponent Task 'text_embedder' comes from modelry-embeddings, which is not installed. "
            "Run: pip install modelry-embeddings",
        ),
        (
            {"acme_tags": "tags", "other_tags": "tags"},
            "tags",
            "AmbiguousName The task 'tags' is registered by acme-tags 1.0 (acme_tags:Spec) and other-tags 1.0 "
            "(other_tags:Spec). Write 'acme-tags:tags' or 'other-tags:tags'",
        ),
        (
            {"acme_gone": "tags"},
            "tags",
            "BrokenPlugin acme-gone 1.0 registers the task 'tags', but importing 'acme_gone:Spec' fails with "
            "ModuleNotFoundError: No module named 'surely_not_there'. Install its dependency surely_not_there, or "
            "reinstall it: pip install --upgrade acme-gone",
        ),
        (
            {"acme_next": "tags"},
            "tags",
            "IncompatiblePlugin acme-next 1.0 is written for plugin API 2, and this modelry 0.1.0 has API 1. "
            "Run: pip install --upgrade modelry",
        ),
        (
            {"acme_odd": "tags"},
            "tags",
            "BrokenPlugin acme-odd 1.0 registers the task 'tags', but its API must be an int, the number of the plugin "
            "API that it was written for, not 'one'. Tell its author, or remove acme-odd.",
        ),
    ],
)
def test_a_task_that_cannot_be_used_says_why_and_what_to_do(run, core, tasks, names, name, message):
    output = run(FIND.format(name=name), tasks(**names), core)
    if "Installed: none." in message:  # modelry's own tasks are listed there
        message = message.removesuffix(" none.")
    assert output.startswith(message)


def test_a_blocked_task_says_so(run, tasks):
    site = tasks(acme_tags="token_classifier")
    output = run(FIND.format(name="token_classifier"), site, MODELRY_PLUGINS="-acme-tags")
    assert output == (
        "UnknownComponent The task 'token_classifier' comes from acme-tags 1.0, which MODELRY_PLUGINS='-acme-tags' "
        "keeps out. Change that variable to use it."
    )


def test_a_plugin_may_know_what_to_install_for_a_task(run, tmp_path, tasks):
    site = tasks(acme_tags="token_classifier")
    hooks = tmp_path / "acme_hints-1.0.dist-info"
    hooks.mkdir()
    (hooks / "entry_points.txt").write_text("[modelry.plugin]\nhints = acme_hints\n")
    (tmp_path / "acme_hints.py").write_text(
        "from modelry.plugin import hookimpl\n\n@hookimpl\ndef modelry_install_hint(kind, name):\n"
        "    return 'acme-ner>=2' if (kind, name) == ('task_specs', 'ner') else None\n"
    )
    assert 'Run: pip install "acme-ner>=2"' in run(FIND.format(name="ner"), site)
