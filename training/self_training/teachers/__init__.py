"""Networks of others that training labels are taken from; none of them is part of a model that is shipped."""
