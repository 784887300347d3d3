"""LIP_SSL, the parsing network of SS-JPPNet's authors."""
