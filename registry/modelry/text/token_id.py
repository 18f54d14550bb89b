"""Ids of tokens with a role, as attributes of a tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelry.text.tokenizer import Tokenizer


class TokenId:
    """An attribute of a tokenizer's class that is the id of one of its tokens.

    ```python
    class AcmeTokenizer(Tokenizer):
        start_token_id = TokenId("<s>")
    ```

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self.token = token

    def __get__(self, tokenizer: Tokenizer, owner: type[Tokenizer]) -> int:
        """Return the id that the token has in a tokenizer."""
        return tokenizer.token_to_id(self.token)
