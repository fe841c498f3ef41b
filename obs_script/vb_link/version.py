"""The product's version, and the versions of OBS it is for: here and nowhere else."""

VERSION = "0.1.0"

# The OBS versions that the function declarations were checked and run against. An older one is
# refused. A newer one is used if all declared functions and fields are still there: OBS's API only
# grows, and a function that must change gets a new name, so a refusal would only cost users who
# update OBS their background.
OLDEST_OBS, NEWEST_TESTED_OBS = (29, 0), (32, 2)
