"""Ways of getting an answer for a whole photo from a network, by the project that published them."""
