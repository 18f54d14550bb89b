"""What Kaggle is asked where a preset is published: what is there, and to make what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.storage.kaggle.client import about, answer
from modelry.storage.kaggle.licences import kaggles_name
from modelry.storage.kaggle.refusals import Denied, is_passing
from modelry.storage.kaggle.upload import tree_of
from modelry.storage.release import MESSAGE
from modelry.storage.retries import Retrying, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelry.storage.kaggle.reference import KaggleReference
    from modelry.storage.release import Release
    from modelry.storage.time_limit import Watch


def model(api: Any, kaggle: KaggleReference, watch: Watch) -> Any:
    """Return what Kaggle tells of the model; `None` if it shows none."""
    from kagglesdk.models.types.model_api_service import ApiGetModelRequest

    request = ApiGetModelRequest()
    request.owner_slug, request.model_slug = kaggle.owner, kaggle.name
    # 403 is also what is said of a model that is not there
    return _if_there(lambda: api.get_model(request), (403, 404), watch)


def variation(api: Any, kaggle: KaggleReference, watch: Watch) -> Any:
    """Return what Kaggle tells of the variation; `None` if the model has no such."""
    from kagglesdk.models.types.model_api_service import ApiGetModelInstanceRequest

    request = about(ApiGetModelInstanceRequest(), kaggle)
    return _if_there(lambda: api.get_model_instance(request), (404,), watch)


def _if_there(ask: Callable[[], Any], absent: tuple[int, ...], watch: Watch) -> Any:
    try:
        return Retrying(is_passing, watch).call(lambda: answer(ask))
    except Exception as error:
        if status_of(error) in absent:
            return None
        raise


def make_model(api: Any, kaggle: KaggleReference, watch: Watch, *, private: bool) -> None:
    """Make a model, without variations yet."""
    from kagglesdk.models.types.model_api_service import ApiCreateModelRequest

    request = ApiCreateModelRequest()
    request.owner_slug, request.slug, request.title = kaggle.owner, kaggle.name, kaggle.name
    request.is_private = private
    _make(lambda: api.create_model(request), watch)


def make_variation(
    api: Any, kaggle: KaggleReference, tokens: Mapping[str, str], release: Release, watch: Watch
) -> None:
    """Make a variation, with the files that were sent as its first version."""
    from kagglesdk.models.types.model_api_service import (
        ApiCreateModelInstanceRequest,
        ApiCreateModelInstanceRequestBody,
        ApiGetModelInstanceRequest,
    )

    named, tree = about(ApiGetModelInstanceRequest(), kaggle), tree_of(tokens)
    request, body = ApiCreateModelInstanceRequest(), ApiCreateModelInstanceRequestBody()
    request.owner_slug, request.model_slug = named.owner_slug, named.model_slug
    body.instance_slug, body.framework = named.instance_slug, named.framework
    body.files, body.directories = tree.files, tree.directories
    if release.licence is not None:
        body.license_name = kaggles_name(release.licence)
    request.body = body
    _make(lambda: api.create_model_instance(request), watch)


def make_version(api: Any, kaggle: KaggleReference, tokens: Mapping[str, str], release: Release, watch: Watch) -> None:
    """Make another version of a variation, of the files that were sent."""
    from kagglesdk.models.types.model_api_service import (
        ApiCreateModelInstanceVersionRequest,
        ApiCreateModelInstanceVersionRequestBody,
    )

    request, body = about(ApiCreateModelInstanceVersionRequest(), kaggle), ApiCreateModelInstanceVersionRequestBody()
    tree = tree_of(tokens)
    body.version_notes = release.message or MESSAGE
    body.files, body.directories = tree.files, tree.directories
    request.body = body
    _make(lambda: api.create_model_instance_version(request), watch)


def _make(ask: Callable[[], Any], watch: Watch) -> None:
    """Call what must not be done twice: again only where Kaggle says that it has not done it."""

    def call() -> None:
        told = answer(ask)
        if told.error:
            raise Denied(told.error, told.error_code or None)

    Retrying(lambda error: status_of(error) in (429, 503), watch).call(call)
