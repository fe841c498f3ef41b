"""OBS's own windows used with mouse and keys, as a person does (Linux).

``desk`` is the screen, ``hand`` the mouse and keys, ``windows`` what is to be seen, ``panel`` the
rows of a panel, ``rows`` what a person does to a row of each kind, ``sitting`` a running OBS.
"""
