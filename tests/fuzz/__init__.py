"""Files that are broken or mean harm, made from good ones: ``python -m tests.fuzz``."""
