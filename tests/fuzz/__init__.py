"""Files changed at random, and what modelry makes of them."""
