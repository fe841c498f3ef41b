"""Models: manifests, finding them, running them."""

from __future__ import annotations

from vb_worker.errors import ManifestError, ModelError
from vb_worker.models.families.instances import Instances, InstancesModel
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model
from vb_worker.models.registry import choose_model, default_folders, find_models

__all__ = [
    "Instances",
    "InstancesModel",
    "Manifest",
    "ManifestError",
    "Model",
    "ModelError",
    "choose_model",
    "default_folders",
    "find_models",
    "open_model",
]
