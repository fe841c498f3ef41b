"""OBS's own windows used with mouse and keys, as a person does (Linux).

``desk`` is the screen, ``hand`` the mouse and keys, ``windows`` what is shown, ``panel`` the rows
of a panel, ``rows`` what a person does to each kind of row, ``sitting`` a running OBS.
"""
