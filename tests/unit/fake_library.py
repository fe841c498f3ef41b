"""The small OBS of ``fake_obspython`` as it is called through ctypes: sources are numbers."""

from __future__ import annotations

from tests.unit import fake_obspython as fake
from vb_script import libobs


class Library:
    """The same OBS, as it is called through ctypes: sources are numbers."""

    def obs_data_create_from_json(self, text: bytes) -> fake.Handle | None:
        return fake.obs_data_create_from_json(text.decode())

    def obs_data_release(self, data: fake.Handle) -> None:
        fake.obs_data_release(data)

    def obs_source_create(self, kind: bytes, name: bytes, data: fake.Handle, _hotkeys: None) -> int:
        return int(fake.obs_source_create(kind.decode(), name.decode(), data, None))

    def obs_source_release(self, number: int) -> None:
        fake.obs_source_release(fake.numbered[number])

    def obs_source_filter_add(self, source: int, filter_: int) -> None:
        fake.obs_source_filter_add(fake.numbered[source], fake.numbered[filter_])

    def obs_source_filter_remove(self, source: int, filter_: int) -> None:
        fake.obs_source_filter_remove(fake.numbered[source], fake.numbered[filter_])

    def obs_source_filter_set_order(self, source: int, filter_: int, order: int) -> None:
        # The last filter of the list is the last to be applied; OBS's "up" is towards the camera.
        filters, moved = fake.numbered[source].filters, fake.numbered[filter_]
        index = filters.index(moved)
        filters.remove(moved)
        filters.insert(max(index - 1, 0) if order == libobs.ORDER_UP else len(filters), moved)

    def obs_source_filter_count(self, source: int) -> int:
        return len(fake.numbered[source].filters)

    def obs_source_get_name(self, number: int) -> bytes:
        return fake.numbered[number].name.encode()

    def obs_filter_get_target(self, number: int) -> int | None:
        filter_ = fake.numbered[number]
        for parent in (*fake.world.inputs, *fake.world.scenes):
            if filter_ in parent.filters:
                chain = [parent, *parent.filters]
                return int(chain[chain.index(filter_) - 1])
        return None
