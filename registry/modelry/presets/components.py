"""Components of a preset: their registered classes, their construction, and the distributions that own them."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import time
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from modelry.arguments import argument_names, check_arguments
from modelry.discovery.entry import CORE, RUNTIME, next_breaking, noun
from modelry.discovery.hook_values import PresetLoaded
from modelry.discovery.pip import install_advice, is_requirement
from modelry.discovery.registry import registry
from modelry.errors import (
    BrokenPlugin,
    InputError,
    MissingPlugin,
    ModelryError,
    PresetError,
    PresetFormatError,
    SaveError,
    UnknownComponent,
    UnsafePresetError,
    did_you_mean,
)
from modelry.storage.open import read_one_version
from modelry.storage.options import OPTIONS
from modelry.storage.paths import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from modelry.discovery.entry import Entry
    from modelry.presets.recipe import Part, Recipe
    from modelry.storage.paths import Preset

Serialized = dict[str, Any]
"""The JSON of a component."""

C = TypeVar("C", bound=type)
P = ParamSpec("P")
T = TypeVar("T")


def find_entry(recipe: Recipe, part: Part) -> Entry:
    """Return the entry that registers a part, without importing it.

    Raises:
        MissingPlugin: Nothing installed registers the name; the message has the pip command.
        AmbiguousName: Several plugins do.
    """
    try:
        return registry.find(part.kind, part.name, in_file=True)
    except UnknownComponent as error:
        reference = recipe.files.reference
        raise MissingPlugin(f"Preset {reference!r} needs the {noun(part.kind)} {part.name!r}. {error}") from error


def load_class(recipe: Recipe, part: Part, base: type[T]) -> type[T]:
    """Return the registered class of a part, which must be `base` or a subclass of it.

    Raises:
        MissingPlugin: Nothing installed registers the name; the message has the pip command.
        AmbiguousName: Several plugins do.
        BrokenPlugin: The one that does cannot be imported.
        PresetError: The class is not a `base`: the preset is of another architecture than was asked for.
    """
    found: Any = find_entry(recipe, part).load()
    if not isinstance(found, type):
        raise BrokenPlugin(f"The {noun(part.kind)} {part.name!r} is registered as {found!r}, which is not a class.")
    if not issubclass(found, base):
        raise PresetError(
            f"Preset {recipe.files.reference!r} holds a {found.__name__}, which is not a {base.__name__}. "
            f"Load it with the base class of its task, with modelry.Task, or with {found.__name__} itself."
        )
    return found


@contextlib.contextmanager
def blamed_on(what: str, overrides: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Turn exceptions other than modelry's own into one that blames the preset.

    Foreign code is called with values of any kind and size here, and may raise anything.

    Args:
        what: What is wrong then, such as `"Preset './p' has a bad BertBackbone"`.
        overrides: What the caller has said instead of the preset. An `InputError` is the caller's where there is any,
            and the preset's otherwise.

    Raises:
        PresetFormatError: Something was raised; it is the cause.
    """
    try:
        yield
    except InputError as error:
        if overrides:
            raise
        raise PresetFormatError(f"{what}: {error}") from error
    except ModelryError:
        raise
    except Exception as error:
        problem = str(error) if isinstance(error, (TypeError, ValueError)) else f"{type(error).__name__}: {error}"
        beside = f" (or is used with bad arguments: {', '.join(sorted(overrides))})" if overrides else ""
        raise PresetFormatError(f"{what}{beside}: {problem}") from error


def create(cls: type[T], config: Mapping[str, Any], overrides: Mapping[str, Any], recipe: Recipe) -> T:
    """Call a class with a preset's config and the caller's overrides, blaming the right one for a wrong argument."""
    check_given(cls, config, overrides, recipe)
    with blamed_on(f"Preset {recipe.files.reference!r} has a bad {cls.__name__}", overrides):
        return cls(**{**config, **overrides})


def check_given(cls: type, config: Mapping[str, Any], overrides: Mapping[str, Any], recipe: Recipe) -> None:
    """Check that neither a preset nor the caller sets what a class does not take.

    Raises:
        UnknownArgument: The caller does.
        PresetFormatError: The preset does.
    """
    known = argument_names(cls)
    check_arguments(overrides, (*known, *OPTIONS), f"{cls.__name__}.from_preset")
    check_known(config, known, cls, recipe)


def check_known(config: Iterable[str], known: Iterable[str], cls: type, recipe: Recipe) -> None:
    """Check that a preset sets nothing that a class does not know.

    Raises:
        PresetFormatError: It does; the message names the nearest.
    """
    known = tuple(known)
    unknown = sorted(set(config) - set(known))
    if unknown:
        raise PresetFormatError(
            f"Preset {recipe.files.reference!r} sets {', '.join(unknown)}, which {cls.__name__} does not know."
            f"{did_you_mean(unknown[0], known)} It may be from a newer version: upgrade the plugin, or report it to "
            "its author."
        )


