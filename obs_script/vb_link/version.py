"""The product's version, and the versions of OBS it is for: here and nowhere else."""

VERSION = "0.1.0"

# The versions of OBS that the declarations of its functions were checked and run against. An older
# one is refused. A newer one is used if all that is declared is there and where it was: OBS adds to
# its interface and gives a function that must change a new name, so that a refusal would only take
# the background from a user who updates OBS.
OLDEST_OBS, NEWEST_TESTED_OBS = (29, 0), (32, 2)
