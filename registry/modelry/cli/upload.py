"""`modelry upload`: a preset's folder to a hub or a store."""

from __future__ import annotations

from typing import Annotated

import typer

from modelry.cli.output import write_line
from modelry.errors import InputError


def upload(
    preset_dir: Annotated[str, typer.Argument(metavar="PRESET_DIR", help="The folder of the preset.")],
    uri: Annotated[str, typer.Argument(metavar="URI", help="Where to, such as hf://owner/name or s3://bucket/folder.")],
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Who may see a repository that is made.")
    ] = None,
    revision: Annotated[str | None, typer.Option(metavar="BRANCH", help="The branch to publish to.")] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="What the history says of this version.")] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A figure for the model card; may be repeated.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", metavar="LICENCE", help="For the model card.")
    ] = None,
) -> None:
    """Publish a preset, and print the reference that opens it.

    Tokens and credentials are taken from where the store's own tools keep them, such as HF_TOKEN or AWS_PROFILE.
    """
    from modelry.presets.write import upload_preset

    metrics = dict(_metric(text) for text in metric or ())
    write_line(
        upload_preset(
            uri,
            preset_dir,
            private=private,
            revision=revision,
            commit_message=message,
            metrics=metrics,
            licence=licence,
        )
    )


def _metric(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise InputError(f"--metric takes a name and a number, as in --metric accuracy=0.91, not {text!r}.") from None