def preset_loader(
    load: Callable[Concatenate[C, Preset, P], T],
) -> Callable[Concatenate[C, Preset, P], T]:
    """Decorate `load(cls, preset, …)`, a function that loads a preset.

    The function reads one version of the preset, and observers are notified of its result.
    """

    @functools.wraps(load)
    def load_and_announce(cls: C, preset: Preset, /, *args: P.args, **kwargs: P.kwargs) -> T:
        start = time.perf_counter()
        component = read_one_version(lambda: load(cls, preset, *args, **kwargs))
        if registry.hooks.has_observers:
            seconds = time.perf_counter() - start
            event = PresetLoaded(display_name(preset), type(component).__name__, _distributions(component), seconds)
            registry.hooks.announce(event)
        return component

    return load_and_announce


def _distributions(component: object) -> dict[str, str]:
    found = {}
    for part in _components_in(component):
        for entry in filter(None, map(registry.owner, type(part).__mro__)):
            found[entry.distribution] = entry.version
            break
    return dict(sorted(found.items()))


def _components_in(component: object) -> Iterator[object]:
    """Yield a component and those inside it."""
    yield component
    for name in ("backbone", "head", "preprocessor", "tokenizer"):
        part = getattr(component, name, None)
        if part is not None:
            yield from _components_in(part)


@attrs.frozen
class Owner:
    """Origin of a component's class.

    Attributes:
        name: The qualified name it is registered under.
        distribution: The distribution that registers it.
        version: The version of that distribution.
    """

    name: str
    distribution: str
    version: str

    @property
    def requirement(self) -> str:
        """The versions of the distribution that can load what is saved now: up to the next that may break it.

        modelry itself reads whatever an older modelry saved.
        """
        saved = Version(self.version)
        if self.distribution == CORE:
            return f"{CORE}>={saved.public}"
        return f"{self.distribution}>={saved.public},<{next_breaking(saved)}"


def owner_of(component: object) -> Owner:
    """Return the owner of a component's class, or of the nearest of its bases that a plugin registers.

    Raises:
        SaveError: No plugin registers any of them, so nobody else could load the component.
    """
    return _owner(component)[1]


def owned_class(component: T) -> type[T]:
    """Return the class that a preset's reader gets for a component; raises what `owner_of` does."""
    return _owner(component)[0]


def owner_of_class(cls: type) -> Owner:
    """Return the owner of a class, or of the nearest of its bases that a plugin registers.

    Raises:
        SaveError: No plugin registers any of them.
    """
    return _find_owner(cls)[1]


def _owner(component: T) -> tuple[type[T], Owner]:
    return _find_owner(type(component))


def _find_owner(component: type[T]) -> tuple[type[T], Owner]:
    for cls in component.__mro__:
        entry = registry.owner(cls)
        if entry is not None and entry.distribution != RUNTIME:
            return cast("type[T]", cls), Owner(entry.qualified, entry.distribution, entry.version)
    raise SaveError(
        f"{component.__name__} is not registered by any installed distribution, so a preset with it could not "
        "be loaded. Ship it in a package with an entry point (docs/plugins.md), or save with model.save('x.keras')."
    )


def serialized(component: Any, keras_hub: dict[str, Any] | None, own: dict[str, Any]) -> Serialized:
    """Return the JSON of a component.

    It names KerasHub's class where that computes the same, and modelry's otherwise. KerasHub refuses to load modelry's
    classes, so it never loads a preset that it would compute differently.

    Args:
        component: The component.
        keras_hub: Its config for the KerasHub class that computes the same; `None` if there is none.
        own: Its config for its own class.
    """
    cls = type(component)
    package, name = cls.__module__.partition(".")[0], cls.__name__
    if keras_hub is not None:
        package, name = "keras_hub", cls.keras_hub_class
    return {
        "module": cls.__module__,
        "class_name": name,
        "config": own if keras_hub is None else keras_hub,
        "registered_name": f"{package}>{name}",
    }


def check_requirements(recipe: Recipe) -> None:
    """Check that the distributions a preset was saved with are installed, in versions it accepts.

    A newer version than it accepts will do where its hook module implements `modelry_upgrade_config`.

    Raises:
        MissingPlugin: One is not; the message has the pip command.
        UnsafePresetError: A requirement says where to get a distribution.
        PresetFormatError: A requirement of the preset is malformed.
    """
    for text in recipe.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            raise PresetFormatError(
                f"Preset {recipe.files.reference!r} requires {text!r}, which pip does not understand as a requirement."
            ) from None
        if requirement.url is not None:
            raise UnsafePresetError(
                f"Preset {recipe.files.reference!r} wants {requirement.name} from {requirement.url!r}. A preset does "
                "not say where code comes from; do not install it for this preset's sake."
            )
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            found = "is not installed"
        else:
            if _accepts(requirement, installed):
                continue
            found = f"is installed in version {installed}"
        wanted = text if is_requirement(text) else _plain(requirement)
        reference = recipe.files.reference
        raise MissingPlugin(f"Preset {reference!r} needs {wanted}, which {found}. {install_advice(wanted)}")


def _plain(requirement: Requirement) -> str:
    """Return a requirement without what may stand behind it for pip, which can be any text."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _accepts(requirement: Requirement, installed: str) -> bool:
    wrong = [one for one in requirement.specifier if not one.contains(installed, prereleases=True)]
    only_too_new = all(one.operator in ("<", "<=") for one in wrong)
    return not wrong or (only_too_new and registry.hooks.upgrades_configs(requirement.name))
